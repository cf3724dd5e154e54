"""Which scenarios the bench runs on a design: data x stalls x resets x drivers."""

from collections.abc import Sequence
from typing import Any

from ..errors import must
from ..generators.spec import Spec
from .families.example import EXAMPLES
from .jobs import jobs_of
from .scenarios import Scenario
from .vectors import Vectors, make_vectors

__all__ = ["operations", "plan"]

LONGEST_STALL = 200
"""No stall pattern holds a stream back for so many cycles in a row."""

PRESSED = ("deepest",)
"""Jobs of so few results that one must be made to wait."""

STALLED = (
    "idle",
    "back_pressure",
    "mostly_stalled",
    "bursts",
    "alternate",
    "freeze",
    "slow_output",
    "slow_input",
    "patient",
)


def plan(
    spec: Spec, interface: str, seed: int, only: Sequence[str] | None = None
) -> tuple[dict[str, Vectors], tuple[Scenario, ...]]:
    """Return the jobs and the scenarios of a design.

    Parameters
    ----------
    spec
        The design.
    interface
        ``axi`` adds scenarios with the AXI4-Stream models of cocotbext-axi.
    seed
        Of data and stalls.
    only
        Names of the scenarios that are wanted; all if not given.

    Raises
    ------
    InputError
        Where there is no scenario of a wanted name.
    """
    jobs = {name: make_vectors(spec.family, spec.params, *given) for name, given in operations(spec, seed).items()}
    wanted: list[tuple[str, str, str, dict[str, Any]]] = [
        (f"{job}_free_flow", job, "none", {"cycles": vectors.cycles}) for job, vectors in jobs.items()
    ]
    wanted += [(f"ragged_{stalls}", "ragged", stalls, {}) for stalls in STALLED]
    wanted += [(f"{job}_both", job, "both", {}) for job in jobs if job != "ragged"]
    wanted += [(f"{job}_slow_output", job, "slow_output", {}) for job in PRESSED if job in jobs]
    wanted += [
        (f"reset_{when}", "ragged", stalls, {"reset_after": after})
        for when, after, stalls in _reset_points(jobs["ragged"].cycles, seed)
    ]
    if interface == "axi":
        wanted += [(f"axi_{stalls}", "ragged", stalls, {"driver": "cocotbext-axi"}) for stalls in ("none", "both")]
    scenarios = tuple(
        Scenario(name, job, stalls, seed + at, jobs[job].cycles + LONGEST_STALL, **more)
        for at, (name, job, stalls, more) in enumerate(wanted)
    )
    names = [scenario.name for scenario in scenarios]
    for name in only or ():
        if name not in names:
            raise must("Scenario", f"be one of {', '.join(names)}", name)
    return jobs, tuple(scenario for scenario in scenarios if not only or scenario.name in only)


def operations(spec: Spec, seed: int) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return an operation and tensors for each job of the bench: the family's examples, and what its jobs add."""
    made = {size: spec.family.example(spec.params, size, seed) for size in EXAMPLES}
    jobs = jobs_of(spec.family)
    return made | {name: jobs.make(spec.params, job, data, seed) for name, (job, data) in jobs.bench.items()}


def _reset_points(cycles: int, seed: int) -> list[tuple[str, int, str]]:
    """Return when to interrupt: in the first beats, halfway, before the last one, with one waiting, under stalls."""
    return [
        ("early", 2, "none"),
        ("halfway", max(cycles // 2, 3), "none"),
        ("late", max(cycles - 1, 4), "none"),
        # Where results come in bursts, one seed or another meets one.
        ("waiting", max(cycles - 37 * (seed - 1) % max(cycles // 2, 1), 4), "slow_output"),
        ("stalled", max(cycles - 1, 4), "mostly_stalled"),
    ]
