"""Tensors for a LUT tile: sizes at every edge of it, values at every edge of its tables, sums and scales."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...generators.lut.params import LutParams
from ...hdl.formats import Format, Integer
from ..stimulus import DATA_PATTERNS, values
from .base import DEEP, Tensors
from .epilogue import requantize_tensors

__all__ = ["DATA", "JOBS", "Sized", "lut_tensors"]

IntArray = NDArray[np.int64]
Shape = tuple[int, ...]

WIDEST = "widest"
EXPONENTS = "exponents"
DATA = (*DATA_PATTERNS, WIDEST, EXPONENTS)
"""Data patterns: ``widest`` gives the largest and the smallest sums that the formats allow, ``exponents`` tables whose
largest entry lies at the limits of INT8 and its multiples by powers of two."""


@dataclass(frozen=True)
class Sized:
    """An operation with the shapes of its operands and what else it takes.

    Parameters
    ----------
    operation
        ``gemm`` or ``conv2d``.
    a, w
        Shapes of the activations and of the weights.
    result
        Shape of the result; the last axis is that of the output channels.
    options
        Further arguments.
    """

    operation: str
    a: Shape
    w: Shape
    result: Shape
    options: dict[str, Any]

    @property
    def channels(self) -> int:
        """Output channels: N."""
        return self.w[-1] if self.operation == "conv2d" else self.w[0]

    @property
    def reduction(self) -> int:
        """Length of the sums: K."""
        return int(np.prod(self.w)) // self.channels


FEW = 3
"""Steps along K of an ordinary job."""


def _tile(params: LutParams) -> tuple[int, int, int]:
    """Return M, K and N of one tile that takes a few steps."""
    return params.m, min(FEW * params.step, params.max_reduction), params.n


def _deepest(params: LutParams) -> tuple[int, int, int]:
    """Return the longest sums that the design takes, if they are of few enough steps; two rows at least."""
    m, k, n = _tile(params)
    return max(m, 2), params.max_reduction if params.max_reduction <= DEEP * params.step else k, n


def _groups(params: LutParams) -> tuple[int, int, int]:
    """Return a tile of two whole groups, if they are of few enough steps."""
    m, k, n = _tile(params)
    return m, 2 * params.group if params.group and 2 * params.group <= DEEP * params.step else k, n


def _gemm(scale: Callable[[LutParams], tuple[int, int, int]], *leading: int) -> Callable[..., Sized]:
    def make(params: LutParams, _: np.random.Generator) -> Sized:
        m, k, n = scale(params)
        k = min(k, params.max_reduction)
        return Sized("gemm", (*leading, m, k), (n, k), (*leading, m, n), {})

    return make


def _ragged(params: LutParams, rng: np.random.Generator) -> Sized:
    """One more than some tiles, or a part of one, in each axis on its own."""
    m, k, n = (int(rng.integers(1, 2 * size + 2)) for size in _tile(params))
    return _gemm(lambda _: (m, k, n))(params, rng)


def _gemv(params: LutParams, _: np.random.Generator) -> Sized:
    """One row, given as a vector."""
    k, n = min(2 * FEW * params.step + 1, params.max_reduction), 2 * params.n + 1
    return Sized("gemm", (k,), (n, k), (n,), {})


def _convolution(params: LutParams, _: np.random.Generator) -> Sized:
    """Two small images, moved by different strides along both axes."""
    channels = 2 if params.max_reduction >= 12 else 1
    kernel = (3, 2) if params.max_reduction >= 6 * channels else (1, 1)
    size, stride, padding, filters = (5, 6), (2, 1), 1, 3
    places = tuple((s + 2 * padding - k) // step + 1 for s, k, step in zip(size, kernel, stride, strict=True))
    options = {"stride": stride, "padding": padding}
    return Sized("conv2d", (2, *size, channels), (*kernel, channels, filters), (2, *places, filters), options)


JOBS: dict[str, Callable[..., Sized]] = {
    "tile": _gemm(_tile),
    "single": _gemm(lambda _: (1, 1, 1)),
    "edge": _gemm(lambda p: (p.m + 1, FEW * p.step + 1, p.n + 1)),
    "short": _gemm(lambda p: (2 * p.m, p.step, 2 * p.n)),
    "tiles": _gemm(lambda p: (2 * p.m, 2 * FEW * p.step, 2 * p.n)),
    "long": _gemm(lambda p: (p.m, 9 * FEW * p.step + 1, p.n)),
    "deepest": _gemm(_deepest),
    "groups": _gemm(_groups),
    "ragged": _ragged,
    "gemv": _gemv,
    "batched": _gemm(_tile, 2),
    "convolution": _convolution,
}
"""Every job by name."""


def lut_tensors(params: LutParams, sized: Sized, data: str, rng: np.random.Generator) -> Tensors:
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
    a, w = _operands(params, sized, data, rng)
    names = ("a", "w") if sized.operation == "gemm" else ("x", "w")
    operands = dict(zip(names, (a, w), strict=True))
    return operands | sized.options | _scales(params, sized, data, w, rng) | _epilogue(params, sized, rng)


def _operands(params: LutParams, sized: Sized, data: str, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Return activations and weights."""
    if data == WIDEST:
        rows, channels = (0, -1) if sized.operation == "conv2d" else (-2, 0)
        return _extremes(params.a_format, sized.a, rows, rng), _extremes(params.weight_format, sized.w, channels, rng)
    if data == EXPONENTS:
        return _table_edges(params, sized.a, rng), values("corners", params.weight_format, sized.w, rng)
    return values(data, params.a_format, sized.a, rng), values(data, params.weight_format, sized.w, rng)


