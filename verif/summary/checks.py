"""The checks of the summary: what each means to a newcomer, how it runs, and when it counts as good."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...generators.spec import Spec
from ..coverage.collect import LIMIT, collect
from ..differential.compare import compare
from ..formal.design import prove
from ..mutation.campaign import mutate
from ..verify import verify
from .outcome import State

__all__ = ["CHECKS", "LEAST_SCORE", "Check", "Effort", "Result", "command_of"]

LEAST_SCORE = 98.0
"""Per cent of the faults, those proven to change nothing aside, that are to be found."""
COMPARED_CYCLES = 20_000
"""Runs of the comparison take about so many cycles together: Icarus is slow."""


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
    value = f"{len(report.points) - len(holes)} of {len(report.points)}"
    return Result("open" if holes else "good", value, str(report), holes)


def _mutation(spec: Spec, effort: Effort) -> Result:
    """Put faults into the design."""
    report = mutate(spec, effort.faults, effort.seed)
    left = tuple(f"survived: {verdict.fault}: {verdict.source}" for verdict in report.survivors)
    state: State = "good" if 100 * report.score >= LEAST_SCORE else "open"
    counted = len(report.verdicts) - report.count("equivalent")
    return Result(state, f"{100 * report.score:.1f} % of {counted}", str(report), left)


def _proofs(spec: Spec, _: Effort) -> Result:
    """Prove what can be proven; a proof that only reaches some cycles, or nothing in its time, is left open."""
    report = prove(spec)
    left = tuple(str(proof) for proof in report.proofs if proof.status != "proven")
    state: State = "bad" if report.failures else "open" if left else "good"
    counts = ((report.count(status), status) for status in ("proven", "bounded", "not finished", "failed"))
    value = ", ".join(f"{count} {status}" for count, status in counts if count)
    return Result(state, value, str(report), left)


def _comparison(spec: Spec, effort: Effort) -> Result:
    """Run the same stimulus on other engines."""
    report = compare(spec, seed=effort.seed, cycles=COMPARED_CYCLES)
    wrong = tuple(str(difference) for difference in report.differences)
    left = tuple(f"{name} not run: {reason}" for name, reason in report.skipped.items())
    state: State = "bad" if wrong else "open" if left else "good"
    value = f"{len(report.engines)} engines {'differ' if wrong else 'agree'}"
    return Result(state, value, str(report), wrong + left)


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
    "proofs": Check("proofs", "rtloom prove {spec}", _proofs),
    "comparison": Check(
        "other engines",
        f"rtloom compare {{spec}} --seed {{seed}} --cycles {COMPARED_CYCLES}",
        _comparison,
    ),
}
"""By name, in the order of the page."""


def command_of(check: Check, spec: str, effort: Effort) -> str:
    """Return the command that does a check alone."""
    given: dict[str, Any] = {"spec": spec, "seed": effort.seed, "faults": effort.faults}
    return check.command.format(**given)
