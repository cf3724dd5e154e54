"""Coverage of the bench in cocotb: the same points, from what the bench saw of the streams."""

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ...generators.spec import Spec, load
from ...sim.activity import Traffic
from ...sim.build import BuildOptions
from ..scenarios import Scenario
from ..verify import VerifyReport, verify
from .collect import GOAL, LIMIT, Tell, check_goal, observed, stimuli
from .models import points_of
from .observation import Observation
from .report import CoverageReport

__all__ = ["verify_until_covered"]

VARIABLE = "RTLOOM_TRAFFIC"
"""Names the file for `bench.tell` in the environment of the simulator."""


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
        with TemporaryDirectory(prefix="rtloom-coverage-") as folder:
            file = Path(folder) / "traffic.jsonl"
            with _recording(file):
                report = verify(loaded, interface=interface, seed=now, junit=junit, waves=waves, options=options)
            passed = {outcome.scenario for outcome in report.outcomes if outcome.passed}
            seen = [each for each in _read(file, loaded, now) if each.name in passed]
        coverage = coverage.with_runs(declared, seen, now)
        coverage = replace(coverage, seconds=spent + time.perf_counter() - started)
        tell(coverage)
        if not report.passed or coverage.score >= goal:
            break
    return report, coverage


@contextmanager
def _recording(file: Path) -> Iterator[None]:
    """Make benches that run meanwhile write down what streams went through."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = str(file)
    try:
        yield
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before


def _read(file: Path, spec: Spec, seed: int) -> list[Observation]:
    """Return what was written down, each scenario once: a failed run is repeated for its waveform."""
    jobs, found = stimuli(spec, seed), {}
    for line in file.read_text().splitlines() if file.exists() else ():
        raw = json.loads(line)
        scenario = Scenario(**raw["scenario"])
        found[scenario.name] = observed(jobs, scenario, Traffic.from_dict(raw["traffic"]))
    return list(found.values())
