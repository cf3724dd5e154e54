"""Tensors for sparse chains: sizes at every edge of a tile, every density and width, the largest sums and none."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...generators.sparse.examples import draw_weights, fitting_codes
from ...generators.sparse.params import SparseParams
from ...generators.sparse.prune import prune
from ..stimulus import DATA_PATTERNS, values
from .base import DEEP, Tensors
from .epilogue import requantize_tensors

__all__ = ["DATA", "JOBS", "Sized", "sparse_tensors"]

IntArray = NDArray[np.int64]
Shape = tuple[int, ...]

UNIFORM, EMPTY, WIDEST = "uniform", "empty", "widest"
DATA = (*DATA_PATTERNS, UNIFORM, EMPTY, WIDEST)
"""Data patterns. ``random`` and ``corners`` mix all densities and widths in one matrix, ``uniform`` has one density
throughout; in ``empty`` many tiles have no weights at all; ``widest`` gives the largest and the smallest sums."""

_MIXED = ("random", "corners")
_EXTREME = ("minimum", "maximum", "alternating", WIDEST)
FEW = 4
"""Windows along K of an ordinary job."""


@dataclass(frozen=True)
class Sized:
    """An operation with the shapes of its operands and what else it takes.

    Parameters
    ----------
    operation
        ``gemm`` or ``conv2d``.
    a, w
        Shapes of the activations and of the weights.
    options
        Further arguments.
    """

    operation: str
    a: Shape
    w: Shape
    options: dict[str, Any]

    @property
    def channels(self) -> int:
        """Output channels: N."""
        return self.w[-1] if self.operation == "conv2d" else self.w[0]

    @property
    def reduction(self) -> int:
        """Length of the sums: K."""
        return int(np.prod(self.w)) // self.channels


def _tile(params: SparseParams) -> tuple[int, int, int]:
    """Return M, K and N of one tile of a few windows."""
    return params.rows, min(FEW * params.length, params.max_reduction), params.channels


def _deepest(params: SparseParams) -> tuple[int, int, int]:
    """Return the longest sums that the design takes, if they are of few enough steps; two rows at least."""
    m, k, n = _tile(params)
    return max(m, 2), params.max_reduction if params.max_reduction <= DEEP * params.length else k, n


def _gemm(scale: Callable[[SparseParams], tuple[int, int, int]], *leading: int) -> Callable[..., Sized]:
    def make(params: SparseParams, _: np.random.Generator) -> Sized:
        m, k, n = scale(params)
        k = min(k, params.max_reduction)
        return Sized("gemm", (*leading, m, k), (n, k), {})

    return make


def _ragged(params: SparseParams, rng: np.random.Generator) -> Sized:
    """One more than some tiles, or a part of one, in each axis on its own."""
    m, k, n = (int(rng.integers(1, 2 * size + 2)) for size in _tile(params))
    return _gemm(lambda _: (m, k, n))(params, rng)


def _gemv(params: SparseParams, _: np.random.Generator) -> Sized:
    """One row, given as a vector."""
    k, n = min(2 * FEW * params.length + 1, params.max_reduction), 2 * params.channels + 1
    return Sized("gemm", (k,), (n, k), {})


def _convolution(params: SparseParams, _: np.random.Generator) -> Sized:
    """Two small images, moved by different strides along both axes."""
    channels = 3 if params.max_reduction >= 18 else 1
    kernel = (3, 2) if params.max_reduction >= 6 * channels else (1, 1)
    return Sized("conv2d", (2, 5, 6, channels), (*kernel, channels, 5), {"stride": (2, 1), "padding": 1})


JOBS: dict[str, Callable[..., Sized]] = {
    "tile": _gemm(_tile),
    "single": _gemm(lambda _: (1, 1, 1)),
    "edge": _gemm(lambda p: (p.rows + 1, FEW * p.length + 1, p.channels + 1)),
    "short": _gemm(lambda p: (2 * p.rows, p.length, 3 * p.channels)),
    "tiles": _gemm(lambda p: (2 * p.rows, 2 * FEW * p.length, 2 * p.channels)),
    "long": _gemm(lambda p: (p.rows, 8 * FEW * p.length + 1, p.channels)),
    "deepest": _gemm(_deepest),
    "ragged": _ragged,
    "gemv": _gemv,
    "batched": _gemm(_tile, 2),
    "convolution": _convolution,
}
"""Every job by name; the tiles of ``short`` take fewer steps than their results take beats."""


def sparse_tensors(params: SparseParams, sized: Sized, data: str, rng: np.random.Generator) -> Tensors:
    """Return the arguments of an operation: operands, group scales, zero points and epilogue.

    Parameters
    ----------
    params
        The design.
    sized
        The operation's shapes.
    data
        A name in `DATA`, for operands, scales and zero points; the epilogue is drawn at random, extremes among it.
    rng
        Source of what is random.
    """
    drawn = _weights(params, (sized.channels, sized.reduction), data, rng)
    names = ("a", "w") if sized.operation == "gemm" else ("x", "w")
    if sized.operation == "conv2d":
        drawn["w"] = drawn["w"].T.reshape(sized.w)
    drawn[names[0]] = _activations(params, sized, data, rng)
    return drawn | sized.options | _epilogue(params, sized, rng)


def _activations(params: SparseParams, sized: Sized, data: str, rng: np.random.Generator) -> IntArray:
    """Return activations; with the widest sums a row (or image) is all minimum or all maximum, by turns."""
    if data != WIDEST:
        return values(data if data in DATA_PATTERNS else "random", params.a_format, sized.a, rng)
    axis = 0 if sized.operation == "conv2d" else max(len(sized.a) - 2, 0)
    count = sized.a[axis] if len(sized.a) > 1 else 1
    by_turns = _turns(count, rng, params.a_format.lo, params.a_format.hi)
    return np.broadcast_to(by_turns.reshape(count, *[1] * (len(sized.a) - axis - 1)), sized.a).copy()


def _turns(count: int, rng: np.random.Generator, one: int, other: int) -> IntArray:
    """Return two numbers by turns, either first."""
    return np.where((np.arange(count) + rng.integers(2)) % 2 == 0, one, other).astype(np.int64)


def _weights(params: SparseParams, shape: tuple[int, int], data: str, rng: np.random.Generator) -> Tensors:
    """Return `w`, ``(N, K)``, with scales and zero points for one group of K or several."""
    n, k = shape
    group = [None, params.length, 2 * params.length][int(rng.integers(3))]
    if data in _MIXED:
        return draw_weights(params, shape, group, data, rng)
    along = np.arange(k) // (group or k)
    high = {"minimum": np.zeros(n, dtype=np.int64), "maximum": np.ones(n, dtype=np.int64)}.get(data)
    high = _turns(n, rng, 0, 1) if high is None else high
    scale, zero = (_extreme if data in _EXTREME else _random)(params, high, int(along[-1]) + 1, rng)
    drawn: Tensors = {"weight_scale": _one_or_all(scale)} if params.scale_bits is not None else {}
    if params.scale_bits is not None and group is not None:
        drawn["scale_group"] = group
    if params.zero_points:
        drawn["weight_zero"] = _one_or_all(zero)
    scale, zero = (np.broadcast_to(part, (n, along[-1] + 1))[:, along] for part in (scale, zero))
    codes = _codes(params, data, zero, rng)
    if data == WIDEST:
        form = params.carried_format
        codes = np.broadcast_to(np.array([form.lo, form.hi])[high][:, np.newaxis], shape)
    return drawn | {"w": fitting_codes(params, codes, scale, zero)}


def _one_or_all(drawn: IntArray) -> IntArray | int:
    """Return one number where it stands for all, or the array."""
    return int(drawn[0, 0]) if drawn.size == 1 else drawn


def _random(params: SparseParams, high: IntArray, groups: int, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Return scales and zero points, ``(N, G)`` or now and then ``(1, 1)``, as far as the design has them."""
    shape = (1, 1) if rng.random() < 0.15 else (len(high), groups)
    scale, zero = np.ones(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    if params.scale_bits is not None:
        scale = np.maximum(params.scale_format.random(rng, shape), 1)
    return scale, params.zero_format.random(rng, shape) if params.zero_points else zero


def _extreme(params: SparseParams, high: IntArray, groups: int, _: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Return the scales and zero points with which each channel reaches farthest down or, where `high`, up."""
    pairs = np.array([_farthest(params, -1), _farthest(params, 1)])[high]
    scale, zero = (np.repeat(pairs[:, part : part + 1], groups, axis=1) for part in (0, 1))
    return scale, zero


def _farthest(params: SparseParams, sign: int) -> tuple[int, int]:
    """Return the scale and zero point that give the largest weight of that sign."""
    form, most = params.carried_format, params.scale_format.hi if params.scale_bits is not None else 1
    scales = np.arange(1, most + 1)
    zero = (form.lo if sign > 0 else form.hi) if params.zero_points else 0
    zeros = np.full_like(scales, zero)
    codes = fitting_codes(params, np.full_like(scales, form.hi if sign > 0 else form.lo), scales, zeros)
    return int(scales[np.argmax(sign * (codes - zeros) * scales)]), zero


def _codes(params: SparseParams, data: str, zero: IntArray, rng: np.random.Generator) -> IntArray:
    """Return codes in the shape of the zero points; what the pattern makes 0 has the code of zero."""
    form, n = params.carried_format, len(zero)
    if data == UNIFORM:
        chosen = prune(rng.random(zero.shape) + 1, int(rng.choice(params.kept)), params.block) > 0
        return np.where(chosen, form.random(rng, zero.shape), zero)
    if data == EMPTY:
        tiles = rng.random(-(-n // params.channels)) < 0.5
        chosen = np.repeat(tiles, params.channels)[:n, np.newaxis] & (rng.random(zero.shape) < 0.3)
        return np.where(chosen, form.random(rng, zero.shape), zero)
    raw = values(data if data in DATA_PATTERNS else "random", form, zero.shape, rng)
    return np.where(raw == 0, zero, raw)


def _epilogue(params: SparseParams, sized: Sized, rng: np.random.Generator) -> Tensors:
    """Draw bias and requantisation."""
    drawn: Tensors = {}
    if params.bias:
        pattern = "corners" if rng.random() < 0.3 else "random"
        drawn["bias"] = values(pattern, params.bias_format, (sized.channels,), rng)
    added = params.sum_bits + params.bias
    return drawn | (requantize_tensors(params, added, sized.channels, rng) if params.requantize else {})
