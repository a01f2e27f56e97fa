"""Figures and reports of what the model says to published observations."""
