"""Tables of the runs."""
