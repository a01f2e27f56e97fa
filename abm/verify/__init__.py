"""Whether an installation computes what it should: theory, a plain twin, exact chance, known results, half steps."""
