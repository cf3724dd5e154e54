"""The real functions of the softmax as integer tables and polynomials; no hardware import."""

import math
from functools import cache
from typing import Literal

from ...hdl.elementary import exp2, reciprocal
from ...hdl.piecewise_shape import PiecewiseShape
from ...hdl.polynomial_shape import PolynomialShape

__all__ = ["RECIPROCAL_BITS", "exponential_shape", "reciprocal_shape"]

RECIPROCAL_BITS = 16
"""Fraction bits of a reciprocal, which lies between 1/2 and 1."""

_RECIPROCAL_X_BITS = 14
_RECIPROCAL_TABLE_BITS = 6
"""Of 64 straight pieces: the middle of a chord of 1 / (1 + x) is off by at most ``2 / (16 * 64**2)``, below 2**-14."""

NEXT_TERM = 7
"""Accuracy that two segments would reach but for the third derivative: 1.05 times its bound was measured."""

_DEGREES = ((8, 2), (13, 3), (16, 4))
"""Accuracy up to which a polynomial of a degree is good enough, measured over all x of up to 12 bits."""


@cache
def exponential_shape(
    kind: Literal["table", "polynomial"], accuracy: int, fraction: int, bits: int
) -> PiecewiseShape | PolynomialShape:
    """Return ``2**-x`` for x in [0, 1), x in units of ``2**-fraction``, results in units of ``2**-bits``.

    Parameters
    ----------
    kind
        How it is computed.
    accuracy
        The error is at most ``2**-accuracy``, beside the rounding of x and of the result.
    fraction, bits
        Fraction bits of x and of the result. The result is less than 1, so it has no more bits: the function is
        scaled by a little less than 1, which normalisation takes out again.
    """
    # Room for the error and for rounding, so that no result reaches 1.
    most = (1 << bits) - 1 - (1 << max(bits - accuracy - 1, 0))
    if kind == "polynomial":
        degree = next(degree for limit, degree in _DEGREES if accuracy <= limit)
        return PolynomialShape.of(lambda x: most * 2.0 ** (-x / (1 << fraction)), degree, fraction)
    # The middle of a chord over a segment of width h is off by (h ln 2)**2 / 16.
    least = math.log(2) / 4 * 2 ** (accuracy / 2)
    # Two segments are so wide that the next term counts as well.
    table_bits = min(math.ceil(math.log2(least)) + (accuracy == NEXT_TERM), fraction)
    return exp2(fraction, most, table_bits)


@cache
def reciprocal_shape() -> PiecewiseShape:
    """Return ``1 / (1 + x)`` for x in [0, 1), results of `RECIPROCAL_BITS` fraction bits."""
    return reciprocal(_RECIPROCAL_X_BITS, RECIPROCAL_BITS, _RECIPROCAL_TABLE_BITS)
