"""Streaming attention: online softmax between two multiplier arrays, on-chip memory independent of the sequence."""
