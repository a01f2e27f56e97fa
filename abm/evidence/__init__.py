"""Published observations, one file per paper, and what the model says to each."""
