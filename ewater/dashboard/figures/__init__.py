"""Figures as pure functions of the answers of a reader: plain dicts, no I/O."""
