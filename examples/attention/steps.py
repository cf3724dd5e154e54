"""What 1 stands for in each integer tensor of an encoder layer, from what went through the float layer."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtloom.hdl.formats import Integer

from ..transformer.encoder import LayerTrace

__all__ = ["NARROW", "WIDE", "Steps", "per_channel"]

Reals = NDArray[np.float64]

NARROW, WIDE = Integer(8), Integer(16)
"""Formats of what is multiplied, and of sums and the argument of GELU."""
MARGIN = 1.2
"""Room above the largest value seen, for sentences that were not."""
FLOOR = 1.0
"""Least range of a channel, as a share of the median channel's: a rare value of a quiet channel is not clipped."""


@dataclass(frozen=True)
class Steps:
    """The real number that 1 stands for in each tensor that `LayerTrace` names.

    Normalised tensors have a step for each channel, since their unit multiplies each by a factor of its own anyway;
    queries, keys and values have one for each head, the others one.

    Parameters
    ----------
    hidden, attended, output
        ``(width,)``, int8.
    query, key, value
        ``(heads,)``, int8.
    context
        int8.
    attention_sum, output_sum, inner_input
        int16. Projections have the step of the sum that they are added to.
    inner, inner_zero
        int8; what 0 is in it: GELU gives little below 0, so that most of the range lies above.
    """

    hidden: Reals
    query: Reals
    key: Reals
    value: Reals
    context: float
    attention_sum: float
    attended: Reals
    inner_input: float
    inner: float
    inner_zero: int
    output_sum: float
    output: Reals

    @classmethod
    def calibrate(cls, trace: LayerTrace, heads: int) -> "Steps":
        """Return steps with which what was seen fits, and a little more.

        Parameters
        ----------
        trace
            What went through the float layer for sentences that show which ranges there are.
        heads
            Attention heads.
        """
        inner, zero = _asymmetric(trace.inner)
        return cls(
            hidden=per_channel(trace.hidden),
            query=_per_head(trace.query, heads),
            key=_per_head(trace.key, heads),
            value=_per_head(trace.value, heads),
            context=_whole(NARROW, trace.context),
            attention_sum=_whole(WIDE, trace.attention_sum, trace.attention_sum - trace.hidden),
            attended=per_channel(trace.attended),
            inner_input=_whole(WIDE, trace.inner_input),
            inner=inner,
            inner_zero=zero,
            output_sum=_whole(WIDE, trace.output_sum, trace.output_sum - trace.attended),
            output=per_channel(trace.output),
        )


def per_channel(x: NDArray[Any]) -> Reals:
    """Return a step for each column of ``(T, width)``."""
    ranges = np.abs(x).max(axis=0).astype(np.float64)
    steps: Reals = MARGIN * np.maximum(ranges, FLOOR * np.median(ranges)) / NARROW.hi
    return _positive(steps)


def _per_head(x: NDArray[Any], heads: int) -> Reals:
    """Return a step for each head's columns."""
    ranges = np.abs(x).reshape(len(x), heads, -1).max(axis=(0, 2)).astype(np.float64)
    return _positive(MARGIN * ranges / NARROW.hi)


def _whole(form: Integer, *tensors: NDArray[Any]) -> float:
    """Return one step for all."""
    largest = max(float(np.abs(x).max()) for x in tensors)
    return float(_positive(np.array(MARGIN * largest / form.hi)))


def _asymmetric(x: NDArray[Any]) -> tuple[float, int]:
    """Return a step and the code of 0, so that the codes reach from the smallest to the largest value."""
    lo, hi = (float(end) for end in (min(x.min(), 0), max(x.max(), 0)))
    step = float(_positive(np.array((hi - lo) / (NARROW.hi - NARROW.lo))))
    return step, int(np.clip(round(NARROW.lo - lo / step), NARROW.lo, NARROW.hi))


def _positive(steps: Reals) -> Reals:
    """Return steps that are not 0: what is always 0 may have any."""
    return np.where(steps > 0, steps, 1.0)
