"""The engine: everything that knows no biology."""
