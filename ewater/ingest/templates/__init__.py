"""Workbooks that an operator fills in by hand: written, and read back by the cell."""
