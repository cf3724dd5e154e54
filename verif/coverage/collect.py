"""Collect coverage natively: the scenarios of the bench, seed after seed, until all is covered or enough was tried."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ...errors import CheckError, must
from ...generators.design import emit_design
from ...generators.spec import Spec, load
from ...sim.activity import Traffic
from ...sim.build import BuildOptions
from ...sim.native import NativeModel
from .. import goldens
from ..check import compare
from ..plan import operations, plan
from ..scenarios import Scenario
from ..stimulus import stalls as stall_pattern
from .models import points_of, stimulus_of
from .observation import Observation, Stimulus
from .report import CoverageReport
from .structural import Structure, add_counters

__all__ = ["GOAL", "LIMIT", "Tell", "collect", "observed", "stimuli"]

GOAL = 100.0
"""Per cent of the points."""
LIMIT = 20
"""Seeds that are tried."""
COUNTERS = ("line", "toggle")
Tell = Callable[[CoverageReport], None]
"""Called with the report after each seed."""


def collect(
    spec: str | Path | Spec | Mapping[str, Any],
    seed: int = 1,
    *,
    goal: float | None = GOAL,
    limit: int = 1,
    structural: bool = True,
    before: CoverageReport | None = None,
    tell: Tell = lambda _report: None,
) -> CoverageReport:
    """Run the bench's scenarios natively, with one seed after the other, and say what they exercised.

    Only what drives streams from outside of the bench is left out: cocotbext-axi, and sinks that wait for valid.

    Parameters
    ----------
    spec
        Preset, YAML file, mapping or loaded spec.
    seed
        The first one.
    goal
        Per cent of the points after which no further seed is begun; None runs all of them.
    limit
        Seeds at most.
    structural
        Whether lines, branches and bits of the Verilog are counted as well, which makes runs slower.
    before
        Coverage that is there already, of the same design.
    tell
        Called after each seed.

    Raises
    ------
    InputError
        Where spec, goal or limit break a rule, or `before` is of another design.
    CheckError
        Where a run fails: coverage is of runs that are right.
    ToolError
        Where the simulator cannot be built or run.
    """
    check_goal(goal, limit)
    loaded = load(spec)
    started = time.perf_counter()
    report, declared = CoverageReport.empty(loaded), points_of(loaded)
    report = report if before is None else report.merged(before)
    runner, spent = _Runner.of(loaded, structural=structural), report.seconds
    counted = report.structure
    for now in range(seed, seed + limit):
        report = report.with_runs(declared, runner.observations(now), now)
        report = replace(report, seconds=spent + time.perf_counter() - started, structure=runner.with_counts(counted))
        tell(report)
        if goal is not None and report.score >= goal:
            break
    return report


def check_goal(goal: float | None, limit: int) -> None:
    """Raise `InputError` unless a goal can be reached, and within some seeds."""
    if goal is not None and not 0 < goal <= 100:
        raise must("Coverage goal", "be above 0 and at most 100 per cent", goal)
    if limit < 1:
        raise must("Coverage limit", "be at least 1 seed", limit)


def stimuli(spec: Spec, seed: int) -> dict[str, Stimulus]:
    """Return the jobs of the bench by name, as points look at them."""
    return {name: stimulus_of(spec, *given) for name, given in operations(spec, seed).items()}


def observed(jobs: Mapping[str, Stimulus], scenario: Scenario, traffic: Traffic) -> Observation:
    """Return what points look at for a scenario that passed."""
    return Observation(jobs[scenario.job], traffic, scenario.name)


@dataclass
class _Runner:
    """A design and its counters, if there are any."""

    spec: Spec
    model: NativeModel
    total: Counter[str] | None

    @classmethod
    def of(cls, spec: Spec, *, structural: bool) -> "_Runner":
        """Build the design."""
        design = emit_design(spec)
        options = BuildOptions(coverage=COUNTERS if structural else ())
        return cls(spec, NativeModel(design.verilog, design.manifest, options), Counter() if structural else None)

    def with_counts(self, before: Structure | None) -> Structure | None:
        """Return what was counted before, and since."""
        if self.total is None:
            return before
        structure = Structure.of(self.total)
        return structure if before is None else before.merged(structure)

    def observations(self, seed: int) -> list[Observation]:
        """Run the scenarios of a seed."""
        jobs = stimuli(self.spec, seed)
        _, scenarios = plan(self.spec, self.model.manifest.interface, seed)
        chosen = [each for each in scenarios if each.driver == "own" and each.stalls != "patient"]
        return [observed(jobs, scenario, self._run(jobs[scenario.job], scenario)) for scenario in chosen]

    def _run(self, stimulus: Stimulus, scenario: Scenario) -> Traffic:
        """Run a scenario and check all that came out."""
        job, family = stimulus.vectors.job, self.spec.family
        stalls = stall_pattern(scenario.stalls, family.ports(self.spec.params), scenario.seed)
        with TemporaryDirectory(prefix="rtloom-coverage-") as folder:
            file = None if self.total is None else Path(folder) / "coverage.dat"
            run = self.model.run(
                job.inputs,
                job.outputs,
                stalls=stalls,
                reset_at=scenario.reset_after,
                coverage=file,
                patience=scenario.patience,
                seed=scenario.seed,
            )
            if self.total is not None and file is not None:
                add_counters(self.total, file)
        name = f"{self.spec.name}, scenario {scenario.name}"
        compare(stimulus.vectors.result, family.lift(self.spec.params, job, run.outputs), name=name)
        for stream, flags in goldens.framing(family, self.spec.params, job).items():
            if not np.array_equal(flags, np.asarray(run.outputs[stream]["last"])):
                raise CheckError(f"{name}: last of {stream} must end each tile, and does not; seed {scenario.seed}")
        if scenario.cycles is not None and run.cycles != scenario.cycles:
            raise CheckError(f"{name} must take {scenario.cycles} cycles, not {run.cycles}; seed {scenario.seed}")
        return run.traffic
