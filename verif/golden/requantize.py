"""Golden epilogue: bias, integer scale, rounding shift, activation, zero point and clip, exact at every width."""

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["requantize", "round_shift", "scale"]

IntArray = NDArray[np.int64]
Activation = Literal["none", "relu", "squared_relu"]
SAFE = 1 << 62
"""Below this magnitude no step of `round_shift` leaves int64, whatever the shift from 0 to 63."""


def round_shift(values: NDArray[Any], shift: NDArray[Any] | int) -> NDArray[Any]:
    """Return ``values / 2**shift`` rounded half to even.

    Exact for int64 arrays below 2^62 and shifts up to 63: with ``q = floor(v / 2^s)`` the product ``q * 2^s`` lies in
    [-2^63, v] and the remainder ``v - q * 2^s`` in [0, 2^63). Arrays of Python integers (dtype object) have no bound.
    """
    quotient = values >> shift
    remainder = values - (quotient << shift)
    # A shift of 0 has remainder 0; its "half" is made 1 so that it never rounds.
    half = np.where(
        np.asarray(shift) > 0,
        (quotient * 0 + 1) << np.maximum(np.asarray(shift) - 1, 0),
        1,
    )
    up = (remainder > half) | ((remainder == half) & ((quotient & 1) == 1))
    rounded: NDArray[Any] = quotient + up.astype(quotient.dtype)
    return rounded


def scale(values: IntArray, multiplier: ArrayLike, shift: ArrayLike) -> NDArray[Any]:
    """Return ``values * multiplier / 2**shift`` rounded half to even.

    The product may need more than 64 bits; then the arithmetic is done on Python integers and the result has
    dtype object, else int64.
    """
    factor = np.asarray(multiplier, dtype=np.int64)
    places = np.asarray(shift, dtype=np.int64)
    if _magnitude(values) * _magnitude(factor) < SAFE:
        return round_shift(np.asarray(values * factor), places)
    wide = np.asarray(values.astype(object) * factor.astype(object))
    return round_shift(wide, places.astype(object))


def requantize(
    sums: IntArray,
    *,
    multiplier: ArrayLike,
    shift: ArrayLike,
    zero_point: int,
    lo: int,
    hi: int,
    activation: Activation = "none",
) -> IntArray:
    """Scale sums to the output format, bit for bit as the hardware does.

    Parameters
    ----------
    sums
        ``(…, N)`` sums, bias already added.
    multiplier, shift
        Scalar or ``(N,)``: the scale is ``multiplier / 2**shift``; shift from 0 to 63.
    zero_point
        Added after the activation.
    lo, hi
        Range of the output format.
    activation
        ``relu``: negatives become 0. ``squared_relu``: clip to 0 … 2^m - 1 and square, scaled by 2^-m, where m is
        the bit length of `hi`.

    Returns
    -------
    numpy.ndarray
        int64 in ``[lo, hi]``.
    """
    result = scale(sums, multiplier, shift)
    if activation == "relu":
        result = np.maximum(result, 0)
    elif activation == "squared_relu":
        bits = hi.bit_length()
        limited = np.clip(result, 0, (1 << bits) - 1)
        result = round_shift(limited * limited, bits)
    out: IntArray = np.clip(result + zero_point, lo, hi).astype(np.int64)
    return out


def _magnitude(values: IntArray) -> int:
    """Return the largest absolute value, as a Python integer."""
    return max(abs(int(values.min())), abs(int(values.max()))) if values.size else 0
