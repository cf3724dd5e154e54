"""Spaces of designs: the document that says what is explored, and all its points."""
