"""Bit-true NumPy references; they import no hardware."""
