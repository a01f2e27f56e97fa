"""What can be given to a well or a patient, one kind per file; the YAML key of its amount is its kind."""
