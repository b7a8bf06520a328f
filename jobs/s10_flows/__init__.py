"""Flows: exact aggregates, and the cells of each product. One table a file; they are found by what they write."""
