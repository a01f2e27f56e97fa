"""Probes: what is read from the World while it runs."""
