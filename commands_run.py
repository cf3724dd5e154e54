"""The command ``rtloom run``: tensors from a file, through the Verilog, into a file."""

import json
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add ``run`` to the command."""
    app.command()(run)


def run(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="Preset or YAML file.")],
    source: Annotated[Path, typer.Option("--input", "-i", metavar="FILE.npz", help="The operation's arguments.")],
    target: Annotated[Path, typer.Option("--output", "-o", metavar="FILE.npz", help="Takes the result, named c.")],
    params: Annotated[
        list[str] | None,
        typer.Option("--param", "-p", metavar="KEY=VALUE", help="Change one."),
    ] = None,
    operation: Annotated[str | None, typer.Option(help="Operation; the design's first unless given.")] = None,
    stalls: Annotated[str | None, typer.Option(metavar="PATTERN", help="Hold streams back in a named pattern.")] = None,
    trace: Annotated[Path | None, typer.Option(metavar="FILE", help="Waveform, .vcd or .fst.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Compare with golden, bit for bit, and the cycles.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable report.")] = False,
) -> None:
    """Run NumPy arrays through the generated Verilog.

    The input holds one array for each argument of the operation: a and b for gemm, x and w (stride, padding, groups)
    for conv2d, and bias, multiplier, shift, zero_point, activate where the design has these units; q, k and v with
    scale_multiplier and scale_shift for attention; x with its scales for vector units.

    Example: rtloom run systolic-8x8-int8 -i in.npz -o out.npz --check, after numpy.savez("in.npz", a=A, b=B)
    """
    from inspect import signature

    from .arrays import read_tensors, write_result
    from .errors import InputError
    from .files import whole_file
    from .generators.cli import overrides
    from .generators.spec import load
    from .verif.simulate import simulate

    loaded = load(spec, **overrides(params))
    tensors = read_tensors(source)
    reserved = sorted(set(signature(simulate).parameters) & set(tensors))
    if reserved:
        raise InputError(f"Array {reserved[0]!r} of {source} must be an argument of the operation")
    with whole_file(target) as file:
        result, report = simulate(loaded, operation, stalls=stalls, trace=trace, check=check, **tensors)
        write_result(file, result)
    typer.echo(json.dumps({"output": str(target), **report.to_dict()}) if as_json else str(report))
