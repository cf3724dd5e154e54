"""Scratchpad scheduling: the order of layers, what stays on chip when, where it lies, and what DRAM sees of it."""
