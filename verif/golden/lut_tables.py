"""Golden table path of the LUT family: INT8 tables of signed sums, looked up plane by plane."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...hdl.formats import Bipolar, Format, Ternary
from .requantize import round_shift

__all__ = ["table_product", "table_values"]

IntArray = NDArray[np.int64]
LARGEST = 127
"""Largest entry of an INT8 table; the smallest is its negative."""


@dataclass(frozen=True)
class _Digits:
    """Weights as digits -1 and +1: ``factor * w = sum_p 2**shifts[p] * (2 * plus[p] - 1) + rest``.

    `plus` holds for each plane where the digit is +1, in the shape of the weights.
    """

    plus: Sequence[NDArray[np.bool_]]
    shifts: Sequence[int]
    rest: int
    factor: int


def _digits(fmt: Format, w: IntArray) -> _Digits:
    """Return the digits of weights; ternary zeros are +1 and -1, as they are packed."""
    if isinstance(fmt, Bipolar):
        return _Digits([w > 0], [0], 0, 1)
    if isinstance(fmt, Ternary):
        return _Digits([w >= 0, w > 0], [0, 0], 0, 2)
    codes = (w - fmt.lo).astype(np.uint8)
    planes = range(fmt.bits)
    return _Digits([(codes >> p & 1).astype(np.bool_) for p in planes], planes, (1 << fmt.bits) - 1 + 2 * fmt.lo, 2)


def _in_tables(values: NDArray[Any], lookup: int) -> NDArray[Any]:
    """Cut ``(X, K)`` into ``(X, tables, lookup)``, zeros at the end."""
    padded = np.pad(values, ((0, 0), (0, -values.shape[1] % lookup)))
    return padded.reshape(len(values), -1, lookup)


def _exponents(largest: IntArray) -> IntArray:
    """Return the least powers of two with which these magnitudes round to at most 127."""
    exponents = np.zeros_like(largest)
    while (over := round_shift(largest, exponents) > LARGEST).any():
        exponents += over
    return exponents


def table_values(a: IntArray, lookup: int, *, shared: bool) -> IntArray:
    """Return what the entries of INT8 tables stand for, for every choice of signs.

    The entry for the signs ``d`` is ``T = sum_i d_i * a_i`` rounded half to even to a multiple of ``2**e``, where e is
    the least that keeps the entries within -127 to 127.

    Parameters
    ----------
    a
        Activations ``(M, K)``; zeros fill up the last table.
    lookup
        Activations of a table.
    shared
        One e for all tables of a row (those of a group); else each table has its own.

    Returns
    -------
    numpy.ndarray
        ``(M, tables, 2**lookup)``, int64; bit i of the last index is 1 where ``d_i`` is +1.
    """
    elements = _in_tables(a, lookup)
    signs = 2 * (np.arange(1 << lookup)[:, np.newaxis] >> np.arange(lookup) & 1) - 1
    largest = np.abs(elements).sum(axis=2, keepdims=True)
    if shared:
        largest = largest.max(axis=1, keepdims=True)
    exponents = _exponents(largest)
    values: IntArray = round_shift(elements @ signs.T, exponents) << exponents
    return values


def table_product(
    a: IntArray, w: IntArray, zero: IntArray, *, weight_format: Format, lookup: int, shared: bool
) -> IntArray:
    """Return ``a @ (w - zero).T`` as INT8 tables give it; the activations' sums are read from the tables too.

    Parameters
    ----------
    a, w
        Activations ``(M, K)`` and weights ``(N, K)`` of a group.
    zero
        Zero points ``(N,)`` of the weights: 0 unless they are unsigned.
    weight_format
        ``intB``, ``uintB`` up to 8 bits, ``ternary`` or ``bipolar``.
    lookup, shared
        As in `table_values`.

    Returns
    -------
    numpy.ndarray
        ``(M, N)``, int64.
    """
    tables = table_values(a, lookup, shared=shared)
    digits = _digits(weight_format, w)
    places = (1 << np.arange(lookup)).astype(np.uint8)
    all_plus = tables[:, :, -1].sum(axis=1)
    total: IntArray = np.outer(all_plus, digits.rest - digits.factor * zero)
    for shift, plus in zip(digits.shifts, digits.plus, strict=True):
        indices = (_in_tables(plus, lookup) @ places).T
        # Table by table, so that no more than (M, N) values are held at once.
        for table, index in enumerate(indices):
            total += tables[:, table].take(index, axis=1) << shift
    # Exact: a rounded entry is even, and entries that need no rounding have the parity of the sum.
    return total // digits.factor
