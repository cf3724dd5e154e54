"""All points of a space in closed form: cycles, traffic, time, area and energy, in arrays."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...generators.spec import Spec
from ..space.document import OBJECTIVES, Memory, Space
from ..space.grid import Grid, Remembered, Values
from ..streams import stream_widths
from ..workloads.workload import Workload
from .costs import Costs
from .layers import (
    LayerCycles,
    Moved,
    Shapes,
    cycles_of_layers,
    dram_bytes_of_layers,
    refused_layers,
    streams_of_layers,
    without,
)

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
        Share of the workload that valid points run, 0 to 1, in its unit `Workload.counted`.
    reasons
        Why layers are in none of the figures.
    unknown
        Why points have no estimate of a figure, and how many; they are proposed only where no figure has one.
    picked
        Values of the axes of each point where not all points of the grid were looked at.
    """

    grid: Grid
    figures: dict[str, FloatArray]
    valid: NDArray[np.bool_]
    coverage: float
    reasons: dict[str, str]
    unknown: dict[str, int]
    picked: tuple[Values, ...] | None = None

    def values(self, point: int) -> dict[str, Any]:
        """Return one point's values of the axes."""
        if self.picked is None:
            return self.grid.values(point)
        return dict(zip(self.grid.case_axes, self.picked[point], strict=True))

    def spec(self, point: int) -> Spec:
        """Return one point as a design."""
        return self.grid.spec(self.values(point))

    def costs(self, objectives: list[str]) -> FloatArray:
        """Return the objectives, less being better, ``(points, objectives)``; infinite for points that do not count."""
        for name in objectives:
            if name not in self.figures:
                raise InputError(f"Space objectives must be figures that can be estimated here, not {name!r}")
        found = np.stack([OBJECTIVES[name] * self.figures[name] for name in objectives], axis=1)
        found[~self.valid] = np.inf
        return found


def evaluate(grid: Grid, space: Space, workload: Workload, costs: Costs, accuracy: Accuracy | None = None) -> Table:
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
    for at, case in enumerate(grid.case_values()):
        layers, values = rows.of(case)
        covered[at] = rows.amount(layers)
        if layers.runs.any():
            for name, value in values.items():
                figures[name][at] = value
    valid = grid.valid()
    if not valid.any():
        raise InputError(f"Space {space.name} must hold a point that keeps the family's rules: {grid.why_invalid()}")
    flat = {name: value.reshape(-1) for name, value in figures.items()}
    return _table(rows, flat, valid.reshape(-1), covered.reshape(-1), None)


class Trials:
    """Points judged one by one, as a search asks for them.

    Parameters
    ----------
    grid
        All points, none of them held.
    space, workload, costs, accuracy
        As `evaluate` takes them.

    Attributes
    ----------
    names
        Figures that can be estimated.
    why
        Why the last point that was refused was no valid one.
    """

    def __init__(
        self, grid: Grid, space: Space, workload: Workload, costs: Costs, accuracy: Accuracy | None = None
    ) -> None:
        self.grid, self.why = grid, ""
        self.rows = _Rows(grid, space, workload, costs, accuracy)
        self.names = self.rows.names
        self.seen: dict[Values, tuple[float, dict[str, float]]] = {}

    def judge(self, picked: Values, objectives: list[str]) -> FloatArray | None:
        """Return the objectives of a point, less being better; None where it is not valid."""
        if picked not in self.seen:
            try:
                self.grid.spec(dict(zip(self.grid.case_axes, picked, strict=True)))
            except InputError as error:
                self.why = str(error)
                return None
            layers, values = self.rows.of(picked)
            if not layers.runs.any():
                self.why = next(iter(layers.reasons.values()))
                return None
            numbers = {name: float(np.ravel(value)[0]) for name, value in values.items()}
            self.seen[picked] = (self.rows.amount(layers), numbers)
        figures = self.seen[picked][1]
        return np.array([OBJECTIVES[name] * figures[name] for name in objectives])

    def table(self) -> Table:
        """Return all points that were judged and are valid, each once."""
        figures = {name: np.array([values[name] for _, values in self.seen.values()]) for name in self.names}
        covered = np.array([amount for amount, _ in self.seen.values()])
        return _table(self.rows, figures, np.ones(len(covered), dtype=np.bool_), covered, tuple(self.seen))


