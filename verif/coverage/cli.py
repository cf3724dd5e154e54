"""The command ``rtloom coverage``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from .report import CoverageReport

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add ``coverage`` to the command."""
    app.command()(coverage)


def coverage(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="Preset or YAML file.")],
    params: Annotated[list[str] | None, typer.Option("--param", "-p", metavar="KEY=VALUE", help="Change one.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=1 << 30, help="The first one, of data and stalls.")] = 1,
    seeds: Annotated[
        int | None, typer.Option(min=0, help="Seeds to run, default 1; with --until-covered at most so many, 20.")
    ] = None,
    until_covered: Annotated[bool, typer.Option("--until-covered", help="Go on until the goal is reached.")] = False,
    goal: Annotated[
        float | None, typer.Option(min=0, max=100, help="Per cent for --until-covered; default 100.")
    ] = None,
    merge: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Add the coverage in this file; may be repeated.")
    ] = None,
    structural: Annotated[
        bool, typer.Option("--structural/--no-structural", help="Also count lines, branches and bits of the Verilog.")
    ] = True,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Pages, JSON and lcov file.")
    ] = None,
    least: Annotated[
        float | None, typer.Option(min=0, max=100, help="Exit status 1 where fewer per cent of the points are hit.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable report.")] = False,
) -> None:
    """Say what the scenarios of the bench exercise: cover points of the family, and lines and bits of the Verilog.

    The scenarios run natively in Verilator, each compared with the golden model, with one seed after the other. What
    counts for a stream is what really happened on it. With --output a folder gets coverage.html, coverage.json, which
    --merge reads, and, of the Verilog, lines.html and coverage.info for lcov's tools.

    Example: rtloom coverage systolic-4x4-int8 --until-covered -o coverage
    """
    from rich.console import Console

    from ...errors import must
    from ...generators.cli import overrides
    from ...generators.spec import load
    from .collect import GOAL, LIMIT, collect
    from .outputs import write
    from .report import CoverageReport, read_report

    if goal is not None and not until_covered:
        raise must("Option --goal", "come with --until-covered", goal)
    loaded = load(spec, **overrides(params))
    report = CoverageReport.empty(loaded)
    for file in merge or ():
        report = report.merged(read_report(file))
    limit = seeds if seeds is not None else LIMIT if until_covered else 1
    with Console(stderr=True).status("simulator") as status:

        def tell(now: CoverageReport) -> None:
            status.update(f"seed {now.seeds[-1]}: {now.score:.1f} %, {len(now.holes)} holes")

        if limit:
            # Without a goal every seed is run, covered or not.
            wanted = (GOAL if goal is None else goal) if until_covered else None
            report = collect(loaded, seed, goal=wanted, limit=limit, structural=structural, before=report, tell=tell)
    written = write(report, loaded, output) if output else []
    typer.echo(json.dumps(report.to_dict(), indent=2) if as_json else _words(report, written))
    if least is not None and report.score < least:
        raise typer.Exit(1)


def _words(report: "CoverageReport", written: list[Path]) -> str:
    """Return the report for people: groups, holes, files."""
    from rich.console import Console

    from .outputs import table

    console = Console()
    with console.capture() as shown:
        console.print(table(report))
    holes = [f"hole: {hole.key}: {hole.meaning}" for hole in report.holes]
    return "\n".join([shown.get().rstrip("\n"), *holes, *(f"wrote {path}" for path in written), str(report)])
