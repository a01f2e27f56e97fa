"""A 96-well plate as a reader exports it: its wells, what is in them, and specific lysis by released label."""
