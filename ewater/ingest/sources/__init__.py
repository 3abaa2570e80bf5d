"""Sources that bring readings by themselves: described in YAML, run, remembered."""
