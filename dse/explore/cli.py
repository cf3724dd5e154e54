"""The commands ``rtloom explore``, ``reproduce`` and ``explain``."""

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..text_table import show_table

if TYPE_CHECKING:
    from ..engine.executor import Executor
    from ..engine.outcome import Progress
    from ..engine.progress import Display
    from .result import Explored
    from .run import Told

__all__ = ["register"]

Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]
STORE = "explore.db"
"""Name of the store in the output folder, where none is given."""
Kept = Annotated[Path, typer.Option("--store", help="Store of the exploration.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(explore)
    app.command()(reproduce)
    app.command()(explain)


def explore(
    space: Annotated[Path | None, typer.Argument(metavar="SPACE.yaml", help="What is explored.")] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder of store, report, table and pictures; made if need be.")
    ] = Path("build/explore"),
    store: Annotated[
        Path | None, typer.Option(help="Store of all results; explore.db in the output folder if not given.")
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Processes of this machine.")] = 2,
    dask: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Dask scheduler to run on; local:N starts one here.")
    ] = None,
    status: Annotated[
        bool, typer.Option("--status", help="Only say what the store holds, and who works on it.")
    ] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try again what failed before.")] = False,
    time_limit: Annotated[
        float, typer.Option(help="Seconds after which a synthesis or simulation is given up.")
    ] = 1800.0,
    example: Annotated[bool, typer.Option("--example", help="Print a space to start from.")] = False,
    as_json: Json = False,
) -> None:
    """Explore a space of designs: area, energy and time of a network, every point on the front a checked netlist.

    Tier 0 evaluates all points in closed form; the best are synthesised (tier 1), and those that may be on the front
    run in Verilator and as gates (tier 2). Stopped at any moment, the same command goes on where it was.

    Example: rtloom explore --example > space.yaml; rtloom explore space.yaml
    """
    if example:
        from .example import EXAMPLE

        typer.echo(EXAMPLE, nl=False)
        return
    kept = output / STORE if store is None else store
    if status:
        _status(kept, as_json)
        return
    found, document = _explored(space, kept, store is not None, output, jobs, dask, retry_failed, time_limit)
    if as_json:
        typer.echo(json.dumps(document, indent=2))
        return
    _show(found, kept, output)


def _explored(
    space: Path | None,
    kept: Path,
    given: bool,
    output: Path,
    jobs: int,
    dask: str | None,
    retry_failed: bool,
    time_limit: float,
) -> "tuple[Explored, dict[str, Any]]":
    """Explore, write the report, and return what was found."""
    from ...errors import InputError
    from ...files import made_folder
    from ..engine.progress import Display
    from ..report.write import check_tools, write_report
    from ..space.document import read_space
    from ..store.store import Store
    from .exported import export_front
    from .run import explore as run

    if space is None:
        raise InputError("Space must be a YAML file; rtloom explore --example prints one to start from")
    loaded = read_space(space)
    check_tools()
    made_folder(output)
    with Store.open(kept) as opened, Display() as display, _executor(jobs, dask) as executor:
        told = _teller(display)
        found = run(loaded, opened, executor, told=told, retry_failed=retry_failed, time_limit=time_limit)
    command = ["rtloom", "explore", str(space), "-o", str(output), *(["--store", str(kept)] if given else [])]
    document = write_report(found, output, shlex.join(command), kept)
    exported, refused = export_front(found, output / "exports")
    return found, document | {"exports": [str(file) for file in exported], "not_exported": refused}


def _teller(display: "Display") -> "Told":
    """Return what tells at the terminal how far an exploration is."""
    steps: set[str] = set()

    def told(step: str, progress: "Progress | None", front: int) -> None:
        if step not in steps:
            steps.add(step)
            display.say(step)
        if progress is not None:
            display.note(f"{front} on the front as far as is known")
            display(progress)

    return told


def _executor(jobs: int, dask: str | None) -> "Executor":
    """Return where tasks run."""
    from ..engine.dask_cluster import DaskCluster
    from ..engine.processes import Processes

    return DaskCluster(dask) if dask is not None else Processes(jobs)


def _status(kept: Path, as_json: bool) -> None:
    """Say what a store holds."""
    from ..store.status import status as status_of
    from ..store.store import Store
    from .jobs import FPGA, RTL, SYNTH

    with Store.open(kept, create=False) as opened:
        report = status_of(opened, {SYNTH: "1", FPGA: "1", RTL: "2"})
    if as_json:
        typer.echo(json.dumps(report.to_dict(), indent=2))
        return
    show_table(report.table())
    for note in report.notes():
        typer.echo(note)
    typer.echo(str(report))


def _show(found: "Explored", kept: Path, output: Path) -> None:
    """Print the front and where the rest is."""
    from ..workloads.workload import parse_workload

    names = list(dict.fromkeys([*found.objectives, "area", "latency", "utilisation"]))
    axes = list(found.variants[0].axes) if found.variants else []
    rows: list[tuple[str, ...]] = [("point", *axes, "recipe", *names)]
    for variant in found.best:
        cells = (variant.figures[name].short if name in variant.figures else "-" for name in names)
        rows.append((variant.point, *(str(variant.axes[name]) for name in axes), variant.recipe, *cells))
    if found.best:
        show_table(rows)
    reasons: dict[str, int] = {}
    for variant in found.variants:
        if variant.reason:
            reasons[variant.reason] = reasons.get(variant.reason, 0) + 1
    for reason, count in sorted(reasons.items(), key=lambda item: -item[1])[:5]:
        typer.echo(f"out: {count} x {reason}")
    if found.reasons:
        counted = parse_workload(found.workload, "workload", "Workload").counted
        left = f"{100 * (1 - found.coverage):.1f} % of the {counted}"
        typer.echo(f"not in the figures: {left}, in {len(found.reasons)} layers that the designs cannot run")
    for reason, count in found.unknown.items():
        typer.echo(f"not proposed: {count:,} points without an estimate: {reason}")
    typer.echo(str(found))
    typer.echo(f"report: {output / 'report.html'}, store: {kept}; rtloom explain ID --store {kept} takes a point apart")


def reproduce(
    point: Annotated[str, typer.Argument(metavar="ID", help="Point, or the beginning of its id.")],
    store: Kept = Path("build/explore") / STORE,
    as_json: Json = False,
) -> None:
    """Build a point of an exploration again and compare every figure; exit status 1 where one differs.

    Example: rtloom reproduce 3f2a9c
    """
    from rich.console import Console

    from ..store.store import Store
    from .reproduce import reproduce as again

    with Store.open(store, create=False) as opened, Console(stderr=True).status("reading the store") as line:
        report = again(opened, point, line.update)
    typer.echo(json.dumps(report.to_dict(), indent=2) if as_json else str(report))
    if report.different:
        raise typer.Exit(1)


def explain(
    point: Annotated[str, typer.Argument(metavar="ID", help="Point, or the beginning of its id.")],
    store: Kept = Path("build/explore") / STORE,
    as_json: Json = False,
) -> None:
    """Take a point of an exploration apart: cycles by layer, area and energy by module.

    Example: rtloom explain 3f2a9c
    """
    from ..store.store import Store
    from .explain import explain as taken_apart

    with Store.open(store, create=False) as opened:
        report = taken_apart(opened, point)
    if as_json:
        typer.echo(json.dumps(report.to_dict(), indent=2))
        return
    params = ", ".join(f"{name} {value}" for name, value in report.spec.params.to_dict().items())
    typer.echo(f"{report.spec.family.name} {report.point}: {params}")
    for title, rows in report.tables().items():
        typer.echo(f"\n{title}")
        show_table(rows)
    for failure in report.failures:
        typer.echo(f"failed: {failure}")
