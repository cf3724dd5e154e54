"""The commands ``rtloom bitstream`` and ``rtloom boards``."""

import json
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .flow.report import BitstreamReport

__all__ = ["register", "show"]


def register(app: typer.Typer) -> None:
    """Add ``bitstream`` and ``boards`` to the command."""
    app.command()(bitstream)
    app.command("boards")(list_boards)


def list_boards(
    marked: Annotated[
        bool, typer.Option("--marked", help="Instead, the pairs of preset and board that make bitstream makes.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """List the boards that bitstreams can be made for.

    Example: rtloom boards
    """
    from rich.console import Console
    from rich.table import Table

    from .catalogue import boards
    from .marked import MARKED

    if marked:
        typer.echo(json.dumps(MARKED) if as_json else "\n".join(f"{preset} {name}" for preset, name in MARKED))
        return
    found = boards()
    if as_json:
        typer.echo(json.dumps({name: board.to_dict() for name, board in found.items()}))
        return
    table = Table("board", "what it is", "FPGA", "clock in", "LUT4", "DSP", "BRAM", box=None)
    for column in table.columns[3:]:
        column.justify = "right"
    for name, board in found.items():
        counts = [f"{board.budget[resource]:,}" for resource in ("LUT4", "DSP", "BRAM")]
        table.add_row(name, board.title, board.part, f"{board.clock_hz / 1e6:g} MHz", *counts)
    Console().print(table)


def bitstream(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="Preset or YAML file.")],
    board: Annotated[str, typer.Option("--board", "-b", help="For which board; see rtloom boards.")],
    params: Annotated[list[str] | None, typer.Option("--param", "-p", metavar="KEY=VALUE", help="Change one.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="DIR", help="Folder for the files.")] = None,
    seed: Annotated[
        list[int] | None, typer.Option(help="Seed of place and route; repeat for several. 1, 2 and 3 if none.")
    ] = None,
    clock_mhz: Annotated[
        float | None, typer.Option(help="Clock wanted, or else failure; the fastest that holds if not given.")
    ] = None,
    margin: Annotated[float, typer.Option(help="Part of the highest frequency that is kept free, 0 to 1.")] = 0.0,
    time_limit: Annotated[float, typer.Option(help="Seconds after which a step is given up.")] = 3600.0,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Make the bitstream of a design for a board: synthesis, place and route, clock, pack.

    The design stands in a shell that a host talks to over a serial line. Its clock is the fastest that the board has
    and place and route confirms. The files go to build/<board>/<name> unless a folder is given.

    Example: rtloom bitstream systolic-4x4-int8 --board icebreaker
    """
    from rich.console import Console

    from ..files import made_folder, write_files
    from ..generators.cli import overrides
    from ..generators.spec import load
    from .catalogue import board as find_board
    from .flow.bitstream import bitstream as make

    target, loaded = find_board(board), load(spec, **overrides(params))
    wanted = output or Path("build") / board / loaded.name
    there = wanted.exists()
    folder = made_folder(wanted)
    began = time.monotonic()
    with _removed_if_empty(folder, there), Console(stderr=True).status(loaded.name) as status:

        def tell(step: str) -> None:
            status.update(f"{loaded.name} on {board}, {time.monotonic() - began:.0f} s: {step}")

        made = make(
            loaded,
            target,
            seeds=tuple(seed or (1, 2, 3)),
            clock_mhz=clock_mhz,
            margin=margin,
            time_limit=time_limit,
            tell=tell,
        )
        files = write_files(folder, made.files)
    if as_json:
        typer.echo(json.dumps({**made.report.to_dict(), "files": [str(file) for file in files]}))
        return
    show(made.report)
    typer.echo(f"{files[0]}  load it with: {target.program.format(file=files[0])}")
    words = " ".join([spec, *(f"-p {param}" for param in params or ())])
    typer.echo(f"then: rtloom host {words} --port PORT --baud {target.baud} -i in.npz -o out.npz")


@contextmanager
def _removed_if_empty(folder: Path, there: bool) -> "Iterator[None]":
    """Remove a folder that was not there before, where nothing was written into it."""
    try:
        yield
    finally:
        if not there and not any(folder.iterdir()):
            folder.rmdir()


def show(report: "BitstreamReport") -> None:
    """Print a report as tables."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    console.print(f"{report.name} on {report.board}  [{report['fmax'].source}]", markup=False)
    speed = Table(box=None, show_header=False)
    speed.add_row("highest clock", report["fmax"].short)
    if "fmax foreseen" in report.figures:
        foreseen = report["fmax foreseen"]
        speed.add_row("foreseen", f"{foreseen.short} [{foreseen.source}]")
    speed.add_row("clock", f"{report['clock'].short}, made by {report.clock['primitive']}")
    speed.add_row("peak", report["peak"].short)
    if "power" in report.figures:
        speed.add_row("power", str(report["power"]))
    speed.add_row("serial line", f"{report.line['baud']:,} baud, {report.line['clocks_per_bit']} cycles a bit")
    console.print(speed)
    table = Table("resource", "used", "of", "share", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    for resource, available in report.available.items():
        used = report[resource].value
        table.add_row(resource, f"{used:,.0f}", f"{available:,}", f"{report.share(resource):.1f} %")
    console.print(table)
    console.print(f"critical path {report.critical_path['text']}", markup=False)
    for note in report.notes:
        console.print(note, style="dim", markup=False)
    steps = ", ".join(f"{step} {seconds:.0f} s" for step, seconds in report.seconds.items())
    console.print(steps, style="dim", markup=False)
