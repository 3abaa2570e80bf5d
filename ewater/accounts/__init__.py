"""Reads inputs, computes the account of a country, keeps the runs."""
