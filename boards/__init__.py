"""Boards as data, the shell around a design and the bitstream flow."""
