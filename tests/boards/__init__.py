"""Tests of the boards; a package, for the parts that they share."""
