"""The functions that the units look up, as straight pieces in fixed point; no hardware import."""

import math

import numpy as np
from numpy.typing import NDArray

from ...hdl.piecewise_shape import PiecewiseShape

__all__ = ["REACH", "correction", "exp2", "reciprocal", "reciprocal_root"]

FloatArray = NDArray[np.float64]

REACH = {"gelu": 5.5, "silu": 12.0}
"""Beyond this magnitude an activation is taken for ReLU: off by 1.1e-7 (gelu) or 7.4e-5 (silu) at most."""

_erfc = np.vectorize(math.erfc, otypes=[np.float64])


def _gelu_gap(x: FloatArray) -> FloatArray:
    """Return relu(x) - gelu(x), an even function, for x from 0."""
    gap: FloatArray = x * _erfc(x / math.sqrt(2)) / 2
    return gap


def _silu_gap(x: FloatArray) -> FloatArray:
    """Return relu(x) - silu(x), an even function, for x from 0."""
    gap: FloatArray = x / (1 + np.exp(x))
    return gap


_GAPS = {"gelu": _gelu_gap, "silu": _silu_gap}


def correction(unit: str, bits: int, result_bits: int, table_bits: int) -> PiecewiseShape:
    """Return ReLU minus the activation for magnitudes up to `REACH`.

    Parameters
    ----------
    unit
        ``gelu`` or ``silu``.
    bits, result_bits
        Bits below the point of the magnitude and of the result.
    table_bits
        There are ``2**table_bits`` pieces to each unit of the magnitude.
    """
    gap, pieces = _GAPS[unit], int(REACH[unit] * (1 << table_bits))
    return PiecewiseShape.of(lambda x: gap(x / 2**bits) * 2**result_bits, pieces, bits - table_bits)


def exp2(bits: int, result_bits: int, table_bits: int) -> PiecewiseShape:
    """Return ``2**-x`` for x from 0 to 1; results lie between a half and 1."""
    return PiecewiseShape.of(lambda x: 2.0 ** (result_bits - x / 2**bits), 1 << table_bits, bits - table_bits)


def reciprocal(bits: int, table_bits: int) -> PiecewiseShape:
    """Return ``1 / (1 + x)`` for x from 0 to 1 with as many bits below the point as x has."""
    return PiecewiseShape.of(lambda x: 2.0**bits / (1 + x / 2**bits), 1 << table_bits, bits - table_bits)


def reciprocal_root(bits: int, table_bits: int) -> PiecewiseShape:
    """Return ``1 / sqrt(v)`` for v from 1 to 4 with `bits` bits below the point.

    The argument is the mantissa of v, v being ``(1 + mantissa) * 2**odd``, with `odd` in the bit above its `bits`.
    """

    def root(x: FloatArray) -> FloatArray:
        odd = x >= 2**bits
        v = np.where(odd, 2 * (x / 2**bits), 1 + x / 2**bits)
        y: FloatArray = 2.0**bits / np.sqrt(v)
        return y

    return PiecewiseShape.of(root, 2 << table_bits, bits - table_bits)
