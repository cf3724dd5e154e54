"""The command ``rtloom compare``."""

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .limits import LIMIT, MOST_CELLS

if TYPE_CHECKING:
    from rich.status import Status

    from .report import DifferentialReport

__all__ = ["register"]

EVERY = "all"


def register(app: typer.Typer) -> None:
    """Add ``compare`` to the command."""
    app.command()(compare)


def compare(
    specs: Annotated[list[str], typer.Argument(metavar="SPEC", help="Presets or YAML files; all: every preset.")],
    params: Annotated[list[str] | None, typer.Option("--param", "-p", metavar="KEY=VALUE", help="Change one.")] = None,
    engines: Annotated[
        str | None, typer.Option("--with", metavar="NAMES", help="icarus, netlist or both; else what is installed.")
    ] = None,
    target: Annotated[str, typer.Option(metavar="NAMES", help="Netlists: gates, ice40, ecp5, xilinx.")] = "gates",
    jobs: Annotated[str | None, typer.Option(metavar="NAMES", help="Only these jobs of the bench.")] = None,
    stalls: Annotated[str | None, typer.Option(metavar="NAMES", help="Only these stall patterns of the bench.")] = None,
    cycles: Annotated[
        int | None, typer.Option(min=1, help="No more runs than take about so many cycles; the design stays whole.")
    ] = None,
    limit: Annotated[float, typer.Option(min=1, help="Seconds for each step of an engine.")] = LIMIT,
    most_cells: Annotated[
        int, typer.Option(min=1, metavar="CELLS", help="Netlists of more cells are not simulated.")
    ] = MOST_CELLS,
    interface: Annotated[str, typer.Option(help="How the ports are named: axi or stream.")] = "axi",
    seed: Annotated[int, typer.Option(min=0, max=1 << 30, help="Of data and stalls.")] = 1,
    out: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Write each report there, as JSON.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable report; a list for several.")] = False,
) -> None:
    """Run one stimulus in Verilator, in Icarus Verilog and on the synthesised netlist, and compare.

    The jobs of the bench run in free flow, stalled and with resets in mid-flight. Values, flags and the cycle of every
    beat must be the same everywhere and right; in Icarus nothing may be unknown after reset, with inputs unknown
    wherever they do not count. Names are separated by commas. Exit status 1 where something differs.

    Example: rtloom compare systolic-4x4-int8 --target gates,ice40
    """
    from rich.console import Console

    from ...generators.cli import overrides
    from ...generators.spec import load, presets
    from . import compare as differential

    names = list(presets()) if specs == [EVERY] else specs
    loaded = [load(name, **overrides(params)) for name in names]
    reports = []
    with Console(stderr=True).status("") as status:
        for at, spec in enumerate(loaded, 1):
            label = f"{spec.name} ({at} of {len(loaded)})"
            report = differential.compare(
                spec,
                engines=None if engines is None else _split(engines),
                targets=_split(target),
                interface=interface,
                seed=seed,
                jobs=_split(jobs),
                stalls=_split(stalls),
                cycles=cycles,
                limit=limit,
                most_cells=most_cells,
                tell=partial(_tell, status, label),
            )
            reports.append(report)
            _show(report, out, as_json)
    if as_json:
        values: list[dict[str, Any]] = [report.to_dict() for report in reports]
        typer.echo(json.dumps(values[0] if len(values) == 1 else values, indent=2))
    if not all(report.agree for report in reports):
        raise typer.Exit(1)


def _tell(status: "Status", label: str, what: str) -> None:
    """Show what begins."""
    status.update(f"{label}: {what}")


def _split(names: str | None) -> tuple[str, ...]:
    """Return names that are separated by commas."""
    return tuple(name.strip() for name in (names or "").split(",") if name.strip())


def _show(report: "DifferentialReport", out: Path | None, as_json: bool) -> None:
    """Print a report and write its file."""
    if out is not None:
        from ...files import write_files

        write_files(out, {f"differential-{report.design}.json": json.dumps(report.to_dict(), indent=2) + "\n"})
    if as_json:
        return
    for difference in report.differences:
        typer.echo(str(difference))
    typer.echo(str(report))
