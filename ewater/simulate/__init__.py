"""A seeded country: true ledger, telemetry with faults, reports."""
