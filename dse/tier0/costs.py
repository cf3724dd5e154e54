"""What tier 0 needs besides cycles: estimates of area and energy as functions of a design or of many at once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Costs"]

Estimate = Callable[[Any], Any]
"""Takes the parameters of a design, or of a batch; returns a number, or an array."""


@dataclass(frozen=True)
class Costs:
    """Estimates for one family in one technology.

    Parameters
    ----------
    area
        Area of a design in `area_unit`; None where nothing was fitted for this family and library.
    area_unit
        ``GE`` or ``um^2``.
    area_error
        p95 of the estimate's error on designs held out of its fit, as a share: 0.1 is 10 %.
    busy_joules, idle_joules
        Energy of a cycle in which all multipliers work on the space's kind of data, and of one with zeros.
    energy_error
        As `area_error`.
    sram_joules_per_bit, dram_joules_per_bit
        Energy of a bit between design and scratchpad, and between scratchpad and DRAM.
    sources
        Where each figure comes from, by its name.
    source_of
        The same for one design, by its parameters, where it depends on these: an estimate's error is another one
        outside the designs that it was calibrated on.
    """

    area: Estimate | None
    area_unit: str
    area_error: float
    busy_joules: Estimate | None
    idle_joules: Estimate | None
    energy_error: float
    sram_joules_per_bit: float
    dram_joules_per_bit: float
    sources: dict[str, str]
    source_of: dict[str, Callable[[Any], str]] = field(default_factory=dict)
