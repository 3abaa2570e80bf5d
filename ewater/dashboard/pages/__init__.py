"""The pages: each has ``register(app, reader)`` and a layout."""
