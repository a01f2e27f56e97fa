"""The patient: drug, clone, plasma cells, IL-6, serum IgM, albumin and viscosity in compartments."""
