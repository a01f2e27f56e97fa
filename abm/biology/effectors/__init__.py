"""NK cells: movement, engagement, killing and their limits."""
