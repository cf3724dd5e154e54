"""A board as data: its FPGA, pins and clock, and how much there is of each resource."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..errors import must

__all__ = ["PINS", "Board"]

PINS = ("clk", "rx", "tx", "led")
"""Pins that every board needs; `rx` and `tx` as the FPGA sees them."""
_FPGAS = ("ice40", "ecp5", "gowin")


@dataclass(frozen=True)
class Board:
    """A board that rtloom can make bitstreams for.

    Parameters
    ----------
    name, title
        What commands and people call it.
    fpga
        ``ice40``, ``ecp5`` or ``gowin``: which tools make its bitstream.
    device, package, speed
        As nextpnr takes them: ``up5k``/``sg48``, ``85k``/``CABGA381``/``6``, ``GW1NR-LV9QN88PC6/I5``/``GW1N-9C``
        (of Gowin, the package is part of the device, and the chip's family stands here instead).
    clock_hz
        Frequency at the pin `clk` in Hz.
    pins
        Names of the pins by their roles (`PINS`); clock and line are at 3.3 V.
    led_low
        The LED shines at 0.
    budget
        How much of each resource the FPGA has, under the names of `rtloom.hdl.synth_targets`; DSP counts blocks of
        16x16 (iCE40) or 18x18 bit (ECP5, Gowin).
    baud
        Bits a second on the serial line.
    program
        The command that loads a bitstream, with ``{file}`` for its name.
    sources
        Where pins and budget come from.
    """

    name: str
    title: str
    fpga: str
    device: str
    package: str
    speed: str
    clock_hz: int
    pins: Mapping[str, str]
    led_low: bool
    budget: Mapping[str, int]
    baud: int
    program: str
    sources: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check what a board must have."""
        if self.fpga not in _FPGAS:
            raise must(f"FPGA of board {self.name}", f"be one of {', '.join(_FPGAS)}", self.fpga)
        if set(self.pins) != set(PINS):
            raise must(f"Pins of board {self.name}", f"be {', '.join(PINS)}", sorted(self.pins))

    @property
    def part(self) -> str:
        """The device as reports name it."""
        return " ".join(filter(None, [self.fpga, self.device, self.package, self.speed]))

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON holds it."""
        return asdict(self) | {"pins": dict(self.pins), "budget": dict(self.budget)}
