"""What is kept: registry, readings, loads and runs in PostgreSQL + PostGIS."""
