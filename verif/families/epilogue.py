"""Random arguments of a requantiser that bring full-scale sums into the output's range, extremes among them."""

from typing import Protocol

import numpy as np

from ...hdl.formats import Format, Integer
from ..stimulus import values
from .base import Tensors

__all__ = ["Requantizing", "requantize_tensors"]


class Requantizing(Protocol):
    """The parameters of a family with a requantiser, as far as its arguments depend on them."""

    @property
    def multiplier_bits(self) -> int:
        """Bits of the multiplier."""

    @property
    def multiplier_format(self) -> Integer:
        """Format of the multiplier."""

    @property
    def output_format(self) -> Format:
        """Format of the result and of the zero point."""

    @property
    def sum_bits(self) -> int:
        """Bits of the sum before anything is added."""

    @property
    def activation(self) -> str:
        """What `activate` switches on."""


def requantize_tensors(params: Requantizing, added_bits: int, channels: int, rng: np.random.Generator) -> Tensors:
    """Draw multiplier, shift, zero point and, where there is an activation, its switch.

    Parameters
    ----------
    params
        The design.
    added_bits
        Bits of the sum with its addend.
    channels
        Output channels; multiplier and shift are of shape ``(channels,)``.
    rng
        Source of the numbers.
    """
    powers = np.int64(1) << rng.integers(params.multiplier_bits, size=channels, dtype=np.int64)
    factors = values("random", params.multiplier_format, (channels,), rng)
    # Powers of two now and then: only they give ties that are not a matter of chance.
    drawn: Tensors = {"multiplier": np.where(rng.random(channels) < 0.15, powers, factors)}
    # Around the shift that brings full-scale sums into the output's range; now and then any shift at all.
    fit = added_bits + params.multiplier_bits - params.output_format.bits
    low, high = (0, 64) if rng.random() < 0.2 else (max(fit - params.sum_bits // 2, 0), min(fit + 2, 64))
    shift = rng.integers(min(low, 63), max(high, low + 1), size=channels, dtype=np.int64).clip(0, 63)
    drawn["shift"] = np.where(rng.random(channels) < 0.05, 0, shift)
    drawn["zero_point"] = int(params.output_format.random(rng, (1,))[0])
    if params.activation != "none":
        drawn["activate"] = bool(rng.random() < 0.7)
    return drawn
