"""One run folder in, one out: tables, checks and provenance that any tool can read without this package."""
