"""The command ``rtloom netlist``."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from .check import NetlistReport

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add ``netlist`` to the command."""
    app.command()(netlist)


def netlist(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="Preset or YAML file.")],
    params: Annotated[list[str] | None, typer.Option("--param", "-p", metavar="KEY=VALUE", help="Change one.")] = None,
    target: Annotated[str, typer.Option(help="ice40, ecp5 or gowin.")] = "ecp5",
    dsp: Annotated[bool, typer.Option(help="Multipliers in DSP blocks.")] = True,
    seed: Annotated[int, typer.Option(min=0, max=1 << 30, help="Of the tensors.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable report.")] = False,
) -> None:
    """Synthesise a design for an FPGA family and simulate its cells: results and cycles must be golden's.

    The cells are Yosys's simulation models, and rtloom's own of the blocks that Yosys knows by name only: ECP5's
    multipliers and block RAMs, Gowin's multipliers and RAMs of two ports. A status of 1 means that they differ.

    Example: rtloom netlist systolic-4x4-int8 --target ecp5
    """
    from rich.console import Console

    from ...generators.cli import overrides
    from ...generators.spec import load
    from .check import check_netlist

    loaded = load(spec, **overrides(params))
    with Console(stderr=True).status(f"{target}: netlist of {loaded.name}"):
        report = check_netlist(loaded, target, seed=seed, dsp=dsp)
    if as_json:
        typer.echo(json.dumps(report.to_dict(), indent=2))
    else:
        _show(report)


def _show(report: "NetlistReport") -> None:
    """Print a line for the netlist, and one for each job."""
    figures = report.synthesis.figures
    taken = ", ".join(f"{figure.short}" for figure in figures.values() if figure.value)
    typer.echo(f"{taken}  [{next(iter(figures.values())).source}]")
    for job in report.jobs:
        typer.echo(f"{job.design} {job.operation}: equal to golden in {job.cycles} cycles, as the formula says")
