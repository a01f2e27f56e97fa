"""Estimates with their intervals; knows nothing of what is counted."""
