"""Which scenarios the bench runs on a design: data x stalls x resets x drivers."""

from typing import Any

from ..generators.spec import Spec
from ..generators.systolic.params import SystolicParams
from .jobs import make_job
from .scenarios import Scenario
from .vectors import Vectors, make_vectors

__all__ = ["SLOWEST", "plan"]

SLOWEST = 40
"""How many times longer than without stalls a job may take; the slowest pattern is willing in one cycle of eight."""

EXAMPLES = ("small", "ragged", "corner")
CORNERS = ("minimum", "maximum", "alternating")

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


def plan(spec: Spec, interface: str, seed: int) -> tuple[dict[str, Vectors], tuple[Scenario, ...]]:
    """Return the jobs and the scenarios of a design.

    Parameters
    ----------
    spec
        The design.
    interface
        ``axi`` adds scenarios with the AXI4-Stream models of cocotbext-axi.
    seed
        Of data and stalls.
    """
    jobs = {name: make_vectors(spec.family, spec.params, *given) for name, given in _operations(spec, seed).items()}
    wanted: list[tuple[str, str, str, dict[str, Any]]] = [
        (f"{job}_free_flow", job, "none", {"cycles": vectors.cycles}) for job, vectors in jobs.items()
    ]
    wanted += [(f"ragged_{stalls}", "ragged", stalls, {}) for stalls in STALLED]
    wanted += [(f"{job}_both", job, "both", {}) for job in jobs if job != "ragged"]
    wanted += [
        (f"reset_after_{after}", "ragged", stalls, {"reset_after": after})
        for after, stalls in _reset_points(jobs["ragged"].cycles)
    ]
    if interface == "axi":
        wanted += [(f"axi_{stalls}", "ragged", stalls, {"driver": "cocotbext-axi"}) for stalls in ("none", "both")]
    return jobs, tuple(
        Scenario(name, job, stalls, seed + at, SLOWEST * (jobs[job].cycles + 200), **more)
        for at, (name, job, stalls, more) in enumerate(wanted)
    )


def _operations(spec: Spec, seed: int) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return an operation and tensors for each job: the family's examples, and for arrays the corners as well."""
    made = {size: spec.family.example(spec.params, size, seed) for size in EXAMPLES}
    if isinstance(spec.params, SystolicParams):
        made |= {data: make_job(spec.params, "edge", data, seed) for data in CORNERS}
        made["convolution"] = make_job(spec.params, "convolution", "random", seed)
    return made


def _reset_points(cycles: int) -> list[tuple[int, str]]:
    """Return when to interrupt: in the first beats, in the middle, and near the end under stalls."""
    return [(2, "none"), (max(cycles // 2, 3), "none"), (max(cycles - 1, 4), "mostly_stalled")]
