"""Energy of a cycle, measured on simulated gates, as further targets of the designs of a calibration."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from ...generators.spec import load
from ..gate_level.cycles import labels_per_cycle, per_cycle
from ..gate_level.data import KINDS, jobs
from ..gate_level.energy import prepare
from ..technology import Technology
from .dataset import Row, append_rows, read_rows
from .design_set import SPLITS, Point
from .features.families import ENERGY

__all__ = ["collect_energy", "energy_target", "smaller_half"]

JOBS = 16
"""Jobs that are simulated side by side."""
GLITCH_CYCLES = 16
IDLE = "zero"
"""Kind of data of a design that has nothing to do."""
PICO = 1e12


def energy_target(kind: str, technology: Technology) -> str:
    """Return the name of the energy of a busy cycle with data of a kind; ``zero`` is that of an idle one."""
    return f"{ENERGY}{kind}" + ("" if technology.liberty else f"@{technology.node.name}")


def smaller_half(points: Sequence[Point], areas: Mapping[str, float]) -> list[Point]:
    """Return half of the designs of each split, the smaller ones: gates take long to simulate.

    Parameters
    ----------
    points
        Designs.
    areas
        By `Row.design`; designs without one are left out.
    """
    chosen = []
    for split in SPLITS:
        own = sorted(
            (p for p in points if p.split == split and Row.named(p) in areas), key=lambda p: areas[Row.named(p)]
        )
        chosen += own[: -(-len(own) // 2)]
    return chosen


def collect_energy(
    points: Sequence[Point],
    technology: Technology,
    path: Path,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> list[Row]:
    """Measure what a file of rows lacks: picojoules a cycle, memory macros left out, whole and by module label.

    The energy of a cycle is that of `rtloom.dse.gate_level.cycles.per_cycle`, of jobs that keep the design busy.

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
    design, peak = prepare(spec, technology), float(spec.family.peak(spec.params))
    reports = {kind: design.measure(jobs(spec, kind, JOBS), glitch_cycles=GLITCH_CYCLES) for kind in KINDS}
    targets: dict[str, float] = {}
    for kind, report in reports.items():
        name = energy_target(kind, technology)
        busy, idle = per_cycle(report, peak, reports[IDLE])
        targets[name] = PICO * (idle if kind == IDLE else busy)
        labels = labels_per_cycle(report, peak, reports[IDLE])
        targets |= {f"{name}/{label}": PICO * joules for label, joules in labels.items()}
    return Row(
        **asdict(point),
        tool=design.report.tool,
        recipe=design.report.recipe,
        library=technology.library.name,
        sha256=technology.library.sha256,
        unit="pJ",
        targets={name: float(f"{value:.7g}") for name, value in targets.items()},
        seconds=round(design.report.seconds + sum(report.seconds for report in reports.values()), 2),
    )
