"""The command ``rtloom demo``."""

import json
from pathlib import Path
from typing import Annotated

import typer

from .digits.defaults import CLOCK, OUTPUT, SPEC

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add ``demo`` to the command."""
    app.command("demo")(run_demo)


def run_demo(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for the results.")] = Path(
        OUTPUT
    ),
    spec: Annotated[str, typer.Option(metavar="SPEC", help="Systolic design with int8 operands.")] = SPEC,
    clock: Annotated[float, typer.Option(metavar="MHZ", help="Assumed clock, for images per second.")] = CLOCK / 1e6,
    quick: Annotated[bool, typer.Option("--quick", help="40 instead of all 360 held-out images.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Run two small networks on handwritten digits through the generated array.

    Trains a multilayer perceptron and a convolutional network on scikit-learn's digits, quantises them to int8, runs
    the held-out images through the Verilog in Verilator and compares every layer with the golden model bit for bit.

    Example: rtloom demo --clock 200 -o demo-out
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from .digits.results import show
    from .digits.run import demo

    columns = (BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    errors = Console(stderr=True)
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        task = progress.add_task("starting", total=1.0)
        results = demo(
            output, spec, clock * 1e6, quick, lambda text, done: progress.update(task, description=text, completed=done)
        )
    if as_json:
        typer.echo(json.dumps(results))
        return
    show(results, Console())
    typer.echo(f"Written to {output}: {', '.join(results['files'])} ({results['seconds']['value']:.0f} s)")
