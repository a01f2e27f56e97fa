"""From a YAML file to a validated scenario and a world."""
