"""Suppliers' files: found, read line by line, parsed by their profile, and their repeats told. Used by ``s01_ingest``."""
