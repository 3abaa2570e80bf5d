"""Files to readings and reports: parsing, landing, publication."""
