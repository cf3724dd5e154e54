"""Coverage of the bench in cocotb: the same points, from what the bench saw of the streams."""

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...generators.spec import Spec, load
from ...sim.build import BuildOptions
from ..verify import VerifyReport, verify
from .collect import GOAL, LIMIT, Tell, check_goal, observed, stimuli
from .models import points_of
from .report import CoverageReport

__all__ = ["verify_until_covered"]


def verify_until_covered(
    spec: str | Path | Spec | Mapping[str, Any],
    *,
    interface: str = "axi",
    seed: int = 1,
    goal: float = GOAL,
    limit: int = LIMIT,
    junit: Path | None = None,
    waves: Path | None = None,
    options: BuildOptions | None = None,
    before: CoverageReport | None = None,
    tell: Tell = lambda _report: None,
) -> tuple[VerifyReport, CoverageReport]:
    """Run the bench with one seed after the other until all is covered, a seed fails, or enough was tried.

    Parameters
    ----------
    spec, interface, junit, waves, options
        As `verify.verify` has them; files are those of the last seed.
    seed
        The first one.
    goal
        Per cent of the points after which no further seed is begun.
    limit
        Seeds at most; 1 runs the bench once and says what it covered.
    before
        Coverage that is there already, of the same design.
    tell
        Called after each seed.

    Returns
    -------
    tuple
        The report of the last seed, which is the one that failed if any did, and the coverage of all scenarios that
        passed.

    Raises
    ------
    InputError
        Where spec, goal or limit break a rule, or `before` is of another design.
    ToolError
        Where the simulator cannot be built or run.
    """
    check_goal(goal, limit)
    loaded = load(spec)
    started = time.perf_counter()
    coverage, declared = CoverageReport.empty(loaded), points_of(loaded)
    coverage = coverage if before is None else coverage.merged(before)
    spent = coverage.seconds
    for now in range(seed, seed + limit):
        report = verify(loaded, interface=interface, seed=now, junit=junit, waves=waves, options=options, watch=True)
        jobs = stimuli(loaded, now)
        passed = {outcome.scenario for outcome in report.outcomes if outcome.passed}
        seen = [observed(jobs, scenario, traffic) for scenario, traffic in report.traffic if scenario.name in passed]
        coverage = coverage.with_runs(declared, seen, now)
        coverage = replace(coverage, seconds=spent + time.perf_counter() - started)
        tell(coverage)
        if not report.passed or coverage.score >= goal:
            break
    return report, coverage
