"""A matrix in the hardware's compressed form, back again, and how many bits that takes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import must
from ...hdl.ports import Beats
from ..operands import reject_unknown
from .bits import split_bits
from .modes import in_mode
from .panels import Panels, slot_order
from .params import SparseParams
from .ports import stream_ports
from .prune import prune
from .stored import Stored
from .tiling import Tiling
from .weights import SCALES, Weights

__all__ = ["Compressed", "CompressionReport", "bits_per_weight", "compress", "decompress"]

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class CompressionReport:
    """What a compressed matrix takes; every figure follows from the streams' formats.

    Parameters
    ----------
    weights, nonzero
        Weights of the matrix, and those of them that are not 0.
    bits
        By part: ``values``, ``indices`` (and bitmaps), ``descriptors`` (what `panels` carries, and a bit for each
        window of each tile that says whether it is sent) and ``scales`` (with zero points).
    panels
        By N, the panels of that density; those of 0 are not sent.
    """

    weights: int
    nonzero: int
    bits: dict[str, int]
    panels: dict[int, int]

    @property
    def density(self) -> float:
        """Share of the weights that are not 0."""
        return self.nonzero / self.weights

    @property
    def bits_per_weight(self) -> float:
        """Bits of all parts for each weight of the matrix, pruned ones included."""
        return sum(self.bits.values()) / self.weights

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, each figure with its unit and source."""
        parts = {name: {"value": n / self.weights, "unit": "bit/weight"} for name, n in self.bits.items()}
        return {
            "weights": {"value": self.weights, "unit": "weights", "source": "exact"},
            "density": {"value": self.density, "unit": "1", "source": "exact"},
            "bits_per_weight": {"value": self.bits_per_weight, "unit": "bit/weight", "source": "exact", "parts": parts},
            "panels": {str(n): {"value": count, "unit": "panels"} for n, count in self.panels.items()},
        }

    def __str__(self) -> str:
        parts = ", ".join(f"{name} {n / self.weights:.3f}" for name, n in self.bits.items() if n)
        panels = ", ".join(f"{count} of N={n}" for n, count in self.panels.items() if count)
        return (
            f"{self.weights} weights, density {self.density:.1%}, {self.bits_per_weight:.3f} bits per weight ({parts}; "
            f"exact), panels: {panels}"
        )


@dataclass(frozen=True)
class Compressed:
    """A matrix of weights as the hardware reads it for a product with a vector.

    Parameters
    ----------
    params
        The design that it is for.
    shape
        N and K.
    streams
        Beats of `panels`, `w`, `index` and, where the design has them, `scales`.
    windows
        ``(panels,)``: which window of K each panel is; `a` is sent for those of panels with weights.
    report
        Its size.
    """

    params: SparseParams
    shape: tuple[int, int]
    streams: dict[str, Beats]
    windows: IntArray
    report: CompressionReport


def compress(params: SparseParams, w: ArrayLike, n: int | None = None, **scales: Any) -> Compressed:
    """Pack a matrix into panels.

    Parameters
    ----------
    params
        The design.
    w
        ``(N, K)`` values of `carried_format`.
    n
        Keep so many of each block of `params.block`, the largest magnitudes (scaled, where there are scales), and make
        the others 0; None keeps all.
    **scales
        `weight_scale`, `weight_zero` and `scale_group`, as `Sparse.lower` takes them.

    Raises
    ------
    InputError
        Where values or shapes do not fit, or the design does not take an argument.
    """
    reject_unknown("Sparse compress", {"w": w, **scales}, ("w", "n", *SCALES), ("w",))
    codes = params.carried_format.check(w, "Sparse w")
    if codes.ndim != 2:
        raise must("Sparse w", "have 2 axes, (N, K)", codes.shape)
    weights = Weights.check(params, codes, scales)
    if n is not None:
        kept = prune(weights.effective(), n, params.block) != 0
        codes = np.where(kept, codes, weights.zero[:, weights.along])
        weights = Weights.check(params, codes, scales)
    shape = (codes.shape[0], codes.shape[1])
    tiling = Tiling(in_mode(params, 1), 1, *shape)
    stored = Stored.of(tiling, weights)
    panels = stored.beats["panels"]
    if params.gemv:
        panels = panels | {"gemv": np.ones_like(panels["kept"])}
    streams = stored.beats | {"panels": panels}
    report = _report(params, tiling, stored, weights)
    return Compressed(params, shape, streams, stored.panels.window, report)


def decompress(compressed: Compressed) -> IntArray:
    """Return the ``(N, K)`` weights that the multipliers see of a compressed matrix, from its beats alone."""
    params, streams = in_mode(compressed.params, 1), compressed.streams
    tiling = Tiling(params, 1, *compressed.shape)
    ends = streams["panels"]["last"].astype(np.int64)
    kept = streams["panels"]["kept"][:, 0].astype(np.int64)
    panels = Panels(params, np.cumsum(ends) - ends, compressed.windows, kept)
    codes = _codes(panels, streams)
    indices = streams["index"]["index"].astype(np.int64) if params.selects else codes[:0]
    scale, zero = _brought(panels, streams)
    shape = (tiling.tiles_n, params.chains, params.panel_rows, tiling.windows, tiling.blocks, params.block)
    blocks = np.zeros(shape, dtype=np.int64)
    for level in range(params.levels):
        chosen = kept == level + 1
        values = slot_order(params, level, codes[np.repeat(chosen, panels.steps)])
        values = (values.astype(np.int64) - zero[chosen]) * scale[chosen]
        if level + 1 < params.levels:
            indexed = np.repeat(chosen, panels.steps * panels.indexed)
            values = _placed(params.block, values, slot_order(params, level, indices[indexed]))
        blocks[panels.tile[chosen], :, :, panels.window[chosen]] = values
    return blocks.reshape(tiling.tiles_n * params.channels, -1)[: compressed.shape[0], : compressed.shape[1]]


