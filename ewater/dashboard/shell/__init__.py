"""The frame around every page: navigation, filters, notices; it owns the state."""
