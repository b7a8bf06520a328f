"""The open tier."""
