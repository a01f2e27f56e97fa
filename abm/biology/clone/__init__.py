"""Birth, death and arrival at constant rates."""
