"""Widths of the activation units, from their parameters; no hardware import."""

from dataclasses import dataclass
from functools import cached_property

from ...hdl.formats import Integer, width_of
from ...hdl.piecewise_shape import PiecewiseShape
from .params import VectorParams
from .tables import REACH, correction

__all__ = ["ActivationShape"]

FINER = 3
"""Bits that a correction has below the point beyond those of the argument: its rounding is then no matter."""


@dataclass(frozen=True)
class ActivationShape:
    """What ``relu(x) - gap(|x|)`` needs.

    Parameters
    ----------
    params
        A gelu or silu unit.
    """

    params: VectorParams

    @property
    def argument(self) -> Integer:
        """Format of x in units of ``2**-fraction``; what it cannot hold lies beyond the table's reach."""
        return Integer(self.params.fraction + self.reach_bits + 1)

    @property
    def reach_bits(self) -> int:
        """A scale of ``2**reach_bits`` and more takes every x but 0 beyond the table's reach."""
        return int(REACH[self.params.unit]).bit_length()

    @property
    def lift(self) -> int:
        """Places by which x is moved up before it is scaled, so that multipliers reach ``2**reach_bits``."""
        return max(self.params.fraction + self.reach_bits - self.params.multiplier_bits + 1, 0)

    @property
    def correction_bits(self) -> int:
        """Bits of a correction below the point."""
        return self.params.fraction + FINER

    @property
    def alignment(self) -> int:
        """Places by which x times its multiplier is moved up, so that the corrections' multiplier is about as large.

        It is where the largest x stands for a half; the more it stands for, the less corrections matter.
        """
        return max(self.correction_bits - self.params.x_format.bits, 0)

    @cached_property
    def table(self) -> PiecewiseShape:
        """Return the corrections."""
        params = self.params
        return correction(params.unit, params.fraction, self.correction_bits, params.table_bits)

    @property
    def reach(self) -> int:
        """First magnitude that has no correction."""
        return self.table.segments << self.table.rest_bits

    @property
    def sum_range(self) -> tuple[int, int]:
        """Return the smallest and the largest ``relu(x) * multiplier * 2**alignment - gap * correction``."""
        most = self.params.multiplier_format.hi
        lo, hi = self.table.y_range
        return -hi * most, ((self.params.x_format.hi << self.alignment) - min(lo, 0)) * most

    @property
    def sum_bits(self) -> int:
        """Bits of that difference, signed."""
        return width_of(min(self.sum_range[0], -1), self.sum_range[1])[0]
