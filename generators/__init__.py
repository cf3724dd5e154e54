"""Families of generators, one folder each, and the registry that finds them."""
