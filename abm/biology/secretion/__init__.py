"""What B cells release into the medium."""
