"""How far attention in integers may be from attention in real numbers."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...generators.attention.functions import RECIPROCAL_BITS
from ...generators.attention.params import AttentionParams
from .attention_rows import every_result

__all__ = ["error_bound", "exponential_error", "reciprocal_error"]

FloatArray = NDArray[np.float64]


def error_bound(
    params: AttentionParams, keys: ArrayLike, spread: ArrayLike, largest: ArrayLike, mass: ArrayLike = 1.0
) -> FloatArray:
    """Return the most by which a row's mean may be off, in units of an element of V; arguments broadcast.

    The real result is that of the same integers Q, K, V and scale. With S the sum of a row's weights, R = `spread` and
    N = `keys`, the error is at most the sum of

    - ``R * tanh(ln 2 * 2**-(logit_fraction + 2))``: each logit is rounded to half a unit;
    - ``R / 2`` times `exponential_error`: weights that are too large and too small by as much, against each other;
    - ``R / 2 * (N - 1) / S``: each weight but the largest is rounded to half a unit of ``2**-weight_bits``;
    - ``(largest + 1) / S``, online alone: what the sums lose when they are shifted down, less than 1 in all;
    - ``largest`` times `reciprocal_error`: the quotient;
    - ``2**-normal_fraction``: the accumulator is cut off there when it is normalised;
    - ``2**-(output_fraction + 1)``: the result is rounded.

    The third is what grows with the sequence. S is at least about ``2**(weight_bits - 1) * mass``, so data that no one
    has chosen to be bad are fine with any length: their small weights are rounded up as often as down. But where one
    key stands against very many of which each is almost ``2**-(weight_bits + 1)`` of it, these are all lost; a design
    that must hold ``2**-8 * R`` there as well needs ``weight_bits >= 8 + log2(N)``. With unified_max S may be smaller
    by up to ``2**-slack``, which needs as many bits more.

    Parameters
    ----------
    params
        The design.
    keys
        Keys that a row sees, at least 1.
    spread
        Difference of the largest and the smallest element of V among them.
    largest
        The largest magnitude of one.
    mass
        Sum of the row's real weights, that of the largest being 1; 1 is the worst.
    """
    count, span = np.asarray(keys, dtype=np.float64), np.asarray(spread, dtype=np.float64)
    size = np.asarray(largest, dtype=np.float64)
    function, lost = exponential_error(params), float(params.softmax == "online")
    rounding = (count - 1) / 2
    top = params.exponential_shape.y_range[0] / 2 ** (params.slack if params.softmax == "unified_max" else 0)
    whole = top * np.asarray(mass) * (1 - 2 * function)
    least = np.maximum(np.maximum(top - 0.5 * (params.softmax == "unified_max"), whole - rounding - lost), 1.0)
    logits = math.tanh(math.log(2) * 2.0 ** -(params.logit_fraction + 2))
    weights = function / 2 / (1 - function) * (1 + (rounding + lost) / least) + rounding / least
    shifts = lost * (size + 1) / least
    quotient = reciprocal_error(params) * (size + shifts) + 2.0**-params.normal_fraction
    bound: FloatArray = span * np.minimum(logits + weights, 1) + shifts + quotient
    return bound + 2.0 ** -(params.output_fraction + 1)


def exponential_error(params: AttentionParams) -> float:
    """Return the largest relative error of ``2**-x`` over all x from 0 to 1, a common factor apart."""
    y = every_result(params.exponential_shape)
    ratio = y * 2.0 ** (np.arange(len(y)) / len(y))
    return float((ratio.max() - ratio.min()) / (ratio.max() + ratio.min()))


def reciprocal_error(params: AttentionParams) -> float:
    """Return the largest relative error of ``1 / (1 + x)`` over all real x from 0 to 1, of which bits are cut off."""
    y = every_result(params.reciprocal_shape) / 2.0**RECIPROCAL_BITS
    x = np.arange(len(y) + 1) / len(y)
    return float(np.abs(np.stack([y * (1 + x[:-1]), y * (1 + x[1:])]) - 1).max())
