"""Cross-examination of returns: each kind of finding over all returns at once."""
