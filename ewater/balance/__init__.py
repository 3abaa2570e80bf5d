"""Ledger, totals and uncertainty: arithmetic only."""
