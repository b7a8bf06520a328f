"""The commands: ``audit_log.py`` holds ``command``, which the command line finds when ``kordon audit-log`` is asked for."""