def bits_per_weight(params: SparseParams, n: int, bits: int | None = None, scale_group: int | None = None) -> float:
    """Return the bits that each weight takes in a large matrix of which all panels have the same density and width.

    Parameters
    ----------
    params
        The design.
    n
        N of N:M, one of `params.kept`.
    bits
        Width of the weights, one of `params.widths`; the widest if None.
    scale_group
        K elements that share a scale; None leaves scales out, as for a whole row.

    Raises
    ------
    InputError
        Where the design has no such density or width.
    """
    width = params.widths[-1] if bits is None else bits
    if n not in params.kept:
        raise must("Sparse n", f"be one of {', '.join(map(str, params.kept))}", n)
    if width not in params.widths:
        raise must("Sparse bits", f"be one of {', '.join(map(str, params.widths))}", width)
    ports = {port.name: port for port in stream_ports(params)}
    sent = ports["panels"].width + ports["panels"].last if n else 0
    channels = params.weight_rows * params.channels
    scale = ports["scales"].width / channels / scale_group if scale_group and n and "scales" in ports else 0
    indexed = (params.index_bits if n < params.block else 0) + params.bitmap if n else 0
    return n / params.block * (width + indexed) + (sent + 1) / (channels * params.length) + scale


def _report(params: SparseParams, tiling: Tiling, stored: Stored, weights: Weights) -> CompressionReport:
    """Count the bits of what is stored."""
    windows = tiling.tiles_n * tiling.windows
    ports = {port.name: port for port in stream_ports(params)}
    lengths = {stream: int(counts.sum()) for stream, counts in stored.counts.items()}
    bits = {stream: lengths[stream] * (ports[stream].width + ports[stream].last) for stream in lengths}
    parts = {
        "values": bits["w"],
        "indices": bits.get("index", 0) + bits.get("bitmap", 0),
        "descriptors": bits["panels"] + windows,
        "scales": bits.get("scales", 0),
    }
    kept = np.bincount(stored.panels.kept, minlength=params.levels + 1)
    panels = {n: int(kept[code]) for code, n in enumerate(params.kept)}
    panels[0] = windows - int(kept[1:].sum())
    return CompressionReport(weights.codes.size, weights.nonzero, parts, panels)


def _codes(panels: Panels, streams: dict[str, Beats]) -> NDArray[np.integer]:
    """Return the codes of all steps."""
    widths = np.array(panels.params.widths)
    if panels.params.bitmap:
        return _unmapped(panels, streams)
    if len(widths) == 1:
        return streams["w"]["data"]
    chosen = np.repeat(widths[streams["panels"]["width"][:, 0]], panels.steps)
    return split_bits(streams["w"]["bits"], chosen, np.repeat(panels.tile, panels.steps), int(panels.tile[-1]) + 1)


def _unmapped(panels: Panels, streams: dict[str, Beats]) -> NDArray[np.integer]:
    """Return the codes that a bitmap and its values stand for; each tile's values begin a beat."""
    ones = streams["bitmap"]["bitmap"].astype(np.bool_)
    codes = np.zeros(ones.shape, dtype=np.int8)
    tile = np.repeat(panels.tile, panels.steps)
    totals = np.bincount(tile, weights=ones.sum(axis=1), minlength=int(panels.tile[-1]) + 1).astype(np.int64)
    beats = -(-totals // ones.shape[1])
    begins = (np.cumsum(beats) - beats) * ones.shape[1] - (np.cumsum(totals) - totals)
    codes[ones] = streams["w"]["data"].reshape(-1)[np.arange(totals.sum()) + np.repeat(begins, totals)]
    return codes


def _brought(panels: Panels, streams: dict[str, Beats]) -> tuple[IntArray, IntArray]:
    """Return each panel's scales and zero points, ``(panels, chains, panel_rows, 1, 1)``: the last that came."""
    params = panels.params
    lanes = (-1, params.chains, params.panel_rows, 1, 1)
    if params.scale_bits is None or not panels.kept.any():
        shape = (len(panels.kept), *lanes[1:])
        return np.ones(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    beats = streams["scales"]
    # An empty panel may come before the first scales.
    which = np.maximum(np.cumsum(streams["panels"]["rescale"][:, 0].astype(np.int64)) - 1, 0)
    scale = beats["scale"][which].reshape(lanes)
    return scale, beats["zero"][which].reshape(lanes) if params.zero_points else np.zeros_like(scale)


def _placed(block: int, values: IntArray, places: NDArray[np.integer]) -> IntArray:
    """Put kept weights, ``(…, N)``, into their places of a block; slots that hold none are at place 0."""
    blocks = np.zeros((*values.shape[:-1], block), dtype=np.int64)
    # From the last slot to the first one: a weight at place 0 can only be in the first, and is written last.
    for slot in reversed(range(values.shape[-1])):
        np.put_along_axis(blocks, places[..., slot : slot + 1], values[..., slot : slot + 1], axis=-1)
    return blocks
