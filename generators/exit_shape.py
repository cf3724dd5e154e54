"""What happens to the sums of a beat on chip before they leave, as plain values; no hardware import."""

from dataclasses import dataclass
from typing import Literal

from ..hdl.formats import Format, Integer
from ..hdl.requantize_shape import RequantizeShape, requantize_latency

__all__ = ["ExitShape", "exit_latency"]


@dataclass(frozen=True)
class ExitShape:
    """Beats of `rows` times `cols` sums, columns being output channels.

    Parameters
    ----------
    rows, cols
        Sums of a beat, row by row.
    sum_bits
        Bits of a signed sum, and of a signed addend.
    output
        Format of a result.
    addend
        Nothing is added, a bias per column, or a matrix with a value for each sum.
    requantize
        Whether sums are scaled, rounded, offset and clipped to `output`; else they are sign-extended to it.
    multiplier_bits, activation
        As `RequantizeShape` has them.
    """

    rows: int
    cols: int
    sum_bits: int
    output: Format
    addend: Literal["none", "bias", "matrix"] = "none"
    requantize: bool = False
    multiplier_bits: int = 16
    activation: str = "none"

    @property
    def lanes(self) -> int:
        """Sums of a beat."""
        return self.rows * self.cols

    @property
    def adds(self) -> bool:
        """Whether something is added."""
        return self.addend != "none"

    @property
    def requantizer(self) -> RequantizeShape | None:
        """What requantises one sum, None where nothing does."""
        if not self.requantize or not isinstance(self.output, Integer):
            return None
        return RequantizeShape(self.sum_bits, self.output, self.multiplier_bits, self.adds, self.activation)

    @property
    def latency(self) -> int:
        """Cycles that addend and requantisation take."""
        return exit_latency(self.requantize, self.adds, self.activation)


def exit_latency(requantize: bool, adds: bool, activation: str) -> int:
    """Cycles that addend and requantisation take."""
    return requantize_latency(activation, adds) if requantize else int(adds)
