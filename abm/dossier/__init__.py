"""What is written of a model for those who must judge it: its description, and what speaks for it."""
