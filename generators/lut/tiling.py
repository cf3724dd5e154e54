"""How a product is cut into tiles, groups and steps; no hardware import."""

from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np
from numpy.typing import NDArray

from ...hdl.formats import Format
from ..batch import whole
from .params import LutParams

__all__ = ["Tiling", "group_count", "storage"]

IntArray = NDArray[np.int64]


def group_count(params: LutParams, k: int) -> int:
    """Return the groups of a reduction of `k`: those that share scales, or one."""
    return -(-k // params.group) if params.group else 1


def storage(fmt: Format) -> np.dtype[np.integer]:
    """Return the smallest NumPy type that holds the format's values: beats of weights are many."""
    for size in (8, 16, 32):
        kind = np.dtype(f"{'int' if fmt.signed else 'uint'}{size}")
        if np.iinfo(kind).min <= fmt.lo and fmt.hi <= np.iinfo(kind).max:
            return kind
    return np.dtype(np.int64)


@dataclass(frozen=True)
class Tiling:
    """Sizes of one product O[M,N] = A[M,K] x W[N,K]^T on a design.

    Parameters
    ----------
    params
        The tile's parameters.
    m, n, k
        Rows of A, rows of W, and their length.
    """

    params: LutParams
    m: int
    n: int
    k: int

    @property
    def tiles_m(self) -> int:
        """Tiles along M, the inner ones."""
        return -(-self.m // self.params.m)

    @property
    def tiles_n(self) -> int:
        """Tiles along N, the outer ones."""
        return -(-self.n // self.params.n)

    @cached_property
    def group_steps(self) -> IntArray:
        """Steps of each group: its elements, and at least as many as a sum must have."""
        group, count = self.params.group or self.k, group_count(self.params, self.k)
        lengths = [group] * (count - 1) + [self.k - group * (count - 1)]
        return np.array([self._steps_of(length) for length in lengths], dtype=np.int64)

    @cached_property
    def group_starts(self) -> IntArray:
        """First step of each group."""
        return np.cumsum(self.group_steps) - self.group_steps

    @property
    def steps(self) -> int:
        """Steps of a tile: those of all groups."""
        group, last = self.params.group or self.k, group_count(self.params, self.k) - 1
        rest = self._steps_of(self.k - group * last)
        return cast("int", whole(last * self._steps_of(group) + rest))

    def _steps_of(self, length: int) -> int:
        """Return the steps of a group of so many elements."""
        return cast("int", np.maximum(-(-length // self.params.step), self.params.least_steps))

    @property
    def beats(self) -> int:
        """Beats of `w` of a tile: all passes of its steps."""
        return self.steps * self.params.passes

    @property
    def lookups(self) -> int:
        """Beats of `w` up to the last one that ends a reduction."""
        return self.tiles_m * self.tiles_n * self.beats

    @property
    def tail(self) -> int:
        """Steps of zeros after the last one, in which the last segments finish."""
        return self.params.flush_steps

    @cached_property
    def places(self) -> IntArray:
        """Place of each element of K among the ``steps * step`` of a tile; zeros stand in the others."""
        element = np.arange(self.k, dtype=np.int64)
        group, offset = np.divmod(element, self.params.group or self.k)
        return self.group_starts[group] * self.params.step + offset

    def spread(
        self, rows: NDArray[np.integer], count: int, nothing: int, kind: np.dtype[np.integer]
    ) -> NDArray[np.integer]:
        """Return ``(count, steps * step)`` elements: those of ``(R, K)`` at their places, `nothing` elsewhere."""
        params = self.params
        if params.step * self.steps == self.k:
            padded = np.full((count, self.k), nothing, dtype=kind)
            padded[: len(rows)] = rows
            return padded
        padded = np.full((count, params.step * self.steps), nothing, dtype=kind)
        padded[: len(rows), self.places] = rows
        return padded
