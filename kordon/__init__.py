"""The thin core of Kordon: settings, Spark session, lake, runs, table records, command line."""

__version__ = "0.1.0"
