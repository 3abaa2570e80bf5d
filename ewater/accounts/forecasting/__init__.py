"""Forecasts of a country: read from the store, made, kept, scored and written out."""
