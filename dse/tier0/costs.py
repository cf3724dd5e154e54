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

    def joules(
        self, working: Any, cycles: Any, per_cycle: tuple[Any, Any], stream_bits: Any, dram_bytes: Any
    ) -> tuple[Any, Any, Any]:
        """Return the energy of a workload in the design, between it and the scratchpad, and between that and DRAM.

        Parameters
        ----------
        working, cycles
            Cycles that the useful multiply-accumulates take at the peak rate, and all cycles.
        per_cycle
            Joules of a cycle with work and of one without, estimated or measured.
        stream_bits, dram_bytes
            What is moved.
        """
        busy, idle = per_cycle
        logic = working * busy + (cycles - working) * idle
        return logic, stream_bits * self.sram_joules_per_bit, 8 * dram_bytes * self.dram_joules_per_bit