def _extremes(form: Format, shape: Shape, axis: int, rng: np.random.Generator) -> IntArray:
    """Return the format's extremes by turns along one axis, constant along the others: no sum can be larger."""
    length = shape[axis] if len(shape) > 1 else 1
    by_turns = np.where((np.arange(length) + rng.integers(2)) % 2 == 0, form.lo, form.hi).astype(np.int64)
    along = [1] * len(shape)
    along[axis if len(shape) > 1 else 0] = length
    return np.broadcast_to(by_turns.reshape(along), shape).copy()


def _table_edges(params: LutParams, shape: Shape, rng: np.random.Generator) -> IntArray:
    """Return activations whose tables' largest entries stand where the next exponent begins, ties among them."""
    form, lookup = params.a_format, params.lookup
    reach = max(-form.lo, form.hi)
    limits = [limit << e for limit in (127, 128, 255) for e in range(16) if limit << e <= reach * lookup + 1]
    targets = np.array(sorted({0, 1, reach * lookup, *(t + d for t in limits for d in (-1, 0, 1))}))
    count = int(np.prod(shape))
    target = rng.choice(targets, size=-(-count // lookup))
    # The sum of magnitudes, as even as it goes, each with a sign of its own.
    share = (target[:, np.newaxis] + np.arange(lookup)) // lookup
    signed = share * rng.choice([-1, 1] if form.signed else [1], size=share.shape)
    return form.clip(signed.reshape(-1)[:count].reshape(shape))


def _scales(params: LutParams, sized: Sized, data: str, w: IntArray, rng: np.random.Generator) -> Tensors:
    """Return zero points and group scales, now and then one for all."""
    groups = -(-sized.reduction // params.group) if params.group else 1
    rows = int(np.prod(sized.result[:-1]))
    drawn: Tensors = {}
    if params.zero_points:
        drawn["weight_zero"] = _zeros(params, sized, data, w, groups, rng)
    for name, wanted, length in (
        ("weight_scale", params.weight_scales, sized.channels),
        ("activation_scale", params.activation_scales, rows),
    ):
        if wanted:
            drawn[name] = _one_or_all(_group_scales(params.scale_format, (length, groups), data, rng), rng)
    return drawn


def _group_scales(form: Integer, shape: Shape, data: str, rng: np.random.Generator) -> IntArray:
    """Return scales, which are never zero."""
    pattern = {WIDEST: "maximum", EXPONENTS: "corners"}.get(data, data)
    return np.maximum(values(pattern, form, shape, rng), 1)


def _zeros(
    params: LutParams, sized: Sized, data: str, w: IntArray, groups: int, rng: np.random.Generator
) -> IntArray | int:
    """Return zero points a row of W, or also a group; with the widest sums the one farthest from the row's weights."""
    form = params.weight_zero_format
    if data == WIDEST:
        first = w.reshape(-1, sized.channels)[0] if sized.operation == "conv2d" else w[:, 0]
        return form.hi - first
    each_group = params.group is not None and rng.random() < 0.6
    shape = (sized.channels, groups) if each_group else (sized.channels,)
    return _one_or_all(values({EXPONENTS: "corners"}.get(data, data), form, shape, rng), rng)


def _one_or_all(drawn: IntArray, rng: np.random.Generator) -> IntArray | int:
    """Return the array, or one number that stands for all of it."""
    return int(drawn.flat[0]) if rng.random() < 0.15 else drawn


def _epilogue(params: LutParams, sized: Sized, rng: np.random.Generator) -> Tensors:
    """Draw addend and requantisation."""
    drawn: Tensors = {}
    if params.addend != "none":
        name, shape = ("bias", (sized.channels,)) if params.addend == "bias" else ("accumulator", sized.result)
        drawn[name] = values("corners" if rng.random() < 0.3 else "random", params.addend_format, shape, rng)
    added = params.sum_bits + (params.addend != "none")
    return drawn | (requantize_tensors(params, added, sized.channels, rng) if params.requantize else {})
