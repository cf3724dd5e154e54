"""Energy of a busy cycle, measured on simulated gates, as further targets of the designs of a calibration."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from ...generators.spec import load
from ..gate_level.data import KINDS, jobs
from ..gate_level.energy import prepare
from ..technology import Technology
from .dataset import Row, append_rows, read_rows
from .design_set import Point

__all__ = ["collect_energy", "energy_target"]

JOBS = 32
"""Jobs that are simulated side by side."""
PICO = 1e12


def energy_target(kind: str, technology: Technology) -> str:
    """Return the name of the energy of a busy cycle with data of a kind; ``zero`` is that of an idle one."""
    return f"energy_busy:{kind}" + ("" if technology.liberty else f"@{technology.node.name}")


def collect_energy(
    points: Sequence[Point],
    technology: Technology,
    path: Path,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> list[Row]:
    """Measure what a file of rows lacks: picojoules a cycle, memory macros left out, whole and by module label.

    Parameters
    ----------
    points
        Designs.
    technology
        Of whose cells; a file holds rows of one.
    path
        File of rows; made if need be, added to otherwise.
    progress
        Called with the designs done and wanted.

    Raises
    ------
    InputError
        Where the file cannot be written.
    ToolError, CheckError
        As `rtloom.dse.gate_level.energy.measure_energy`.
    """
    known = {row.design: row for row in read_rows(path) if row.sha256 == technology.library.sha256}
    rows = []
    for done, point in enumerate(points):
        progress(done, len(points))
        wanted = Row.named(point)
        if wanted not in known:
            known[wanted] = _row(point, technology)
            append_rows(path, [asdict(known[wanted])])
        rows.append(known[wanted])
    progress(len(points), len(points))
    return rows


def _row(point: Point, technology: Technology) -> Row:
    """Synthesise and simulate one design with data of every kind."""
    spec = load({"family": point.family, "name": "dut", "params": dict(point.params)})
    design = prepare(spec, technology)
    targets: dict[str, float] = {}
    seconds = design.report.seconds
    for kind in KINDS:
        report = design.measure(jobs(spec, kind, JOBS))
        name, cycles = energy_target(kind, technology), report["cycles"].value
        targets[name] = PICO * report.joules / cycles
        targets |= {f"{name}/{label}": PICO * joules / cycles for label, joules in report.labels.items()}
        seconds += report.seconds
    return Row(
        **asdict(point),
        tool=design.report.tool,
        recipe=design.report.recipe,
        library=technology.library.name,
        sha256=technology.library.sha256,
        unit="pJ",
        targets={name: float(f"{value:.7g}") for name, value in targets.items()},
        seconds=round(seconds, 2),
    )
