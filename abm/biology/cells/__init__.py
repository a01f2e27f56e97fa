"""What the cells of each population are like."""
