"""Handwritten digits: two networks trained, quantised to int8 and run on generated hardware."""
