"""The pipeline, one step a file, in the order of their names: s01 first."""
