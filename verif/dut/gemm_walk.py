"""Which element each beat and lane carries: the loops of a description, walked for a product of given sizes."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .gemm_tiles import AXES_OF, GemmTiles, Walk

__all__ = ["Steps", "steps"]

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Steps:
    """The walk of one matrix.

    Parameters
    ----------
    place
        For each axis the coordinate in each beat and lane, ``(beats, lanes)``; ``k_tile`` is the number of the tile.
    real
        Where there is such an element; elsewhere the lane is padding.
    last
        The flag of each beat.
    """

    place: dict[str, IntArray]
    real: NDArray[np.bool_]
    last: NDArray[np.bool_]


def steps(tiles: GemmTiles, matrix: str, sizes: Mapping[str, int]) -> Steps:
    """Walk a matrix.

    Parameters
    ----------
    tiles
        The description.
    matrix
        ``a``, ``b`` or ``c``.
    sizes
        Of the axes m, n and k.
    """
    walk = tiles.walk(matrix)
    counts = [_extent(tiles, loop, sizes) for loop in walk.loops]
    grid = np.indices(counts).reshape(len(counts), -1)
    index = {
        loop: count - 1 - at if named.startswith("-") else at
        for named, loop, count, at in zip(walk.beats, walk.loops, counts, grid, strict=True)
    }
    place: dict[str, IntArray] = {axis: _place(tiles, walk, axis, index) for axis in AXES_OF[matrix]}
    if "k_tile" in index:
        place["k_tile"] = np.broadcast_to(index["k_tile"][:, None], _shape(tiles, walk, grid.shape[1])).copy()
    real = np.ones(_shape(tiles, walk, grid.shape[1]), dtype=np.bool_)
    for axis in AXES_OF[matrix]:
        real &= place[axis] < sizes[axis]
    kept = np.ones(len(real), dtype=np.bool_)
    if tiles.edges == "cut":
        # Repetitions over an axis that the matrix does not have end at the edge as well.
        others = [axis for axis in sizes if axis in walk.loops and axis not in place]
        kept = np.logical_or.reduce(real, axis=1)
        for other in others:
            kept &= _place(tiles, walk, other, index)[:, 0] < sizes[other]
    last = _last(walk, {loop: at[kept] for loop, at in index.items()}, int(kept.sum()))
    return Steps({axis: at[kept] for axis, at in place.items()}, real[kept], last)


def _extent(tiles: GemmTiles, loop: str, sizes: Mapping[str, int]) -> int:
    """Return the iterations of a loop."""
    axis, size = loop[0], sizes[loop[0]]
    tile = tiles.tile(axis) or size
    return -(-size // tile) if loop.endswith("_tile") else tile


def _shape(tiles: GemmTiles, walk: Walk, beats: int) -> tuple[int, int]:
    """Return beats and lanes of a walk."""
    lanes = 1
    for axis in walk.lanes:
        lanes *= tiles.tile(axis) or 1
    return beats, lanes


def _place(tiles: GemmTiles, walk: Walk, axis: str, index: Mapping[str, IntArray]) -> IntArray:
    """Return an axis' coordinate in each beat and lane."""
    beats = len(next(iter(index.values()), np.zeros(1)))
    widths = [tiles.tile(name) or 1 for name in walk.lanes]
    lanes = np.indices(widths).reshape(len(widths), -1) if widths else np.zeros((0, 1), dtype=np.int64)
    place = np.zeros(_shape(tiles, walk, beats), dtype=np.int64)
    if f"{axis}_tile" in index:
        place += (index[f"{axis}_tile"] * (tiles.tile(axis) or 1))[:, None]
    if axis in index:
        place += index[axis][:, None]
    for at, name in enumerate(walk.lanes):
        if name == axis:
            place += lanes[at][None, :]
    return place


def _last(walk: Walk, index: Mapping[str, IntArray], beats: int) -> NDArray[np.bool_]:
    """Return the flag of each beat: set where a loop outside the named one goes on, and at the end."""
    last = np.zeros(beats, dtype=np.bool_)
    if walk.last is None or not beats:
        return last
    outside = [index[loop] for loop in walk.loops[: walk.loops.index(walk.last)]]
    for at in outside:
        last[:-1] |= at[1:] != at[:-1]
    last[-1] = True
    return last
