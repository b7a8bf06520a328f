"""Commands that are too many for ``cli.py``: a module each, whose ``command`` the command line finds when it is asked for."""