def _table(
    rows: "_Rows",
    figures: dict[str, FloatArray],
    valid: NDArray[np.bool_],
    covered: FloatArray,
    picked: tuple[Values, ...] | None,
) -> Table:
    """Return the table in which points count that run as much of the workload as any does.

    Raises
    ------
    InputError
        Where no point runs any layer.
    """
    most = covered[valid].max() if valid.any() else 0.0
    if valid.any() and not most:
        raise InputError(f"Space must run a layer of {rows.workload.name}: {next(iter(rows.reasons[0.0].values()))}")
    known = {name: values for name, values in figures.items() if np.isfinite(values).any()}
    # Designs that run less are in no figure, nor are their reasons.
    reasons, coverage = rows.reasons.get(most, {}), most / rows.workload.amount
    return Table(rows.grid, known, valid & (covered == most), coverage, reasons, rows.unknown, picked)


class _Rows:
    """Figures case by case, each part remembered by the parameters that it reads."""

    def __init__(self, grid: Grid, space: Space, workload: Workload, costs: Costs, accuracy: Accuracy | None) -> None:
        family, kept = grid.family, space.kept
        self.grid, self.workload, self.reasons = grid, workload, dict[float, dict[str, str]]()
        self.unknown = dict[str, int]()
        self.memory: Memory = space.around
        self.clock, self.costs = space.clock_mhz * 1e6, costs
        shapes = self.shapes = Shapes(workload)
        self.refused = Remembered(grid, lambda p: refused_layers(p, shapes))
        self.longest = np.empty((0, 0))
        self.layers = Remembered(grid, lambda p: cycles_of_layers(family, p, shapes, kept))
        self.streams = Remembered(grid, lambda p, runs: streams_of_layers(p, shapes, kept, runs))
        self.dram = Remembered(grid, lambda p: dram_bytes_of_layers(p, shapes, kept, self.memory))
        self.widths = Remembered(grid, stream_widths)
        self.peak = Remembered(grid, family.peak)
        estimates = {"area": costs.area, "busy": costs.busy_joules, "idle": costs.idle_joules, "accuracy": accuracy}
        self.estimates = {name: Remembered(grid, f) for name, f in estimates.items() if f is not None}
        self.names = ["cycles", "latency", "throughput", "utilisation", "dram_bytes", "stream_bits"]
        self.names += [name for name in ("area", "accuracy") if name in self.estimates]
        asked = {"energy", "edp"} & {*space.objectives, *space.bounds}
        self.names += ["energy", "edp"] if asked and {"busy", "idle"} <= self.estimates.keys() else []

    def amount(self, layers: LayerCycles) -> float:
        """Return how much of the workload the layers that run are."""
        return float(self.shapes.amount[layers.runs].sum())

    def of(self, case: tuple[Any, ...]) -> tuple[LayerCycles, dict[str, Any]]:
        """Return the layers of a case, and its figures on all sizes."""
        layers: LayerCycles = without(self.layers(case), self.shapes, self.refused(case))
        self.reasons.setdefault(self.amount(layers), {}).update(layers.reasons)
        cycles, peak = layers.total, self.peak(case)
        moved: Moved = self.dram(case)
        each = np.where(layers.runs[moved.shape], moved.bytes, 0.0)
        # The roofline: a layer takes what the slower of computing and moving takes.
        moving = each * (self.clock / (self.memory.bandwidth_gb_s * 1e9))
        computing = layers.cycles[moved.shape]
        if computing.shape != self.longest.shape:
            self.longest = np.empty_like(computing)  # held, since new pages for each case cost more than the sums
        seconds = moved.times @ np.maximum(computing, moving[:, None], out=self.longest) / self.clock
        bytes_ = float(moved.times @ each)
        streams = self.streams(case, tuple(layers.runs.tolist()))
        bits = sum(count * width for count, width in zip(streams, self.widths(case), strict=False))
        with np.errstate(divide="ignore", invalid="ignore"):
            found = {
                "cycles": cycles,
                "latency": seconds,
                "throughput": 1 / seconds,
                "utilisation": 100 * layers.useful / (cycles * peak),
                "dram_bytes": bytes_,
                "stream_bits": bits,
            }
        found |= {name: self._estimate(name, case) for name in ("area", "accuracy") if name in self.estimates}
        if "energy" in self.names:
            found["energy"] = self._energy(case, layers, peak, bits, bytes_)
            found["edp"] = found["energy"] * seconds
        return layers, found

    def _estimate(self, name: str, case: Values) -> Any:
        """Return an estimate; not a number where nothing is known of an option, which is then noted."""
        try:
            return self.estimates[name](case)
        except InputError as error:
            self.unknown[str(error)] = self.unknown.get(str(error), 0) + self.grid.sizes
            return np.nan

    def _energy(self, case: Values, layers: LayerCycles, peak: Any, bits: Any, bytes_: float) -> Any:
        """Return the joules of all layers: the design, the scratchpad's streams, DRAM."""
        per_cycle = (self._estimate("busy", case), self._estimate("idle", case))
        return sum(self.costs.joules(layers.useful / peak, layers.total, per_cycle, bits, bytes_))
