"""Alerts: rules on what is stored, followed without flapping, told to people."""
