"""B-cell-receptor signalling through surface IgM, its inhibition by ibrutinib, and the turnover that hangs on it."""
