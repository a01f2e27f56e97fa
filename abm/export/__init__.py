"""A finished run in the forms that other tools open; CSV and Parquet, which any of them reads, are in its folder."""
