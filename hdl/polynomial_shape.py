"""A polynomial in integers by Horner's rule; no hardware import."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.polynomial import chebyshev, polynomial
from numpy.typing import NDArray

from ..errors import must
from .piecewise_shape import RealFunction

__all__ = ["PolynomialShape"]

IntArray = NDArray[np.int64]

GUARD_BITS = 4
"""Bits of every sum below a unit of the result."""


@dataclass(frozen=True)
class PolynomialShape:
    """``y = (… ((c[n] * x >> x_bits) + c[n - 1]) * x >> x_bits …  + c[0]) >> GUARD_BITS`` for an unsigned x.

    Parameters
    ----------
    coefficients
        From the constant one on, with the guard bits; the constant holds half a unit, so that dropping them rounds.
    x_bits
        Bits of x.
    """

    coefficients: tuple[int, ...]
    x_bits: int

    @classmethod
    def of(cls, function: RealFunction, degree: int, x_bits: int) -> "PolynomialShape":
        """Return the polynomial through a function's Chebyshev nodes, close to the best one of its degree.

        Parameters
        ----------
        function
            Takes x as float64 in units of the input, from 0 to ``2**x_bits``; gives results in units of the output.
        degree
            From 1.
        x_bits
            Bits of x.

        Raises
        ------
        InputError
            Where the degree is not positive.
        """
        if degree < 1:
            raise must("Polynomial degree", "be positive", degree)
        nodes = chebyshev.chebpts1(degree + 1)
        fitted = chebyshev.chebfit(nodes, function((nodes + 1) / 2 * (1 << x_bits)), degree)
        # From u in [-1, 1] to x in [0, 1).
        powers, moved = chebyshev.cheb2poly(fitted), np.zeros(1)
        for power in reversed(powers):
            moved = polynomial.polyadd(polynomial.polymul(moved, [-1.0, 2.0]), [power])
        scaled = moved[: degree + 1] * (1 << GUARD_BITS)
        scaled[0] += 1 << (GUARD_BITS - 1)
        return cls(tuple(np.rint(scaled).astype(np.int64).tolist()), x_bits)

    @property
    def degree(self) -> int:
        """Number of multiplications."""
        return len(self.coefficients) - 1

    @cached_property
    def ranges(self) -> tuple[tuple[int, int], ...]:
        """Return the smallest and largest sum after each step, from the coefficient of the highest power on."""
        x = np.arange(1 << self.x_bits, dtype=np.int64)
        return tuple((int(total.min()), int(total.max())) for total in self._sums(x))

    @property
    def y_range(self) -> tuple[int, int]:
        """Return the smallest and the largest result."""
        lo, hi = self.ranges[-1]
        return lo >> GUARD_BITS, hi >> GUARD_BITS

    def evaluate(self, x: IntArray) -> IntArray:
        """Return y for an array of x, int64, each from 0 to ``2**x_bits - 1``."""
        return self._sums(x)[-1] >> GUARD_BITS

    def _sums(self, x: IntArray) -> list[IntArray]:
        """Return what Horner's rule has after each coefficient."""
        sums = [np.full_like(x, self.coefficients[-1])]
        for coefficient in self.coefficients[-2::-1]:
            sums.append((sums[-1] * x >> self.x_bits) + coefficient)
        return sums
