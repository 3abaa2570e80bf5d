"""Monthly forecasts as equally likely futures, on arrays and without a database."""
