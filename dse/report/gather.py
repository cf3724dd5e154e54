"""What the report needs besides what was found: layers of the front's designs, and estimates beside measurements."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ...figures import Figure
from ...generators.spec import Spec, family, load
from ..cycles import LayerRun, WorkloadRun, run_workload
from ..explore.estimates import costs_of, technology_of
from ..explore.judge import Judge
from ..explore.result import Explored, Variant
from ..space.document import Space
from ..space.grid import Grid
from ..streams import operand_bits
from ..tier0.table import Trials
from ..traffic import layer_traffic, roofline
from ..workloads.workload import Workload, parse_workload

__all__ = ["Gathered", "Place"]

MOST = 24
"""Points of the front whose layers are drawn; of a longer front they are picked evenly."""


@dataclass(frozen=True)
class Place:
    """A layer under a roofline.

    Parameters
    ----------
    run
        The layer on the design.
    intensity
        Useful multiply-accumulates for each byte from or to DRAM.
    rate
        Multiply-accumulates a second.
    seconds
        Of all its repetitions.
    bound
        ``compute`` or ``memory``.
    order
        The loop order whose traffic is least, in words.
    """

    run: LayerRun
    intensity: float
    rate: float
    seconds: float
    bound: str
    order: str


@dataclass(frozen=True)
class Gathered:
    """An exploration with all that its report shows.

    Parameters
    ----------
    found
        What was found.
    """

    found: Explored

    @cached_property
    def space(self) -> Space:
        """What was explored."""
        return Space.parse(self.found.space)

    @cached_property
    def workload(self) -> Workload:
        """What the designs run."""
        return parse_workload(self.found.workload, "workload", "Workload of the sweep")

    @cached_property
    def technology(self) -> str:
        """The cells in words."""
        return technology_of(self.space).source

    @cached_property
    def tags(self) -> dict[str, str]:
        """Short names of the variants on the front, F1 on, in its order."""
        return {name: f"F{at}" for at, name in enumerate(self.found.front, 1)}

    @cached_property
    def shown(self) -> list[Variant]:
        """The variants on the front whose layers are drawn."""
        best = self.found.best
        if len(best) <= MOST:
            return best
        return [best[int(at)] for at in np.unique(np.linspace(0, len(best) - 1, MOST).round())]

    def spec(self, variant: Variant) -> Spec:
        """Return a variant's design."""
        return load({"family": self.space.family, "params": dict(variant.params), "name": variant.point})

    @cached_property
    def runs(self) -> dict[str, WorkloadRun]:
        """The workload on every design that is drawn, by the variant's id."""
        by_point: dict[str, WorkloadRun] = {}
        for variant in self.shown:
            if variant.point not in by_point:
                by_point[variant.point] = run_workload(self.spec(variant), self.workload, self.space.kept)
        return {variant.id: by_point[variant.point] for variant in self.shown}

    def places(self, variant: Variant) -> list[Place]:
        """Return where the layers of a design lie under its roofline; those that run."""
        run = self.runs[variant.id]
        bits = operand_bits(run.spec.params, self.space.kept)
        room = int(self.space.around.buffer_kib * 1024)
        clock, bandwidth = self.space.clock_mhz * 1e6, self.space.around.bandwidth_gb_s * 1e9
        found = []
        for done in run.running:
            traffic = layer_traffic(done.layer, bits, room)
            moved = float(traffic.dram_bytes)
            seconds, bound = roofline(done.needed, clock, moved, bandwidth)
            whole = float(seconds) * done.layer.repeat
            found.append(Place(done, done.work / moved, done.work / float(seconds), whole, bound, str(traffic.how)))
        return found

    @cached_property
    def estimates(self) -> dict[str, Mapping[str, Figure]]:
        """Figures of tier 0 of every variant, by its id: what was known before anything was synthesised."""
        costs = costs_of(self.space)
        if costs.area is None and costs.busy_joules is None:
            return {}
        grid = Grid(family(self.space.family), self.space.base, self.space.values, arrays=False)
        trials = Trials(grid, self.space, self.workload, costs)
        picked = {variant.id: self._picked(grid, variant) for variant in self.found.variants}
        for values in picked.values():
            trials.judge(values, [])
        table = trials.table()
        judge = Judge(self.space, table, costs, technology_of(self.space))
        rows = {values: at for at, values in enumerate(table.picked or ())}
        begun = {at: judge.begin(at) for at in rows.values()}
        return {name: begun[rows[values]] for name, values in picked.items() if values in rows}

    @staticmethod
    def _picked(grid: Grid, variant: Variant) -> tuple[Any, ...]:
        """Return a variant's values of the axes as the grid holds them."""
        return tuple(grid.cls.parse_field(name, variant.axes[name]) for name in grid.case_axes)

    @cached_property
    def reasons(self) -> dict[str, int]:
        """Why variants are out, and how many, the most frequent first."""
        counts: dict[str, int] = {}
        for variant in self.found.variants:
            if variant.reason:
                counts[variant.reason] = counts.get(variant.reason, 0) + 1
        return dict(sorted(counts.items(), key=lambda item: -item[1]))

    @cached_property
    def unit(self) -> dict[str, str]:
        """Units of figures, as most of the variants have them."""
        units: dict[str, str] = {}
        for variant in reversed(self.found.variants):
            units |= {name: figure.unit for name, figure in variant.figures.items()}
        return units
