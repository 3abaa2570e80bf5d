"""The pages an analyst opens in a browser."""
