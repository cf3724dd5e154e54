"""Weights as panels: which windows of a tile are sent, how dense, and what each multiplier takes in each step."""

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from .params import SparseParams
from .tiling import Tiling
from .weights import Weights

__all__ = ["Panels", "Steps", "multiplier_order", "slot_order"]

IntArray = NDArray[np.int64]
Codes = NDArray[np.int8]


@dataclass(frozen=True)
class Panels:
    """The panels that are sent of one pass over W, tile after tile, in each along K.

    Parameters
    ----------
    params
        The chains' parameters.
    tile, window
        ``(panels,)``: where each belongs.
    kept
        ``(panels,)``: 0 for an empty one, which stands for a tile without any weight; else N is ``params.kept[kept]``.
    """

    params: SparseParams
    tile: IntArray
    window: IntArray
    kept: IntArray

    @classmethod
    def of(cls, params: SparseParams, crowd: IntArray) -> "Panels":
        """Return the panels of windows whose most crowded blocks hold ``(tiles, windows)`` weights."""
        kept = np.searchsorted(np.array(params.kept), crowd)
        sent = kept > 0
        sent[:, 0] |= ~sent.any(axis=1)
        tile, window = np.nonzero(sent)
        return cls(params, tile, window, kept[sent])

    @property
    def steps(self) -> IntArray:
        """Steps with weights of each panel: none of an empty one."""
        return np.where(self.kept > 0, 1 << np.maximum(self.kept - 1, 0), 0)

    @property
    def indexed(self) -> NDArray[np.bool_]:
        """Whether the steps of each panel have indices: where all is kept, a slot is a place."""
        return (self.kept > 0) & (self.kept < self.params.levels)

    @property
    def last(self) -> NDArray[np.bool_]:
        """Whether each is its tile's last."""
        ends: NDArray[np.bool_] = np.diff(self.tile, append=-1) != 0
        return ends

    def rescales(self, group: int) -> NDArray[np.bool_]:
        """Whether each is the first of its tile and of a group of K that shares scales, and has weights to scale."""
        groups = self.window * self.params.length // group
        changes = (np.diff(self.tile, prepend=-1) != 0) | (np.diff(groups, prepend=-1) != 0)
        first: NDArray[np.bool_] = changes & (self.kept > 0)
        return first

    def per_tile(self, counts: NDArray[np.integer] | NDArray[np.bool_]) -> IntArray:
        """Return the sum over each tile's panels of what is counted."""
        return np.bincount(self.tile, weights=counts).astype(np.int64)


def multiplier_order(params: SparseParams, level: int, slots: NDArray[np.integer]) -> NDArray[np.integer]:
    """Bring the slots of panels of one level into the order of their steps and multipliers.

    In step c the multipliers of a chain serve its channels ``c * rows`` to ``(c + 1) * rows - 1``, where `rows` is
    ``panel_rows >> level``, each channel's blocks and slots side by side.

    Parameters
    ----------
    params
        The chains' parameters.
    level
        The panels' level, 0 for the least N.
    slots
        ``(panels, chains, panel_rows, blocks, N)``.

    Returns
    -------
    numpy.ndarray
        ``(panels, steps, chains * length)``.
    """
    cut = slots.reshape(len(slots), params.chains, 1 << level, params.length).transpose(0, 2, 1, 3)
    return cut.reshape(len(slots), 1 << level, params.chains * params.length)


def slot_order(params: SparseParams, level: int, steps: NDArray[np.integer]) -> NDArray[np.integer]:
    """Undo `multiplier_order`, given the steps of all panels of that level, ``(panels * steps, chains * length)``."""
    panels = len(steps) >> level
    cut = steps.reshape(panels, 1 << level, params.chains, params.length).transpose(0, 2, 1, 3)
    blocks = params.length // params.block
    return cut.reshape(panels, params.chains, params.panel_rows, blocks, params.least_kept << level)


@dataclass(frozen=True)
class Steps:
    """What every multiplier takes in every step of one pass over W.

    Parameters
    ----------
    panels
        The panels, to which the steps belong one after the other.
    codes
        ``(steps, chains * length)`` weights of `carried_format`.
    index
        ``(indexed steps, chains * length)`` uint8 places in the block.
    """

    panels: Panels
    codes: Codes
    index: NDArray[np.uint8]

    @classmethod
    def of(cls, tiling: Tiling, weights: Weights) -> "Steps":
        """Return the steps of a matrix of weights."""
        params = tiling.params
        codes, zero = _blocks(tiling, weights)
        kept = codes != zero
        crowd = kept.sum(axis=-1, dtype=np.int64).max(axis=(1, 2, 4))
        panels = Panels.of(params, crowd)
        slots, places = _slots(codes, zero, kept)
        lanes = params.chains * params.length
        counts = panels.steps
        made = cls(
            panels,
            np.empty((counts.sum(), lanes), dtype=np.int8),
            np.empty((counts[panels.indexed].sum(), lanes), dtype=np.uint8),
        )
        for level in range(params.levels):
            dense = level + 1 == params.levels
            made._fill(level, codes if dense else slots, None if dense else places)
        return made

    def _fill(self, level: int, values: Codes, places: NDArray[np.uint8] | None) -> None:
        """Lay out the panels of one level."""
        panels = self.panels
        chosen = panels.kept == level + 1
        which = (panels.tile[chosen], slice(None), slice(None), panels.window[chosen])
        n = panels.params.kept[level + 1]
        self.codes[_targets(panels.steps, chosen, level)] = multiplier_order(
            panels.params, level, values[which][..., :n]
        )
        if places is not None:
            counts = panels.steps * panels.indexed
            self.index[_targets(counts, chosen, level)] = multiplier_order(panels.params, level, places[which][..., :n])


def _targets(counts: IntArray, chosen: NDArray[np.bool_], level: int) -> IntArray:
    """Return the places of the chosen panels' steps, ``(chosen, steps)``, among all; they are of that level."""
    starts = (np.cumsum(counts) - counts)[chosen]
    return cast("IntArray", starts[:, np.newaxis] + np.arange(1 << level))


def _blocks(tiling: Tiling, weights: Weights) -> tuple[Codes, Codes]:
    """Return the padded weights, ``(tiles, chains, panel_rows, windows, blocks, block)``, and the codes of zero there.

    What is added along K has the code of zero; the latter has one block of one element for each window.
    """
    params = tiling.params
    count = tiling.tiles_n * params.channels
    shape = (tiling.tiles_n, params.chains, params.panel_rows, tiling.windows)
    zero = weights.spread(count, params.length)
    codes = tiling.windowed(weights.codes, count, np.int8).astype(np.int8, copy=False)
    rest = tiling.k % params.length
    if rest:
        codes[:, -1, rest:] = zero[:, -1:]
    return codes.reshape(*shape, tiling.blocks, params.block), zero.reshape(*shape, 1, 1)


def _slots(codes: Codes, zero: Codes, kept: NDArray[np.bool_]) -> tuple[Codes, NDArray[np.uint8]]:
    """Return each block's kept weights in front and the code of zero behind them, and their places, 0 behind them."""
    block = codes.shape[-1]
    slots = np.broadcast_to(zero, codes.shape).copy()
    places = np.zeros(codes.shape, dtype=np.uint8)
    found = np.flatnonzero(kept)
    rank = np.cumsum(kept, axis=-1, dtype=np.int8).reshape(-1)[found] - 1
    target = found // block * block + rank
    slots.reshape(-1)[target] = codes.reshape(-1)[found]
    places.reshape(-1)[target] = found % block
    return slots, places
