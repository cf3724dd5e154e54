"""Rows of attention in integers, bit for bit as the arrays and the softmax between them compute them."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...generators.attention.functions import RECIPROCAL_BITS
from ...generators.attention.params import AttentionParams
from ...hdl.piecewise_shape import PiecewiseShape
from ...hdl.polynomial_shape import GUARD_BITS, PolynomialShape
from .gemm import exact_product, narrow
from .requantize import scale

__all__ = ["Outcome", "Rows", "attend", "every_result"]

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

LARGEST_SHIFT = 63
MOST_OCTAVES = 31
CHUNK = 1 << 20
"""Logits looked at together."""
FEW = 512
"""Keys below which no more rows are looked at together: all of them may have a new maximum with every key."""
BLOCK = 64
"""Keys added together: a row has a sum in a block for each maximum that it has there."""


@dataclass(frozen=True)
class Rows:
    """Rows of Q that see the same keys, R of them.

    Parameters
    ----------
    q
        ``(R, E)``.
    multiplier, shift
        ``(R,)``: from scores to logits.
    stop, start, sink
        ``(R,)``: key j counts if ``j < stop and (j >= start or j < sink)``.
    offset
        ``(R,)``: the maximum that a row is expected to have; looked at with unified_max alone.
    """

    q: IntArray
    multiplier: IntArray
    shift: IntArray
    stop: IntArray
    start: IntArray
    sink: IntArray
    offset: IntArray

    def __getitem__(self, which: slice | BoolArray) -> "Rows":
        """Return some of the rows."""
        return Rows(**{name: column[which] for name, column in vars(self).items()})

    def expecting(self, offset: IntArray) -> "Rows":
        """Return the same rows with other offsets."""
        return replace(self, offset=offset)


@dataclass(frozen=True)
class Outcome:
    """What comes of R rows: ``mean`` (R, F) with output_fraction bits; ``maximum``, ``empty`` and ``redo`` (R,)."""

    mean: IntArray
    maximum: IntArray
    empty: BoolArray
    redo: BoolArray


def attend(params: AttentionParams, rows: Rows, k: IntArray, v: IntArray) -> Outcome:
    """Return what one pass over keys ``(Lk, E)`` and values ``(Lk, F)`` gives for each row."""
    size = max(CHUNK // max(len(k), FEW), 1)
    parts = [_attend(params, rows[at : at + size], k, v) for at in range(0, len(rows.q), size)]
    return Outcome(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])})


def every_result(shape: PiecewiseShape | PolynomialShape) -> IntArray:
    """Return the function's result for each x, from 0 on."""
    if isinstance(shape, PiecewiseShape):
        rest = np.arange(1 << shape.rest_bits, dtype=np.int64)
        base, slope = (np.array(part, dtype=np.int64)[:, np.newaxis] for part in (shape.base, shape.slope))
        pieces: IntArray = (base + slope * rest) >> shape.guard_bits
        return pieces.ravel()
    x = np.arange(1 << shape.x_bits, dtype=np.int64)
    total = np.zeros_like(x)
    for coefficient in reversed(shape.coefficients):
        total = (total * x >> shape.x_bits) + coefficient
    return total >> GUARD_BITS


def _attend(params: AttentionParams, rows: Rows, k: IntArray, v: IntArray) -> Outcome:
    """Return what `attend` does, for rows whose logits may be held at once."""
    logits = _logits(params, rows, k)
    allowed = _allowed(rows, len(k))
    octaves = np.where(allowed, -(-logits >> params.logit_fraction), params.no_key)
    reached = np.maximum.accumulate(octaves, axis=1)
    maximum = reached[:, -1]
    beside = np.concatenate([v, np.ones_like(v[:, :1])], axis=1)  # weights are summed like values of 1
    if params.softmax == "online":
        sums = _rescaled(params, _weights(params, logits, allowed, reached), reached, beside)
    else:
        expected = rows.offset if params.softmax == "unified_max" else maximum
        sums = exact_product(_weights(params, logits, allowed, expected[:, np.newaxis]), beside)
    empty = maximum == params.no_key
    redo = np.zeros_like(empty)
    if params.softmax == "unified_max":
        redo = ~empty & ((maximum > rows.offset) | (maximum < rows.offset - params.slack))
    return Outcome(_means(params, sums[:, :-1], sums[:, -1]), maximum, empty, redo)


