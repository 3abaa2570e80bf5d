"""Tables of the readings."""
