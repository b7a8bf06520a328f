"""What protects vehicles: keys, pseudonyms and disclosure control. The rest of Kordon uses what is named here."""
