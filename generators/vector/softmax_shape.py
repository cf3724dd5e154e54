"""Widths of the softmax unit, from its parameters; no hardware import."""

from dataclasses import dataclass
from functools import cached_property

from ...hdl.elementary import exp2, reciprocal
from ...hdl.formats import Integer, width_of
from ...hdl.piecewise_shape import PiecewiseShape
from .params import VectorParams

__all__ = ["SoftmaxShape"]

OCTAVES = 5
"""A unit of x is at most so many doublings of an octave: beyond 2**5 octaves the smaller of two results is 0 anyway."""
FINER = 2
SUM_GUARD = 4
HELD_GUARD = 5


@dataclass(frozen=True)
class SoftmaxShape:
    """What a softmax in base 2 with an integer maximum needs.

    Parameters
    ----------
    params
        A softmax unit.
    """

    params: VectorParams

    @property
    def score(self) -> Integer:
        """Format of a scaled score: octaves with `fraction` bits below the point."""
        return Integer(self.params.x_format.bits + OCTAVES + self.params.fraction)

    @property
    def lift(self) -> int:
        """Places by which x is moved up before it is scaled, so that multipliers reach ``2**OCTAVES`` octaves."""
        return max(self.params.fraction + OCTAVES - self.params.multiplier_bits + 1, 0)

    @property
    def peak(self) -> Integer:
        """Format of a maximum in whole octaves, rounded up."""
        return Integer(self.params.x_format.bits + OCTAVES + 1)

    @cached_property
    def power_table(self) -> PiecewiseShape:
        """Return ``2**-x`` below an octave."""
        return exp2(self.params.fraction, 2.0**self.table_result_bits, self.params.table_bits)

    @property
    def table_result_bits(self) -> int:
        """Bits of a looked-up power below the point."""
        return self.params.fraction + FINER

    @property
    def power_bits(self) -> int:
        """Bits of a power below the point as it is summed.

        Dropping what lies below costs each element and each beat less than one such unit; all of them together stay
        below ``2**(1 - SUM_GUARD)`` of the result's unit, relative to a sum of a half or more.
        """
        wanted = self.params.o_format.bits + (self.params.max_length - 1).bit_length() + SUM_GUARD
        return max(wanted, self.table_result_bits)

    @property
    def held_bits(self) -> int:
        """Bits of a power below the point as it is held for the second phase."""
        return min(self.params.o_format.bits + HELD_GUARD, self.power_bits)

    @property
    def beat_bits(self) -> int:
        """Bits of the sum of one beat's powers, each at most 1."""
        return (self.params.lanes << self.power_bits).bit_length()

    @property
    def sum_bits(self) -> int:
        """Bits of the sum of all powers of a vector, each at most 1; a beat more, since lanes may stay unused."""
        return ((self.params.max_beats * self.params.lanes) << self.power_bits).bit_length()

    @cached_property
    def reciprocal_table(self) -> PiecewiseShape:
        """Return ``1 / (1 + x)``."""
        return reciprocal(self.reciprocal_bits, self.reciprocal_bits, self.params.table_bits)

    @property
    def reciprocal_bits(self) -> int:
        """Bits below the point of the sum's mantissa and of its reciprocal."""
        return self.params.fraction + FINER

    @property
    def shift_offset(self) -> int:
        """What is added to the position of the sum's leading one for the shift of ``power * reciprocal``."""
        return self.held_bits + self.reciprocal_bits - self.params.o_format.bits - self.power_bits

    @property
    def longest_shift(self) -> int:
        """A shift of so many places and more leaves nothing of ``power * reciprocal``."""
        return self.held_bits + self.reciprocal_bits + 2

    @property
    def base_bits(self) -> int:
        """Bits of a peak plus the sum's place plus `shift_offset`, signed."""
        most = self.sum_bits - 1 + max(self.shift_offset, 0) + self.peak.hi
        return width_of(self.peak.lo + min(self.shift_offset, 0), most)[0]

    @property
    def reciprocal_width(self) -> int:
        """Bits of a reciprocal, unsigned."""
        return width_of(0, self.reciprocal_table.y_range[1])[0]
