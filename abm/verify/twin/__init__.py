"""The floor assay in plain Python, which imports nothing of the engine."""
