"""One file per kind of figure of a study, and its report."""
