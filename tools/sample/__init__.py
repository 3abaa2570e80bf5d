"""Tables from which the national sample is built."""
