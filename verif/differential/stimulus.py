"""The runs that every engine gets: jobs, stall patterns and resets of the bench."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, must
from ...generators.spec import Spec
from ..plan import plan
from ..stimulus import STALL_PATTERNS
from ..stimulus import stalls as stall_patterns
from ..vectors import Vectors

__all__ = ["Run", "choose", "runs_of"]


@dataclass(frozen=True)
class Run:
    """One run: what goes in, when each side is willing, when it is reset.

    Parameters
    ----------
    name
        The scenario's name, as ``rtloom verify`` has it.
    job
        Its job.
    vectors
        Beats, golden beats and exact cycles.
    stalls
        Pattern of each stalled stream, True = willing.
    reset_at
        Cycles before a reset in mid-flight; None for none.
    seed
        Of stalls and of the registers' start values in Verilator.
    """

    name: str
    job: str
    vectors: Vectors
    stalls: Mapping[str, NDArray[np.bool_]]
    reset_at: int | None
    seed: int

    @property
    def cost(self) -> int:
        """Cycles that the run takes, roughly."""
        share = min((float(go.mean()) for go in self.stalls.values()), default=1.0)
        return int(self.vectors.cycles / share) + (self.reset_at or 0)

    @property
    def kind(self) -> str:
        """``reset``, ``stalled`` or ``free``."""
        return "reset" if self.reset_at is not None else "stalled" if self.stalls else "free"


def runs_of(spec: Spec, seed: int, jobs: Sequence[str] = (), stalls: Sequence[str] = ()) -> tuple[Run, ...]:
    """Return the bench's scenarios as runs; those of the AXI models and of patient sinks are the bench's alone.

    Parameters
    ----------
    spec
        The design.
    seed
        Of data and stalls.
    jobs, stalls
        Only these jobs and stall patterns; all if empty. Resets in mid-flight go with the job ``ragged``.

    Raises
    ------
    InputError
        Where there is no such job or stall pattern, or no run of both.
    """
    vectors, scenarios = plan(spec, "stream", seed)
    for thing, given, known in (("Job", jobs, tuple(vectors)), ("Stall pattern", stalls, tuple(STALL_PATTERNS))):
        for name in given:
            if name not in known:
                raise must(thing, f"be one of {', '.join(known)}", name)
    ports = spec.family.ports(spec.params)
    found = tuple(
        Run(
            scenario.name,
            scenario.job,
            vectors[scenario.job],
            dict(stall_patterns(scenario.stalls, ports, scenario.seed)),
            scenario.reset_after,
            scenario.seed,
        )
        for scenario in scenarios
        if scenario.stalls in STALL_PATTERNS
        and (not jobs or scenario.job in jobs)
        and (not stalls or scenario.stalls in stalls)
    )
    if not found:
        raise InputError(
            f"Jobs {', '.join(jobs)} must be run by the bench with stalls {', '.join(stalls)}, and none is"
        )
    return found


def choose(runs: Sequence[Run], cycles: int | None) -> tuple[Run, ...]:
    """Return as many of the runs as fit into that many cycles, the cheapest of each kind by turns; at least three.

    Parameters
    ----------
    runs
        All of them.
    cycles
        Together, roughly; None for no limit.
    """
    if cycles is None:
        return tuple(runs)
    by_kind: dict[str, list[Run]] = {}
    for run in sorted(runs, key=lambda run: run.cost):
        by_kind.setdefault(run.kind, []).append(run)
    turns = [queue[at] for at in range(len(runs)) for queue in by_kind.values() if at < len(queue)]
    taken: list[Run] = []
    spent = 0
    for run in turns:
        if len(taken) < len(by_kind) or spent + run.cost <= cycles:
            taken.append(run)
            spent += run.cost
    return tuple(run for run in runs if any(run is one for one in taken))
