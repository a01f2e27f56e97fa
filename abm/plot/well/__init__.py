"""Figures and the report of a run of wells: one file per kind of figure."""
