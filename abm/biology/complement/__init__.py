"""Complement: docking events, C3b, membrane attack complexes."""
