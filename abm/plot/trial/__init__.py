"""Figures and the report of a virtual trial: one file per kind of figure."""
