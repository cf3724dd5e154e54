"""What the report needs besides what was found: layers of the front's designs, and estimates beside measurements."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...figures import Figure
from ...generators.spec import Spec, load
from ..cycles import LayerRun, WorkloadRun, run_workload
from ..explore.estimates import technology_of
from ..explore.result import Explored, Variant
from ..space.document import Space
from ..tier0.layers import dram_bytes_by_layer
from ..traffic import roofline
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
        Useful work of the family, multiply-accumulates for most, for each byte from or to DRAM.
    rate
        The same a second.
    seconds
        Of all its repetitions.
    bound
        ``compute`` or ``memory``.
    order
        The loop order whose traffic is least, or the schedule, in words.
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
        """Return where the layers of a design lie under its roofline: those that run, and move anything at all."""
        run = self.runs[variant.id]
        moved_by = dram_bytes_by_layer(run.spec.params, self.workload, self.space.kept, self.space.around)
        clock, bandwidth = self.space.clock_mhz * 1e6, self.space.around.bandwidth_gb_s * 1e9
        found = []
        for done in run.running:
            moved, how = moved_by[done.layer.name]
            if not moved:
                continue  # a schedule has all of it in the scratchpad
            seconds, bound = roofline(done.needed, clock, moved, bandwidth)
            whole = float(seconds) * done.layer.repeat
            found.append(Place(done, done.work / moved, done.work / float(seconds), whole, bound, how))
        return found

    @property
    def estimates(self) -> dict[str, dict[str, Figure]]:
        """Area and energy of every variant as tier 0 estimated them, by its id."""
        return {variant.id: variant.estimates for variant in self.found.variants}

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
