"""The checks of the summary: what each means to a newcomer, how it runs, and when it counts as good."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...generators.spec import Spec
from ..coverage.collect import LIMIT, collect
from ..mutation.campaign import mutate
from ..verify import verify
from .outcome import State

__all__ = ["CHECKS", "LEAST_SCORE", "Check", "Effort", "Result", "command_of"]

LEAST_SCORE = 98.0
"""Per cent of the faults, those proven to change nothing aside, that are to be found."""


@dataclass(frozen=True)
class Effort:
    """How much is done.

    Parameters
    ----------
    seed
        Of data, stalls and faults.
    faults
        Faults of the mutation score.
    """

    seed: int = 1
    faults: int = 300


@dataclass(frozen=True)
class Result:
    """How a check ended: the state, one figure, a line, and what is left to look at."""

    state: State
    value: str
    headline: str
    findings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Check:
    """A kind of evidence.

    Parameters
    ----------
    title
        Heads its column.
    command
        The command that does it alone; ``{spec}`` and the fields of `Effort` are filled in.
    run
        Does it.
    """

    title: str
    command: str
    run: Callable[[Spec, Effort], Result]


def _bench(spec: Spec, effort: Effort) -> Result:
    """Run the bench."""
    report = verify(spec, seed=effort.seed)
    lines = tuple(f"{outcome.scenario}: {outcome.message}" for outcome in report.failures)
    good = len(report.outcomes) - len(lines)
    return Result("bad" if lines else "good", f"{good} of {len(report.outcomes)} scenarios", str(report), lines)


def _coverage(spec: Spec, effort: Effort) -> Result:
    """Collect coverage until all points are hit."""
    report = collect(spec, effort.seed, limit=LIMIT)
    holes = tuple(f"never hit: {hole.key}: {hole.meaning}" for hole in report.holes)
    return Result("open" if holes else "good", f"{report.score:.1f} % of {len(report.points)}", str(report), holes)


def _mutation(spec: Spec, effort: Effort) -> Result:
    """Put faults into the design."""
    report = mutate(spec, effort.faults, effort.seed)
    left = tuple(f"survived: {verdict.fault}: {verdict.source}" for verdict in report.survivors)
    state: State = "good" if 100 * report.score >= LEAST_SCORE else "open"
    return Result(state, f"{100 * report.score:.1f} % of {len(report.verdicts)}", str(report), left)


CHECKS: Mapping[str, Check] = {
    "bench": Check(
        "bench",
        "rtloom verify {spec} --seed {seed}",
        _bench,
    ),
    "coverage": Check(
        "cover points",
        "rtloom coverage {spec} --until-covered --seed {seed}",
        _coverage,
    ),
    "mutation": Check(
        "faults found",
        "rtloom mutate {spec} -n {faults} --seed {seed}",
        _mutation,
    ),
}
"""By name, in the order of the page."""


def command_of(check: Check, spec: str, effort: Effort) -> str:
    """Return the command that does a check alone."""
    given: dict[str, Any] = {"spec": spec, "seed": effort.seed, "faults": effort.faults}
    return check.command.format(**given)
