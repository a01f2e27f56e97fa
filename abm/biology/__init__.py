"""Biology: one claim per file."""
