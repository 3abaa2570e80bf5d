"""Who may ask: sign-in, scope of each request, limits, and refusals in words."""
