"""Antibodies against CD20: what they are, how they bind and are lost."""
