"""The attacker: what an outsider works out from the files of a release. Imports nothing of the code that made them."""
