"""Tier 0: closed forms of every point of a space at once."""
