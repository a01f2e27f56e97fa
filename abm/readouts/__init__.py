"""Read-outs: what is concluded from what was seen, one kind of conclusion per file."""
