"""What a gate-level simulation found: energy with its sources, by kind of cell and by module."""

from dataclasses import dataclass, field
from typing import Any

from ...figures import Figure

__all__ = ["PICO", "EnergyReport"]

PICO = 1e12


@dataclass(frozen=True)
class EnergyReport:
    """What jobs of one shape take on a netlist, on average over the jobs.

    Parameters
    ----------
    design, technology, recipe
        What was simulated: name, library, how it was synthesised.
    figures
        ``energy`` (pJ a job, all that follows together), ``energy_per_mac`` (pJ a useful multiply-accumulate, or what
        else the family counts as work), ``power`` (mW while a job runs), ``leakage`` (mW), ``cycles`` (a job),
        ``clock`` (Hz) and, where delays were simulated, ``glitch_factor``. Memory macros are not in them.
    kinds
        Joules a job of ``combinational`` (glitches included), ``flip-flops`` (their outputs), ``inputs`` (what drives
        the ports), ``memory outputs`` (what macros drive), ``clock`` (pins of registers and clock gates) and
        ``leakage``.
    labels
        Joules a job by module label; the same energy another way.
    macs
        Useful multiply-accumulates a job.
    jobs
        How many were simulated.
    cells
        In the netlist.
    macro_accesses
        Reads and writes a job of each memory macro, whose energy is left out.
    notes
        What the figures leave out.
    seconds
        Wall-clock time of the gate-level simulation.
    """

    design: str
    technology: str
    recipe: str
    figures: dict[str, Figure]
    kinds: dict[str, float]
    labels: dict[str, float]
    macs: int
    jobs: int
    cells: int
    macro_accesses: dict[str, tuple[float, float]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def joules(self) -> float:
        """Joules a job."""
        return self.figures["energy"].value / PICO

    def __getitem__(self, name: str) -> Figure:
        """Return a figure by its name."""
        return self.figures[name]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON holds it."""
        return {
            **{
                key: getattr(self, key)
                for key in ("design", "technology", "recipe", "macs", "jobs", "cells", "seconds")
            },
            "figures": {name: figure.to_dict() for name, figure in self.figures.items()},
            "kinds": dict(self.kinds),
            "labels": dict(self.labels),
            "macro_accesses": {name: list(counts) for name, counts in self.macro_accesses.items()},
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        shown = ", ".join(f"{name} {figure.short}" for name, figure in self.figures.items())
        total = sum(self.kinds.values()) or 1.0
        kinds = ", ".join(f"{name} {joules / total:.0%}" for name, joules in self.kinds.items() if joules)
        lines = [
            f"{self.design} on {self.technology}: {shown} [{self.figures['energy'].source}]",
            f"  by kind: {kinds}",
        ]
        labels = sorted(self.labels.items(), key=lambda item: -item[1])
        lines.append("  by module: " + ", ".join(f"{name} {joules / total:.0%}" for name, joules in labels if joules))
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])
