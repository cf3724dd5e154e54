"""The command ``rtloom mutate``."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from .campaign import Verdict

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add ``mutate`` to the command."""
    app.command()(mutate)


def mutate(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="Preset or YAML file; best a small design.")],
    params: Annotated[list[str] | None, typer.Option("--param", "-p", metavar="KEY=VALUE", help="Change one.")] = None,
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="Faults.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, max=1 << 30, help="Of faults, data and stalls.")] = 1,
    rounds: Annotated[int, typer.Option(min=1, help="Times that survivors are tried, with other data.")] = 8,
    prove: Annotated[
        bool, typer.Option("--prove/--no-prove", help="Look for proofs that survivors change nothing.")
    ] = True,
    least: Annotated[
        float | None, typer.Option(min=0, max=100, help="Exit status 1 where the score in per cent is lower.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable report.")] = False,
) -> None:
    """Put faults into a design, one at a time, and count how many the verification finds.

    Every fault is a bit of the netlist that is stuck or inverted. Jobs of the design's family run on it in Verilator,
    with stalls and resets, until something differs from the golden model, a stream's rules or the formula of cycles.
    Faults that survive are compared with the faultless design by induction and SAT; what is neither found nor proven is
    listed with its line of Verilog, and so is what changes nothing under an assumption.

    Example: rtloom mutate systolic-4x4-int8 -n 1000 --least 98
    """
    from rich.console import Console
    from rich.progress import Progress

    from ...generators.cli import overrides
    from ...generators.spec import load
    from .campaign import mutate as run

    loaded = load(spec, **overrides(params))
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("faults and simulator", total=None)

        def tell(what: str, done: int, total: int) -> None:
            progress.update(task, description=what, completed=done, total=total)

        report = run(loaded, count, seed, rounds, prove, tell)
    if as_json:
        typer.echo(json.dumps(report.to_dict(), indent=2))
    else:
        for verdict in report.survivors:
            typer.echo(f"survived: {verdict.fault}: {verdict.source}{_known(verdict)}")
        for verdict in report.conditional:
            typer.echo(f"changes nothing: {verdict.fault} ({verdict.message})")
        typer.echo(str(report))
    if least is not None and 100 * report.score < least:
        raise typer.Exit(1)


def _known(verdict: "Verdict") -> str:
    """Return what a search for a proof found out."""
    return f" ({verdict.message})" if verdict.message else ""
