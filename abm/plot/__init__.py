"""Figures and the report of one finished run, drawn from its folder alone."""
