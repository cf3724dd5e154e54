"""How a product is cut into tiles and windows, and the order in which tiles repeat; no hardware import."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .params import SparseParams

__all__ = ["Tiling", "repeated"]

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Tiling:
    """Sizes of one product O[M,N] = A[M,K] x W[N,K]^T on a design.

    Parameters
    ----------
    params
        The chains' parameters.
    m, n, k
        Rows of A, rows of W, and their length.
    """

    params: SparseParams
    m: int
    n: int
    k: int

    @property
    def tiles_m(self) -> int:
        """Tiles along M, the inner ones."""
        return -(-self.m // self.params.rows)

    @property
    def tiles_n(self) -> int:
        """Tiles along N, the outer ones."""
        return -(-self.n // self.params.channels)

    @property
    def windows(self) -> int:
        """Windows of `length` elements along K."""
        return -(-self.k // self.params.length)

    @property
    def blocks(self) -> int:
        """Blocks of a window."""
        return self.params.length // self.params.block

    def windowed(self, rows: NDArray[np.integer], count: int, kind: type[np.integer]) -> NDArray[np.integer]:
        """Return ``(count, windows, length)`` of ``(R, K)`` rows, zeros at the ends."""
        padded = np.zeros((count, self.windows * self.params.length), dtype=kind)
        padded[: len(rows), : self.k] = rows
        return padded.reshape(count, self.windows, self.params.length)


def repeated(counts: IntArray, times: int) -> IntArray:
    """Return the places of beats that are stored once, in the order in which they are sent.

    Parameters
    ----------
    counts
        Beats of each tile of W, stored one tile after the other.
    times
        How often each tile is sent before the next one.
    """
    sizes = np.repeat(counts, times)
    shifts = np.repeat(np.cumsum(counts) - counts, times) - (np.cumsum(sizes) - sizes)
    places: IntArray = np.arange(sizes.sum(), dtype=np.int64) + np.repeat(shifts, sizes)
    return places
