"""What measured numbers say about a model that is known only through its runs; knows nothing of what is simulated."""
