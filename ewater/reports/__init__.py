"""Returns of enterprises: form, ways in, workflow, cross-examination."""
