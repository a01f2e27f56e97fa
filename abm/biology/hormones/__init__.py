"""DHEAS and the cytotoxic potency that follows it."""
