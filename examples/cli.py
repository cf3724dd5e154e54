"""The command ``rtloom demo``."""

import json
from pathlib import Path
from typing import Annotated

import typer

from .demos import find_demo
from .digits.defaults import CLOCK

__all__ = ["register"]

ABOUT = """Run networks on real input through generated hardware.

A multilayer perceptron and a convolutional network are trained on scikit-learn's digits and made integers. The
held-out images go through the Verilog in Verilator, and every layer is compared with the golden model bit for bit.
For attention, sentences go through a transformer.

\b
NAME is one of
  digits     int8 weights on a systolic array (the default)
  lut        ternary, 2-bit and 4-bit weights on a LUT tile, and what it takes beside multipliers; then the matrices of
             a real transformer's layer, if it is installed
  sparse     N:M sparse weights on sparse chains: the digits, then matrices of the same transformer
  attention  the heads and a whole encoder layer of that transformer, and what all its layers make of sentences; a
             small transformer that reads digits where it is not installed

\b
Examples
  rtloom demo --clock 200 -o demo-out
  rtloom demo lut --quick
  rtloom demo sparse
  rtloom demo attention
"""


def register(app: typer.Typer) -> None:
    """Add ``demo`` to the command."""
    app.command("demo", help=ABOUT)(run_demo)


def run_demo(
    name: Annotated[str, typer.Argument(metavar="NAME", help="digits, lut, sparse or attention.")] = "digits",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Folder for the results; demo-out, or demo- and the name."),
    ] = None,
    spec: Annotated[
        str | None, typer.Option(metavar="SPEC", help="Design with int8 activations, of the demo's family.")
    ] = None,
    clock: Annotated[float, typer.Option(metavar="MHZ", help="Assumed clock, for images per second.")] = CLOCK / 1e6,
    quick: Annotated[
        bool, typer.Option("--quick", help="Fewer images (40 instead of 360) or sentences, and less further training.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Run a demonstration."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    demo = find_demo(name)
    folder = Path(demo.output) if output is None else output
    design = demo.spec if spec is None else spec
    columns = (BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    errors = Console(stderr=True)
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        task = progress.add_task("starting", total=1.0)
        results = demo.run(
            folder,
            design,
            clock * 1e6,
            quick,
            lambda text, done: progress.update(task, description=text, completed=done),
        )
    if as_json:
        typer.echo(json.dumps(results))
        return
    demo.show(results, Console())
    typer.echo(f"Written to {folder}: {', '.join(results['files'])} ({results['seconds']['value']:.0f} s)")
