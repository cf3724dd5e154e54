"""Demonstrations on real input, written as a user of the package would write them."""
