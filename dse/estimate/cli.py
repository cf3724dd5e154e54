"""The command ``rtloom calibrate``."""

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .calibration import Calibration

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add ``calibrate`` to the command."""
    app.command()(calibrate)


def calibrate(
    families: Annotated[list[str] | None, typer.Argument(metavar="FAMILY", help="Which; none: all.")] = None,
    liberty: Annotated[
        list[Path] | None,
        typer.Option(help="Liberty file of a cell library beside the built-in one; repeat for a library in several."),
    ] = None,
    points: Annotated[
        int | None, typer.Option(min=8, help="Designs in the calibrated space; each family has a default.")
    ] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Runs of Yosys at once; 1 by default.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder of what is measured and fitted; default: the cache.")
    ] = None,
    energy: Annotated[
        bool,
        typer.Option("--energy", help="Also simulate gates of the smaller half, with data of each kind, for energies."),
    ] = False,
    node: Annotated[
        str | None, typer.Option(help="Technology of the built-in library, for energies; sky130 by default.")
    ] = None,
    fit_only: Annotated[bool, typer.Option("--fit-only", help="Fit what was measured, and measure nothing.")] = False,
) -> None:
    """Synthesise a designed set of each family and fit the estimators of its area and energy; print their errors.

    What was measured is kept line by line: the same command goes on where it was, and further libraries join those
    that were measured before. Estimates read the package's own calibrations, then those in the cache.

    Example: rtloom calibrate systolic --liberty sky130_fd_sc_hd__tt_025C_1v80.lib.gz
    """
    from ...errors import InputError
    from ...files import made_folder, whole_file
    from .calibration import calibration_file, own_calibrations
    from .features.families import FAMILIES

    _refuse_ignored(
        {"--liberty": liberty, "--points": points, "--energy": energy, "--jobs": jobs} if fit_only else {}, "--fit-only"
    )
    _refuse_ignored({} if energy else {"--node": node}, "a calibration without --energy")
    for name in families or ():
        if name not in FAMILIES:
            raise InputError(f"Calibration family must be one of {', '.join(FAMILIES)}, not {name!r}")
    folder = own_calibrations() if output is None else made_folder(output)
    for name in families or FAMILIES:
        if not fit_only:
            _measure(name, folder, liberty or [], points, jobs or 1)
            if energy:
                _simulate(name, folder, liberty or [], node or "sky130", points)
        found = _fitted(name, folder)
        with whole_file(calibration_file(folder, name), "Calibration") as file:
            file.write(found.to_json().encode())
        show(found)


def _refuse_ignored(options: "Mapping[str, object]", where: str) -> None:
    """Refuse options that would have no effect."""
    from ...errors import must

    for name, value in options.items():
        if value:
            raise must(f"Option {name}", f"be left out in {where}", value)


def _measure(family: str, folder: Path, liberty: list[Path], points: int | None, jobs: int) -> None:
    """Synthesise what is lacking."""
    from ...hdl.gate_equivalents import gate_equivalents
    from ...hdl.liberty import load_library
    from .dataset import collect
    from .design_set import design_set

    libraries = [gate_equivalents(), *([load_library(liberty)] if liberty else [])]
    with _bar(f"{family}: synthesising") as progress:
        collect(design_set(family, points), libraries, folder / f"{family}.jsonl", progress, jobs)


def _simulate(family: str, folder: Path, liberty: list[Path], node: str, points: int | None) -> None:
    """Simulate the gates of what is lacking."""
    from ..technology import technology
    from .dataset import read_rows
    from .design_set import design_set
    from .energy import collect_energy, smaller_half

    areas = {row.design: row.targets["area"] for row in read_rows(folder / f"{family}.jsonl") if row.unit == "GE"}
    with _bar(f"{family}: simulating gates") as progress:
        chosen = technology(liberty, node)
        name = f"{family}-energy-{chosen.library.sha256[:8] if liberty else node}.jsonl"
        collect_energy(smaller_half(design_set(family, points), areas), chosen, folder / name, progress)


@contextmanager
def _bar(title: str) -> "Iterator[Callable[[int, int], None]]":
    """Show a progress bar; give what sets the designs done and wanted."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, transient=True) as bar:
        task = bar.add_task(title)
        yield lambda done, of: bar.update(task, completed=done, total=of)


def _fitted(family: str, folder: Path) -> "Calibration":
    """Fit all that a folder holds of a family."""
    from ...errors import must
    from .assemble import assemble
    from .dataset import read_rows

    files = [folder / f"{family}.jsonl", *sorted(folder.glob(f"{family}-energy-*.jsonl"))]
    rows = [row for file in files for row in read_rows(file)]
    if not rows:
        raise must("Calibration folder", f"hold what was measured of {family}", str(folder))
    return assemble(family, rows)


def show(found: "Calibration") -> None:
    """Print the errors of every fit by split."""
    from rich.console import Console
    from rich.table import Table

    title = f"{found.family}: errors in % [{found.tool}; {found.recipe}; seed {found.seed}]"
    table = Table("library", "target", "split", "designs", "median", "p95", "worst", "smallest kept", box=None)
    for column in table.columns[3:]:
        column.justify = "right"
    for measured, fit, (kept, of) in zip(found.measured, found.fits, found.retained, strict=True):
        for split, errors in fit.errors.items():
            figures = (f"{value:.1f}" for value in (errors.median, errors.p95, errors.worst))
            share = f"{kept} of {of}" if split == "held_out" else ""
            table.add_row(measured.library, fit.target, split.replace("_", " "), str(errors.n), *figures, share)
    console = Console()
    console.print(title, markup=False, highlight=False)
    console.print(table)
