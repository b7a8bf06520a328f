"""The paper of a city, generated from its ``city.toml`` and the table records, and the checks that both say what the code does."""
