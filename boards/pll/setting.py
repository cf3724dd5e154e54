"""What every clock source has in common: a frequency, its dividers, and the Verilog that makes it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ...errors import CheckError

__all__ = ["Range", "Setting", "best", "pin_setting"]


@dataclass(frozen=True)
class Range:
    """Least and greatest frequency in Hz, both allowed."""

    least: int
    most: int

    def __contains__(self, value: Fraction | int) -> bool:
        """Tell whether a frequency is allowed."""
        return self.least <= value <= self.most


@dataclass(frozen=True)
class Setting:
    """One way to make a clock.

    Parameters
    ----------
    f_in, f_out
        Hz at the pin, and of the clock, exact.
    primitive
        The cell that makes it; ``pin`` where there is none.
    dividers
        The cell's dividers as its manual counts them, and ``halvings``: how often a register halves it behind that.
    verilog
        Declares and drives ``clk`` and ``locked`` from ``pin_clk``.
    """

    f_in: int
    f_out: Fraction
    primitive: str
    dividers: Mapping[str, int]
    verilog: str

    @property
    def mhz(self) -> str:
        """The clock for people."""
        return f"{float(self.f_out) / 1e6:.6g} MHz"

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the Verilog as JSON holds it."""
        made = {"primitive": self.primitive, "dividers": dict(self.dividers)}
        return {"in_hz": self.f_in, "out_hz": float(self.f_out), **made}


def pin_setting(f_in: int) -> Setting:
    """Return the pin's own clock."""
    return Setting(f_in, Fraction(f_in), "pin", {}, "  wire clk = pin_clk;\n  wire locked = 1'b1;\n")


def best(
    found: Iterable[Setting], at_most: float, fits: Callable[[Setting], bool] | None = None, of: str = "Board"
) -> Setting:
    """Return the fastest setting that is not above a frequency; of equally fast ones that of fewest registers.

    Parameters
    ----------
    found
        Settings to choose from.
    at_most
        Hz.
    fits
        What else must hold; asked of the fastest first.
    of
        Whose clock it is, in the message.

    Raises
    ------
    CheckError
        Where all are faster.
    """
    ordered = sorted(found, key=lambda setting: (-setting.f_out, setting.dividers.get("halvings", 0)))
    for setting in ordered:
        if setting.f_out <= at_most and (fits is None or fits(setting)):
            return setting
    usable = [setting for setting in ordered if fits is None or fits(setting)]
    slowest = f"and its slowest is {usable[-1].mhz}" if usable else "and it has none"
    raise CheckError(
        f"{of} must have a clock of at most {at_most / 1e6:.6g} MHz that the serial line allows, {slowest}"
    )
