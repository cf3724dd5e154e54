"""One page that says how far each family is verified."""
