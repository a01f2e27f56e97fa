"""Studies: a scenario, or many, carried out into run folders."""
