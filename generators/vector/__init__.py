"""Streaming units for what is left of a transformer layer: softmax, norms, GELU, SiLU and rotary positions."""
