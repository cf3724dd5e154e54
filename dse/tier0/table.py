"""All points of a space in closed form: cycles, traffic, time, area and energy, in arrays."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..space.document import OBJECTIVES, Memory, Space
from ..space.grid import Grid, Remembered
from ..workloads.workload import Workload
from .costs import Costs
from .layers import LayerCycles, Shapes, cycles_of_layers, dram_bytes_of_layers, stream_bits_of_layers

__all__ = ["Table", "evaluate"]

FloatArray = NDArray[np.float64]
Accuracy = Callable[[Any], float]


@dataclass(frozen=True)
class Table:
    """Figures of every point, ``(points,)`` each; infinite or not a number where a point is not valid.

    Parameters
    ----------
    grid
        The points.
    figures
        By name: `cycles`, `latency` (s), `throughput` (workloads a second), `utilisation` (%), `dram_bytes`,
        `stream_bits`, and where they can be estimated `area`, `energy` (J), `edp` (J s), `accuracy`.
    valid
        Points that keep the family's rules and run as much of the workload as any point does.
    coverage
        Share of the workload's multiply-accumulates that valid points run, 0 to 1.
    reasons
        Why layers are in none of the figures.
    """

    grid: Grid
    figures: dict[str, FloatArray]
    valid: NDArray[np.bool_]
    coverage: float
    reasons: dict[str, str]

    def costs(self, objectives: list[str]) -> FloatArray:
        """Return the objectives, less being better, ``(points, objectives)``; infinite for points that do not count."""
        for name in objectives:
            if name not in self.figures:
                raise InputError(f"Space objectives must be figures that can be estimated here, not {name!r}")
        found = np.stack([OBJECTIVES[name] * self.figures[name] for name in objectives], axis=1)
        found[~self.valid] = np.inf
        return found


def evaluate(
    grid: Grid, space: Space, workload: Workload, costs: Costs, accuracy: Accuracy | None = None
) -> Table:
    """Return the table of all points of a space.

    Every formula is computed once for each combination of the parameters that it reads, on all sizes at once.

    Parameters
    ----------
    grid
        The points.
    space
        Clock, memories, what is kept.
    workload
        What they run.
    costs
        Estimates of area and energy.
    accuracy
        Takes a design's parameters and returns a number, more being better; None where nothing asks for it.

    Raises
    ------
    InputError
        Where no point is valid, or none runs any layer.
    """
    rows = _Rows(grid, space, workload, costs, accuracy)
    covered = np.zeros((grid.cases, grid.sizes))
    figures = {name: np.full((grid.cases, grid.sizes), np.nan) for name in rows.names}
    reasons: dict[str, str] = {}
    for at, case in enumerate(grid.case_values()):
        layers, values = rows.of(case)
        covered[at] = layers.useful
        if layers.runs.any():
            for name, value in values.items():
                figures[name][at] = value
        reasons |= layers.reasons
    valid = grid.valid()
    if not valid.any():
        raise InputError(f"Space {space.name} must hold a point that keeps the family's rules: {grid.why_invalid()}")
    most = covered[valid].max()
    if not most:
        raise InputError(f"Space {space.name} must run a layer of {workload.name}: {next(iter(reasons.values()))}")
    valid &= covered == most
    flat = {name: value.reshape(-1) for name, value in figures.items()}
    return Table(grid, flat, valid.reshape(-1), _coverage(workload, most, reasons), reasons)


def _coverage(workload: Workload, useful: float, reasons: dict[str, str]) -> float:
    """Return the share of the multiply-accumulates that are in layers which run."""
    del useful
    run = sum(layer.repeat * layer.macs for layer in workload.layers if layer.name not in reasons)
    return run / workload.macs


class _Rows:
    """Figures case by case, each part remembered by the parameters that it reads."""

    def __init__(self, grid: Grid, space: Space, workload: Workload, costs: Costs, accuracy: Accuracy | None) -> None:
        family, kept = grid.family, space.kept
        self.memory: Memory = space.around
        self.clock, self.costs = space.clock_mhz * 1e6, costs
        room = int(self.memory.buffer_kib * 1024)
        shapes = Shapes(workload)
        self.layers = Remembered(grid, lambda p: cycles_of_layers(family, p, shapes, kept))
        self.streams = Remembered(grid, lambda p, found: stream_bits_of_layers(p, shapes, kept, found.runs), self.layers)
        self.dram = Remembered(grid, lambda p: dram_bytes_of_layers(p, shapes, kept, room))
        self.peak = Remembered(grid, family.peak)
        estimates = {"area": costs.area, "busy": costs.busy_joules, "idle": costs.idle_joules, "accuracy": accuracy}
        self.estimates = {name: Remembered(grid, f) for name, f in estimates.items() if f is not None}
        self.names = ["cycles", "latency", "throughput", "utilisation", "dram_bytes", "stream_bits"]
        self.names += [name for name in ("area", "accuracy") if name in self.estimates]
        self.names += ["energy", "edp"] if {"busy", "idle"} <= self.estimates.keys() else []

    def of(self, case: tuple[Any, ...]) -> tuple[LayerCycles, dict[str, Any]]:
        """Return the layers of a case, and its figures on all sizes."""
        layers: LayerCycles = self.layers(case)
        cycles, peak = layers.total, self.peak(case)
        moved = np.where(layers.runs, self.dram(case), 0.0)
        # The roofline: a layer takes what the slower of computing and moving takes.
        moving = moved * (self.clock / (self.memory.bandwidth_gb_s * 1e9))
        seconds = layers.repeat @ np.maximum(layers.cycles, moving[:, None]) / self.clock
        bytes_ = float(layers.repeat @ moved)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = {
                "cycles": cycles,
                "latency": seconds,
                "throughput": 1 / seconds,
                "utilisation": 100 * layers.useful / (cycles * peak),
                "dram_bytes": bytes_,
                "stream_bits": self.streams(case),
            }
        found |= {name: self.estimates[name](case) for name in ("area", "accuracy") if name in self.estimates}
        if "energy" in self.names:
            found["energy"] = self._energy(case, layers, peak, bytes_)
            found["edp"] = found["energy"] * seconds
        return layers, found

    def _energy(self, case: tuple[Any, ...], layers: LayerCycles, peak: Any, bytes_: float) -> Any:
        """Joules: cycles with work, cycles without, the scratchpad's streams, DRAM."""
        busy = layers.useful / peak
        logic = busy * self.estimates["busy"](case) + (layers.total - busy) * self.estimates["idle"](case)
        chip = self.streams(case) * self.costs.sram_joules_per_bit
        return logic + chip + 8 * bytes_ * self.costs.dram_joules_per_bit
