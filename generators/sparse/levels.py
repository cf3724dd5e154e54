"""Which channel, block and slot each multiplier serves at each density; no hardware import."""

from dataclasses import dataclass

from .params import SparseParams

__all__ = ["Place", "place", "row_hits"]


@dataclass(frozen=True)
class Place:
    """What a multiplier does in a step: `row` counts the channels of the step, `block` and `slot` are in the window."""

    row: int
    block: int
    slot: int


def place(params: SparseParams, level: int, multiplier: int) -> Place:
    """Return the place of a multiplier at a level."""
    row, rest = divmod(multiplier, params.group << level)
    block, slot = divmod(rest, params.least_kept << level)
    return Place(row, block, slot)


def row_hits(params: SparseParams, channel: int) -> list[tuple[int, int, int]]:
    """Return for each level the step that serves a channel of the chain, and which of the step's rows it is."""
    hits = []
    for level in range(params.levels):
        rows = params.panel_rows >> level
        hits.append((level, channel // rows, channel % rows))
    return hits
