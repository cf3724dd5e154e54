"""Powers of two, reciprocals and reciprocal roots as straight pieces in fixed point; no hardware import."""

import numpy as np
from numpy.typing import NDArray

from .piecewise_shape import PiecewiseShape

__all__ = ["exp2", "reciprocal", "reciprocal_root"]

FloatArray = NDArray[np.float64]


def exp2(bits: int, most: float, table_bits: int) -> PiecewiseShape:
    """Return ``most * 2**-x`` for x from 0 to 1 with `bits` bits below the point, by ``2**table_bits`` pieces."""
    return PiecewiseShape.of(lambda x: most * 2.0 ** (-x / 2**bits), 1 << table_bits, bits - table_bits)


def reciprocal(bits: int, result_bits: int, table_bits: int) -> PiecewiseShape:
    """Return ``1 / (1 + x)`` for x from 0 to 1; `bits` and `result_bits` are those below the points."""
    return PiecewiseShape.of(lambda x: 2.0**result_bits / (1 + x / 2**bits), 1 << table_bits, bits - table_bits)


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
