"""Editions: accounts that are sealed, signed, verified, taken away and compared."""
