"""What a requantiser computes and how long it takes, as plain values; no hardware import."""

from dataclasses import dataclass

from .formats import Integer

__all__ = ["SHIFT_BITS", "RequantizeShape", "requantize_latency"]

SHIFT_BITS = 6
"""Bits of a shift: 0 to 63 places."""


def requantize_latency(activation: str, bias: bool) -> int:
    """Return the cycles of `en` from a sum to its result: bias, multiply, shift, (square,) round and clip."""
    return 3 + bias + (activation == "squared_relu")


@dataclass(frozen=True)
class RequantizeShape:
    """What a requantiser computes; everything left out costs nothing.

    Parameters
    ----------
    sum_bits
        Bits of the signed sum.
    output
        Format of the result and of the zero point.
    multiplier_bits
        Bits of the unsigned multiplier.
    bias
        Whether a bias as wide as the sum is added first.
    activation
        ``none``, ``relu`` or ``squared_relu``: what `activate` switches on.
    """

    sum_bits: int
    output: Integer
    multiplier_bits: int = 16
    bias: bool = False
    activation: str = "none"

    @property
    def latency(self) -> int:
        """Cycles of `en` from a sum to its result."""
        return requantize_latency(self.activation, self.bias)

    @property
    def activates(self) -> bool:
        """Whether there is an activation to switch on."""
        return self.activation != "none"

    @property
    def clipped_bits(self) -> int:
        """Bits to which a scaled sum may saturate: any zero point then still clips it to the same result."""
        return self.output.bits + 1
