"""The pairs of preset and board that bitstreams are made of: what ``make bitstream`` does, and what is measured."""

__all__ = ["MARKED", "SMALLEST"]

SMALLEST = ("systolic-4x4-int8", "lut-small-w2a4", "sparse-small", "attention-tiny", "vector-gelu")
"""Of each family a preset that fits the smallest board, shell and all."""

MARKED: tuple[tuple[str, str], ...] = (
    *((preset, "icebreaker") for preset in SMALLEST),
    *((preset, "ulx3s-85f") for preset in SMALLEST),
    ("systolic-4x4-int8", "colorlight-i9"),
    ("lut-small-w2a4", "tang-nano-9k"),
)
"""Preset and board, the smallest boards first."""