def _logits(params: AttentionParams, rows: Rows, k: IntArray) -> IntArray:
    """Return base-2 logits, (R, Lk), with logit_fraction bits."""
    scores = narrow(exact_product(rows.q, k.T), params.score_bits, "exact")
    scaled = scale(scores, rows.multiplier[:, np.newaxis], rows.shift[:, np.newaxis])
    return params.logit_format.clip(scaled.astype(np.int64))


def _allowed(rows: Rows, keys: int) -> BoolArray:
    """Return which keys each row may see, (R, Lk)."""
    key = np.arange(keys)
    stop, start, sink = (column[:, np.newaxis] for column in (rows.stop, rows.start, rows.sink))
    seen: BoolArray = (key < stop) & ((key >= start) | (key < sink))
    return seen


def _weights(params: AttentionParams, logits: IntArray, allowed: BoolArray, maxima: IntArray) -> IntArray:
    """Return each key's weight, 2 to the power of what its logit lies below the maximum; 0 where masked."""
    below = np.maximum((maxima << params.logit_fraction) - logits, 0)
    octaves = np.minimum(below >> params.logit_fraction, MOST_OCTAVES)
    y = every_result(params.exponential_shape)[below & ((1 << params.logit_fraction) - 1)]
    weights: IntArray = np.where(allowed, (y + ((1 << octaves) >> 1)) >> octaves, 0)
    return weights


def _rescaled(params: AttentionParams, weights: IntArray, reached: IntArray, v: IntArray) -> IntArray:
    """Return sums of weighted values, (R, F), shifted down whenever a row's maximum rises."""
    total = np.zeros((len(weights), v.shape[1]), dtype=np.int64)
    held = np.full((len(weights), 1), params.no_key)
    for at in range(0, len(v), BLOCK):
        maxima = reached[:, at : at + BLOCK]
        rise = np.diff(maxima, axis=1, prepend=held)
        _add(total, weights[:, at : at + BLOCK], rise, v[at : at + BLOCK])
        held = maxima[:, -1:]
    return total


def _add(total: IntArray, weights: IntArray, rise: IntArray, v: IntArray) -> None:
    """Add a block of keys to the sums; between two rises nothing is rounded, so those keys are one exact product."""
    begins = rise > 0
    begins[:, 0] = True
    piece = np.cumsum(begins).reshape(begins.shape) - 1
    apart = np.zeros((int(piece[-1, -1]) + 1, len(v)), dtype=np.int64)
    apart[piece, np.arange(len(v))] = weights
    sums = exact_product(apart, v)
    shifts = np.minimum(rise[begins], LARGEST_SHIFT)[:, np.newaxis]
    first, count = piece[:, 0], begins.sum(axis=1)
    for nth in range(int(count.max())):
        row = np.flatnonzero(count > nth)
        now = first[row] + nth
        total[row] = (total[row] >> shifts[now]) + sums[now]


def _means(params: AttentionParams, sums: IntArray, weight: IntArray) -> IntArray:
    """Return sums (R, F) over the sum of weights (R,), rounded to output_fraction bits; 0 where there is no weight."""
    top = narrow(weight, params.sum_bits + 1, "exact").max(initial=0)
    narrow(sums, params.accumulator_bits, "exact")
    if top <= 0:
        return np.zeros_like(sums)
    # frexp gives a number's bit length exactly: sums of weights have fewer bits than float64 holds.
    places = params.sum_bits - np.frexp(weight.astype(np.float64))[1].astype(np.int64)
    x_bits = params.reciprocal_shape.x_bits
    x = ((weight << places << x_bits) >> (params.sum_bits - 1)) - (1 << x_bits)
    factor = every_result(params.reciprocal_shape)[np.where(weight > 0, x, 0)]
    drop = params.sum_bits - 1 - params.normal_fraction
    near = sums << places[:, np.newaxis]
    normal = near >> drop if drop >= 0 else near << -drop
    rest = params.normal_fraction + RECIPROCAL_BITS - params.output_fraction
    mean = (normal * factor[:, np.newaxis] + (1 << (rest - 1))) >> rest
    return narrow(np.where(weight[:, np.newaxis] > 0, mean, 0), params.mean_format.bits, "exact")
