"""Grids of rain and evapotranspiration to depths and volumes of territories."""
