"""Source profiles: what a small YAML file says about the files of a source."""
