"""The command ``rtloom prove``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from .proof import ProofReport

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add ``prove`` to the command."""
    app.command()(prove)


def prove(
    spec: Annotated[
        str, typer.Argument(metavar="SPEC", help="Preset or YAML file; or the word blocks: the shared building blocks.")
    ],
    params: Annotated[list[str] | None, typer.Option("--param", "-p", metavar="KEY=VALUE", help="Change one.")] = None,
    depth: Annotated[
        int | None, typer.Option(min=1, help="Cycles of a bounded search; default: 4 latencies of the design.")
    ] = None,
    only: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Make this proof; may be repeated.")] = None,
    time_limit: Annotated[float, typer.Option(min=1, metavar="SECONDS", help="For each proof.")] = 60.0,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Keep waveforms of counterexamples here.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable report.")] = False,
) -> None:
    """Prove stream rules, freedom from deadlock and overflow of a design, or the building blocks against * and +.

    Each proof says how far it reaches: proven for all time (induction, SAT), bounded to some cycles, not finished, or
    failed with a counterexample that was simulated. Covers show that it is not vacuous. Exit status 1 where one fails.

    Example: rtloom prove systolic-4x4-int8 --output traces
    """
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("proofs", total=None)

        def tell(what: str, done: int, total: int) -> None:
            progress.update(task, description=what, completed=done, total=total)

        report = _report(spec, params, depth, only, time_limit, output, tell)
    _show(report, as_json)
    if not report.passed:
        raise typer.Exit(1)


def _report(
    spec: str,
    params: list[str] | None,
    depth: int | None,
    only: list[str] | None,
    time_limit: float,
    output: Path | None,
    tell: Callable[[str, int, int], None],
) -> "ProofReport":
    """Prove the blocks or a design."""
    from ...errors import must
    from ...generators.cli import overrides
    from ...generators.spec import load
    from .blocks import prove_blocks
    from .design import prove as prove_design

    if spec != "blocks":
        return prove_design(load(spec, **overrides(params)), only, depth, time_limit, output, tell)
    for name, value in (("--param", params), ("--depth", depth)):
        if value is not None:
            raise must(f"Option {name}", "be left out for blocks", value)
    return prove_blocks(only, time_limit, output, tell)


def _show(report: "ProofReport", as_json: bool) -> None:
    """Print a report."""
    from rich.console import Console
    from rich.table import Table

    if as_json:
        typer.echo(json.dumps(report.to_dict(), indent=2))
        return
    table = Table("proof", "status", "how", "cover", "s", box=None, pad_edge=False)
    for proof in report.proofs:
        cover = "" if proof.cover is None else str(proof.cover)
        table.add_row(proof.name, proof.status, proof.how, cover, f"{proof.seconds:.1f}")
    Console().print(table)
    for proof in report.proofs:
        note = f" ({proof.note})" if proof.note else ""
        wave = f" Waveform: {proof.trace}" if proof.trace else ""
        typer.echo(f"{proof.name}: {proof.claim}{note}.{wave}")
    typer.echo(str(report))
