"""Two runs beside one another: what was asked otherwise, by which model, and what came out otherwise."""
