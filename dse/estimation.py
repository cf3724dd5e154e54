"""What a design takes, at once: cycles of a workload exactly, area and energy from calibrated closed forms."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..figures import Figure
from ..generators.spec import Spec
from .cycles import WorkloadRun, run_workload
from .estimate.model import estimator
from .explore.estimates import costs_of, technology_of
from .explore.judge import Judge
from .space.document import Space, parse_space
from .space.grid import Grid
from .tier0.table import evaluate
from .workloads.workload import Workload

__all__ = ["Estimation", "around", "estimate"]


@dataclass(frozen=True)
class Estimation:
    """Figures of a design, each with where it comes from.

    Parameters
    ----------
    spec
        The design.
    figures
        `area`, `flip_flops` where they were calibrated, and on a workload those of tier 0.
    run
        The workload's layers; None without one.
    notes
        What could not be estimated, and what would make it so.
    """

    spec: Spec
    figures: dict[str, Figure]
    run: WorkloadRun | None
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON holds it."""
        return {
            "report": "estimate",
            "design": self.spec.name,
            "workload": self.run.workload.name if self.run else None,
            "figures": {name: figure.to_dict() for name, figure in self.figures.items()},
            "covered": self.run.covered if self.run else None,
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        """Return the figures in lines, each with its source."""
        width = max(map(len, self.figures), default=0)
        lines = [f"{name.replace('_', ' '):{width}}  {figure}" for name, figure in self.figures.items()]
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])


def around(
    spec: Spec,
    workload: str | None,
    liberty: Sequence[str | Path],
    clock_mhz: float | None,
    buffer_kib: float | None,
    bandwidth_gb_s: float | None,
    data: str | None,
) -> Space:
    """Return the space of one design, with the defaults of spaces for what is None.

    Raises
    ------
    InputError
        Where a value breaks its rule.
    """
    memory = {"buffer_kib": buffer_kib, "bandwidth_gb_s": bandwidth_gb_s}
    given = {"clock_mhz": clock_mhz, "data": data}
    field = next(iter(type(spec.params).model_fields))
    document = {
        "family": spec.family.name,
        "axes": {field: [spec.params.to_dict()[field]]},
        "workload": workload or "none",
        "memory": {name: value for name, value in memory.items() if value is not None},
        "liberty": [str(file) for file in liberty],
        **{name: value for name, value in given.items() if value is not None},
    }
    return parse_space(document, "Options", spec.name)


def estimate(spec: Spec, space: Space, workload: Workload | None) -> Estimation:
    """Estimate a design.

    Parameters
    ----------
    spec
        The design.
    space
        Technology, clock and memories; its axes do not count.
    workload
        What it runs; None for area alone.

    Raises
    ------
    InputError
        Where the design runs no layer of the workload.
    """
    library = technology_of(space).library
    figures: dict[str, Figure] = {}
    notes: list[str] = []
    for target in ("area", "flip_flops"):
        try:
            figures[target] = estimator(spec.family.name, library.sha256, target=target).figure(spec.params)
        except InputError as error:
            calibrated = f"{spec.family.name} is calibrated neither for this design nor with {library.name}"
            why = str(error) if library.sha256 not in str(error) else calibrated
            notes += [f"area: {why}; rtloom calibrate measures it"] if target == "area" else []
    if workload is None and not figures:
        raise InputError(f"Estimate of {spec.name} must be one of a calibrated family: {notes[0]}")
    if workload is None:
        return Estimation(spec, figures, None, tuple(notes))
    run = run_workload(spec, workload, space.kept)
    costs = costs_of(space)
    whole = {name: [getattr(spec.params, name)] for name in type(spec.params).model_fields}
    table = evaluate(Grid(spec.family, {}, whole), space, workload, costs)
    found = Judge(space, table, costs, technology_of(space)).begin(0, spec.params)
    figures |= {name: figure for name, figure in found.items() if name not in figures}
    if "energy" not in found:
        notes.append(
            f"energy: {spec.family.name} is not calibrated for {library.name} and {space.data} data; "
            "rtloom explore measures it"
        )
    if run.missing:
        share = f"{100 * (1 - run.covered):.1f} % of the {workload.counted}"
        notes.append(f"{len(run.missing)} of {len(run.layers)} layers, {share}, left out")
    return Estimation(spec, figures, run, tuple(notes))
