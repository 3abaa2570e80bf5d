"""Reconciliation of the ledger: weighted least squares, tests, bounds (METHODS 5)."""
