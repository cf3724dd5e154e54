"""Widths of the normalising units, from their parameters; no hardware import."""

import math
from dataclasses import dataclass
from functools import cached_property

from ...hdl.elementary import reciprocal_root
from ...hdl.formats import Integer, width_of
from ...hdl.piecewise_shape import PiecewiseShape
from .params import VectorParams

__all__ = ["NormShape"]

FINER = 4


@dataclass(frozen=True)
class NormShape:
    """What ``(N x - sum) / sqrt(N sum(x*x) - sum**2)`` needs: nothing is divided by N, so all sums are exact.

    Parameters
    ----------
    params
        A layernorm or rmsnorm unit.
    """

    params: VectorParams

    @property
    def centres(self) -> bool:
        """Whether the mean is subtracted."""
        return self.params.unit == "layernorm"

    @property
    def count(self) -> Integer:
        """Format of N."""
        return Integer(self.params.max_length.bit_length(), is_signed=False)

    @property
    def sum_format(self) -> Integer:
        """Format of the sum of x."""
        lo, hi = self.params.x_format.lo, self.params.x_format.hi
        return Integer(width_of(lo * self.params.max_length, hi * self.params.max_length)[0])

    @property
    def square_bits(self) -> int:
        """Bits of the sum of squares, unsigned."""
        return (self.params.max_length * self.params.x_format.lo**2).bit_length()

    @property
    def spread_bits(self) -> int:
        """Bits of ``N**2`` times variance or mean square, unsigned."""
        return (self.params.max_length**2 * self.params.x_format.lo**2).bit_length()

    @property
    def epsilon(self) -> Integer:
        """Format of what is added to that: ``N**2`` times the usual epsilon in squared units of x."""
        return Integer(self.spread_bits, is_signed=False)

    @property
    def root_bits(self) -> int:
        """Bits below the point of the reciprocal root, and of the mantissa that it is looked up by."""
        return self.params.fraction + FINER

    @cached_property
    def root_table(self) -> PiecewiseShape:
        """Return ``1 / sqrt(v)``, v from 1 to 4."""
        return reciprocal_root(self.root_bits, self.params.table_bits)

    @property
    def root_width(self) -> int:
        """Bits of a reciprocal root, unsigned."""
        return width_of(0, self.root_table.y_range[1])[0]

    @property
    def deviation(self) -> Integer:
        """Format of ``N x - sum``, or ``N x``."""
        form = self.params.x_format
        reach = self.params.max_length * (form.hi - form.lo if self.centres else -form.lo)
        return Integer(width_of(-reach, reach)[0])

    @property
    def shift_offset(self) -> int:
        """What is added to half the exponent of the spread for the shift of ``deviation * root``."""
        return FINER

    @property
    def normal(self) -> Integer:
        """Format of a normalised value: at most sqrt(N), with `fraction` bits below the point."""
        most = (math.isqrt(self.params.max_length) + 1) << self.params.fraction
        return Integer(width_of(-most, most)[0])

    @property
    def beta(self) -> Integer:
        """Format of beta: in units of a normalised value times gamma, as wide as their product."""
        return Integer(self.normal.bits + self.params.gamma.bits)

    @property
    def total_bits(self) -> int:
        """Bits of what is requantised: normalised value, times gamma, plus beta, signed."""
        if not self.params.has_gamma:
            return self.normal.bits
        return self.beta.bits + self.params.has_beta
