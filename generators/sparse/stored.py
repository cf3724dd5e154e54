"""What one pass over W sends: panels, weights, indices and scales as beats, each tile's one after the other."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...hdl.ports import Beats
from .bits import join_bits, least_width
from .panels import Panels, Steps
from .tiling import Tiling, repeated
from .weights import Weights

__all__ = ["Stored"]

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Stored:
    """The beats of one pass over W.

    Parameters
    ----------
    panels
        The panels that are sent.
    beats
        By stream: `panels`, `w`, `index` and, where the design has them, `scales`.
    counts
        By stream, the beats of each tile.
    """

    panels: Panels
    beats: dict[str, Beats]
    counts: dict[str, IntArray]

    @classmethod
    def of(cls, tiling: Tiling, weights: Weights) -> "Stored":
        """Return the beats of a matrix of weights."""
        params, steps = tiling.params, Steps.of(tiling, weights)
        panels = steps.panels
        widths = _widths(steps)
        first = panels.rescales(weights.group)
        described: Beats = {"kept": panels.kept.astype(np.uint8)[:, np.newaxis]}
        if len(params.widths) > 1:
            described["width"] = widths.astype(np.uint8)[:, np.newaxis]
        if params.scale_bits is not None:
            described["rescale"] = first.astype(np.uint8)[:, np.newaxis]
        packed, counts = _weights(steps, widths)
        beats = {"panels": described | {"last": panels.last}, "w": packed}
        if params.bitmap:
            beats["bitmap"], beats["w"], counts = _mapped(steps)
        sizes = {"panels": panels.per_tile(np.ones_like(panels.kept)), "w": counts}
        if params.bitmap:
            sizes["bitmap"] = panels.per_tile(panels.steps)
        if params.selects:
            beats["index"] = {"index": steps.index}
            sizes["index"] = panels.per_tile(panels.steps * panels.indexed)
        if params.scale_bits is not None:
            beats["scales"] = _scales(panels, first, weights)
            sizes["scales"] = panels.per_tile(first)
        return cls(panels, beats, sizes)

    def streams(self, times: int) -> dict[str, Beats]:
        """Return the beats of every stream, each tile so many times before the next."""
        if times == 1:
            return self.beats
        order = {stream: repeated(counts, times) for stream, counts in self.counts.items()}
        return {
            stream: {name: values[order[stream]] for name, values in beats.items()}
            for stream, beats in self.beats.items()
        }


def _widths(steps: Steps) -> IntArray:
    """Return for each panel the place of the least width that holds all its codes; 0 for an empty one."""
    panels = steps.panels
    places = np.zeros(len(panels.kept), dtype=np.int64)
    full = panels.kept > 0
    if len(panels.params.widths) > 1 and full.any():
        starts = (np.cumsum(panels.steps) - panels.steps)[full]
        low = np.minimum.reduceat(steps.codes.min(axis=1), starts).astype(np.int64)
        high = np.maximum.reduceat(steps.codes.max(axis=1), starts).astype(np.int64)
        places[full] = least_width(panels.params.widths, low, high)
    return places


def _weights(steps: Steps, places: IntArray) -> tuple[Beats, IntArray]:
    """Return the beats of `w` and how many each tile has."""
    panels = steps.panels
    widths = panels.params.widths
    if len(widths) == 1:
        return {"data": steps.codes}, panels.per_tile(panels.steps)
    tile = np.repeat(panels.tile, panels.steps)
    bits, counts = join_bits(
        steps.codes, np.repeat(np.array(widths)[places], panels.steps), tile, int(panels.tile[-1]) + 1
    )
    return {"bits": bits}, counts


def _mapped(steps: Steps) -> tuple[Beats, Beats, IntArray]:
    """Return the beats of `bitmap`, those of `w` that hold the weights that are not 0, and how many a tile has."""
    panels, (count, lanes) = steps.panels, steps.codes.shape
    tile = np.repeat(panels.tile, panels.steps)
    ones = steps.codes != 0
    totals = np.bincount(tile, weights=ones.sum(axis=1), minlength=int(panels.tile[-1]) + 1).astype(np.int64)
    beats = -(-totals // lanes)
    values = np.zeros(int(beats.sum()) * lanes, dtype=np.int8)
    begins = (np.cumsum(beats) - beats) * lanes - (np.cumsum(totals) - totals)
    values[np.arange(totals.sum()) + np.repeat(begins, totals)] = steps.codes[ones]
    last = np.diff(tile, append=-1) != 0 if count else np.zeros(0, dtype=np.bool_)
    return {"bitmap": ones.astype(np.uint8), "last": last}, {"data": values.reshape(-1, lanes)}, beats


def _scales(panels: Panels, first: NDArray[np.bool_], weights: Weights) -> Beats:
    """Return the beats of `scales`: those of all channels of a tile, for each panel that brings some."""
    params = panels.params
    tile, group = panels.tile[first], panels.window[first] * params.length // weights.group
    channels = np.arange(params.channels)
    count = (int(panels.tile[-1]) + 1) * params.channels

    def lanes(values: IntArray) -> IntArray:
        padded = np.pad(values, ((0, count - len(values)), (0, 0)))
        chosen: IntArray = padded[tile[:, np.newaxis] * params.channels + channels, group[:, np.newaxis]]
        return chosen

    beats: Beats = {"scale": lanes(weights.scale)}
    return beats | ({"zero": lanes(weights.zero)} if params.zero_points else {})
