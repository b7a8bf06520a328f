"""Plates: how they are written in each country, what a reader's twins do to them, and which country a plate is of."""
