"""Golden matrix product: exact, saturating and wrapping accumulation, step by step as the accumulator sees it."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError

__all__ = ["Accumulator", "accumulate", "exact_product", "narrow"]

IntArray = NDArray[np.int64]
Overflow = Literal["exact", "saturate", "wrap"]
EXACT_FLOAT = 2**53
"""float64 holds every integer up to here, so a BLAS product whose partial sums stay below it is exact."""


def exact_product(a: IntArray, b: IntArray) -> IntArray:
    """Return ``a @ b`` exactly; batch axes broadcast as in `numpy.matmul`.

    Parameters
    ----------
    a, b
        ``(…, M, K)`` and ``(…, K, N)`` integers; no sum of products may leave 63 bits.
    """
    bound = _magnitude(a) * _magnitude(b) * a.shape[-1]
    if bound < EXACT_FLOAT:
        fast: IntArray = np.matmul(a.astype(np.float64), b.astype(np.float64)).astype(np.int64)
        return fast
    if bound >= 2**63:
        raise InputError(f"Golden product must stay below 2^63, not reach {bound}")
    product: IntArray = np.matmul(a, b)
    return product


def narrow(values: IntArray, bits: int, overflow: Overflow) -> IntArray:
    """Bring integers into a signed accumulator of `bits` bits.

    ``exact`` promises that they fit and raises `InputError` if one does not: the width was derived wrongly.
    """
    half = 1 << (bits - 1)
    if overflow == "saturate":
        limited: IntArray = np.clip(values, -half, half - 1)
        return limited
    if overflow == "wrap":
        return ((values + half) & (2 * half - 1)) - half
    outside = (values < -half) | (values >= half)
    if outside.any():
        raise InputError(f"Golden sum must fit in {bits} bits, not reach {int(values[outside].flat[0])}")
    return values


class Accumulator:
    """Sums that grow by one step at a time and are narrowed after each.

    Parameters
    ----------
    bits
        Width of the signed accumulator, at most 62.
    overflow
        What a sum does beyond it.
    """

    def __init__(self, bits: int, overflow: Overflow) -> None:
        self.bits = bits
        self.overflow: Overflow = overflow
        self.value: IntArray = np.zeros((), dtype=np.int64)

    def add(self, products: IntArray) -> None:
        """Add the exact sum of one step's products and narrow."""
        self.value = narrow(self.value + products, self.bits, self.overflow)


def accumulate(a: IntArray, b: IntArray, *, step: int, bits: int, overflow: Overflow) -> IntArray:
    """Return A x B as an accumulator of `bits` bits holds it after adding `step` products at a time, in order of K.

    Parameters
    ----------
    a, b
        ``(…, M, K)`` and ``(…, K, N)``.
    step
        Products that are added exactly before the sum is narrowed.
    bits, overflow
        As in `narrow`.

    Returns
    -------
    numpy.ndarray
        ``(…, M, N)``, int64.
    """
    if overflow == "exact":
        return narrow(exact_product(a, b), bits, overflow)
    total = Accumulator(bits, overflow)
    for at in range(0, a.shape[-1], step):
        total.add(exact_product(a[..., :, at : at + step], b[..., at : at + step, :]))
    return total.value


def _magnitude(values: IntArray) -> int:
    """Return the largest absolute value, as a Python integer."""
    return max(abs(int(values.min())), abs(int(values.max()))) if values.size else 0
