"""Tests of the hardware building blocks."""
