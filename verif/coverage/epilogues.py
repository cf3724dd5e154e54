"""Cover points of what follows a sum: bias, scale, rounding, activation, zero point and both ends of the range."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...hdl.formats import Format
from ..golden.requantize import scale
from .common import scalars
from .observation import Point, Points

__all__ = ["Requantised", "requantising"]

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Requantised:
    """The way of sums through a requantiser.

    Parameters
    ----------
    sums
        What is scaled, of any shape.
    multiplier, shift
        Of the scale; they broadcast to the sums.
    zero_point
        Added before the result is clipped.
    activation
        What is applied: ``none``, ``relu`` or ``squared_relu``.
    form
        Format of the result.
    """

    sums: IntArray
    multiplier: IntArray
    shift: IntArray
    zero_point: IntArray
    activation: str
    form: Format

    @classmethod
    def of(cls, params: Any, sums: IntArray, tensors: Mapping[str, Any]) -> "Requantised":
        """Return it for a design's sums, ``(…, N)``, and the arguments of its operation."""
        multiplier, shift, zero = (
            np.asarray(tensors.get(name, default), dtype=np.int64)
            for name, default in (("multiplier", 1), ("shift", 0), ("zero_point", 0))
        )
        active = params.activation if tensors.get("activate") in (None, True, 1) else "none"
        return cls(sums, multiplier, shift, zero, active, params.output_format)

    @cached_property
    def ties(self) -> IntArray:
        """Quotients, rounded down, of the sums that lie half-way between two results."""
        wide = self.sums.astype(object) * self.multiplier.astype(object)
        shift = np.broadcast_to(self.shift, wide.shape).astype(object)
        half = (wide & ((1 << shift) - 1)) * 2 == (1 << shift)
        return np.asarray((wide >> shift)[half & (shift > 0)] & 1, dtype=np.int64)

    @cached_property
    def unclipped(self) -> NDArray[Any]:
        """Results before they are clipped; those of ``squared_relu`` only where it is not applied."""
        scaled = scale(self.sums, self.multiplier, self.shift)
        if self.activation == "squared_relu":
            return np.zeros(0, dtype=np.int64)
        return np.asarray((np.maximum(scaled, 0) if self.activation == "relu" else scaled) + self.zero_point)

    @cached_property
    def limited(self) -> bool:
        """Whether ``squared_relu`` limits a number before it is squared."""
        bits = self.form.hi.bit_length()
        scaled = scale(self.sums, self.multiplier, self.shift)
        return self.activation == "squared_relu" and bool((scaled >= 1 << bits).any())


def requantising(params: Any, of: Callable[[Any], Requantised], *, negative: bool) -> Points:
    """Return the points of a requantiser.

    Parameters
    ----------
    params
        The design.
    of
        Gives the requantisation from a family's facts.
    negative
        Whether sums can be negative.
    """
    form = params.output_format
    made = [
        _point("saturates high", f"a result is above {form.hi}", lambda r: (r.unclipped > r.form.hi).any(), of),
        _point("tie to even, down", "half-way between two results, the lower is even", lambda r: 0 in r.ties, of),
        _point("tie to even, up", "half-way between two results, the upper is even", lambda r: 1 in r.ties, of),
        _point("shift 0", "nothing is dropped", lambda r: (r.shift == 0).any(), of),
    ]
    if negative:
        made.append(
            _point("saturates low", f"a result is below {form.lo}", lambda r: (r.unclipped < r.form.lo).any(), of)
        )
    signs: dict[str, Callable[[IntArray], Any]] = {"above 0": lambda z: z > 0}
    signs |= {"below 0": lambda z: z < 0} if form.lo < 0 else {}
    return (*made, *scalars("epilogue", "zero point", lambda f: of(f).zero_point, signs), *_activation(params, of))


def _activation(params: Any, of: Callable[[Any], Requantised]) -> Points:
    """Return the points of the activation that a design has, if any."""
    word = getattr(params, "activation", "none")
    if word == "none":
        return ()
    made = [
        _point(f"{word} off", f"{word} is there and not applied", lambda r: r.activation == "none", of),
        _point(f"{word} of negatives", f"{word} makes a negative sum 0", _negative_active, of),
        _point(f"{word} of positives", f"{word} of a positive sum", _positive_active, of),
    ]
    if word == "squared_relu":
        made.append(_point("limit before the square", "too large a number is limited, then squared", _limited, of))
    return tuple(made)


def _point(name: str, meaning: str, holds: Callable[[Requantised], Any], of: Callable[[Any], Requantised]) -> Point:
    return Point("epilogue", name, meaning, lambda o: bool(holds(of(o.facts))))


def _negative_active(found: Requantised) -> bool:
    return found.activation != "none" and bool((found.sums < 0).any())


def _positive_active(found: Requantised) -> bool:
    return found.activation != "none" and bool((found.sums > 0).any())


def _limited(found: Requantised) -> bool:
    return found.limited
