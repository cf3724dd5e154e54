"""The command ``rtloom host``: tensors from a file, through a board on a serial port, into a file."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from contextlib import ExitStack

    from ...generators.spec import Spec

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add ``host`` to the command."""
    app.command()(host)


def host(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="Preset or YAML file that the bitstream was made from.")],
    source: Annotated[Path, typer.Option("--input", "-i", metavar="FILE.npz", help="The operation's arguments.")],
    target: Annotated[Path, typer.Option("--output", "-o", metavar="FILE.npz", help="Takes the result, named c.")],
    port: Annotated[str | None, typer.Option(metavar="PORT", help="Serial port of the board.")] = None,
    virtual: Annotated[bool, typer.Option("--virtual", help="A virtual board, simulated for this job.")] = False,
    params: Annotated[
        list[str] | None,
        typer.Option("--param", "-p", metavar="KEY=VALUE", help="Change one."),
    ] = None,
    baud: Annotated[
        int | None, typer.Option(help="Bits per second, those of the bitstream; 115200 unless given.")
    ] = None,
    operation: Annotated[str | None, typer.Option(help="Operation; the design's first unless given.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable report.")] = False,
) -> None:
    """Run NumPy arrays through a design on a board, or on a virtual one.

    The input holds one array for each argument of the operation, as for rtloom run.

    Example: rtloom host systolic-4x4-int8 --port /dev/ttyUSB0 --baud 1000000 -i in.npz -o out.npz
    """
    from contextlib import ExitStack
    from inspect import signature

    from ...arrays import read_tensors, write_result
    from ...errors import InputError, must
    from ...files import whole_file
    from ...generators.cli import overrides
    from ...generators.spec import load
    from .connect import connect
    from .device import Device
    from .exchange import PATIENCE
    from .line import BAUD

    if virtual == (port is not None):
        raise InputError("Board must be given, either --port PORT or --virtual")
    if virtual and baud is not None:
        raise must("Baud rate", "be left out with --virtual, whose line has none", baud)
    loaded = load(spec, **overrides(params))
    tensors = read_tensors(source)
    reserved = sorted(set(signature(Device.run).parameters) & set(tensors))
    if reserved:
        raise InputError(f"Array {reserved[0]!r} of {source} must be an argument of the operation")
    with ExitStack() as stack:
        file = stack.enter_context(whole_file(target))
        place, patience = _virtual(loaded, stack) if port is None else (port, PATIENCE)
        device = stack.enter_context(connect(place, loaded, baud=BAUD if baud is None else baud, patience=patience))
        result, report = device.run(operation, **tensors)
        write_result(file, result)
    typer.echo(json.dumps({"output": str(target), **report.to_dict()}) if as_json else str(report))


def _virtual(spec: "Spec", stack: "ExitStack") -> tuple[str, float]:
    """Make a virtual board for as long as the stack lasts; return its port and the patience that it takes."""
    from ..virtual.board import SLOW, VirtualBoard

    return stack.enter_context(VirtualBoard(spec)).port, SLOW
