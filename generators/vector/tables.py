"""What is missing from ReLU to GELU and SiLU, as straight pieces in fixed point; no hardware import."""

import math

import numpy as np
from numpy.typing import NDArray

from ...hdl.piecewise_shape import PiecewiseShape

__all__ = ["REACH", "correction"]

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
