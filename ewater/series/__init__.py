"""Readings to volumes, curves and calendars: arithmetic only."""
