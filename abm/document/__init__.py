"""YAML files read, extended, overridden, validated and written; faults with their place. Knows no biology."""
