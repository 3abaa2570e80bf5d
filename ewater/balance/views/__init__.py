"""Views: declarative tables of the ledger, one engine that evaluates any of them."""
