"""Events of a flow cytometer, from FCS, CSV or Parquet, and what of them is taken: gates and beads."""
