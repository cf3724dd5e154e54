"""A function as straight pieces between equally wide segments, in integers; no hardware import."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..errors import must

__all__ = ["PiecewiseShape"]

IntArray = NDArray[np.int64]
RealFunction = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True)
class PiecewiseShape:
    """``y = (base[i] + slope[i] * rest) >> guard_bits`` for ``x = i * 2**rest_bits + rest``, x being unsigned.

    Parameters
    ----------
    base, slope
        A pair for each segment, at most a power of two of them; x beyond the last one has no meaning. A base holds
        the guard bits and half a unit of the result, so that dropping the guard bits rounds.
    rest_bits
        Bits of x below the segment's number.
    guard_bits
        Bits of the sum below a unit of the result.
    """

    base: tuple[int, ...]
    slope: tuple[int, ...]
    rest_bits: int
    guard_bits: int

    @classmethod
    def of(cls, function: RealFunction, segments: int, rest_bits: int) -> "PiecewiseShape":
        """Return the pieces that follow a function, each moved by half of its largest error.

        Parameters
        ----------
        function
            Takes x as float64 in units of the input, between 0 and ``segments * 2**rest_bits``, both included; gives
            results in units of the output. Smooth, and bent to one side within a segment.
        segments
            Number of pieces, from 1.
        rest_bits
            Bits of x below the segment's number.

        Raises
        ------
        InputError
            Where there is no segment.
        """
        if segments < 1:
            raise must("Piecewise segments", "be positive", segments)
        width, guard = 1 << rest_bits, rest_bits + 1
        knots = np.arange(segments + 1, dtype=np.float64) * width
        values = function(knots)
        slope = np.diff(values) / width
        middle = function(knots[:-1] + width / 2) - (values[:-1] + values[1:]) / 2
        base = values[:-1] + middle / 2 + 0.5
        scaled = [np.rint(part * (1 << guard)).astype(np.int64) for part in (base, slope)]
        return cls(tuple(scaled[0].tolist()), tuple(scaled[1].tolist()), rest_bits, guard)

    @property
    def segments(self) -> int:
        """Number of pieces."""
        return len(self.base)

    @property
    def index_bits(self) -> int:
        """Bits of a segment's number."""
        return (self.segments - 1).bit_length()

    @property
    def x_bits(self) -> int:
        """Bits of x, unsigned."""
        return self.index_bits + self.rest_bits

    @cached_property
    def y_range(self) -> tuple[int, int]:
        """Return the smallest and the largest result: a piece is straight, so they lie at its ends."""
        ends = self.evaluate(
            np.concatenate(
                [np.arange(self.segments) << self.rest_bits, ((np.arange(self.segments) + 1) << self.rest_bits) - 1]
            )
        )
        return int(ends.min()), int(ends.max())

    def evaluate(self, x: IntArray) -> IntArray:
        """Return y for an array of x, int64, each at least 0 and within the segments."""
        segment, rest = x >> self.rest_bits, x & ((1 << self.rest_bits) - 1)
        base, slope = (np.array(part, dtype=np.int64) for part in (self.base, self.slope))
        y: IntArray = (base[segment] + slope[segment] * rest) >> self.guard_bits
        return y
