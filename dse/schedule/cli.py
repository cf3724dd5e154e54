"""The command ``rtloom schedule``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from .scheduler import Schedule

__all__ = ["register"]

_UNITS = {"": 1, "B": 1, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "KB": 1000, "MB": 10**6, "GB": 10**9}


def register(app: typer.Typer) -> None:
    """Add ``schedule`` to the command."""
    app.command()(schedule)


def schedule(
    source: Annotated[str, typer.Argument(metavar="WORKLOAD", help="Workload, YAML, .onnx or config.json.")],
    buffer: Annotated[str, typer.Option("--buffer", metavar="SIZE", help="Scratchpad, for example 512KiB.")],
    method: Annotated[str, typer.Option(help="milp, belady, lru or all.")] = "all",
    bits: Annotated[int, typer.Option(min=1, max=64, help="Bits of inputs, weights and results.")] = 8,
    time_limit: Annotated[float, typer.Option(min=0.1, help="Seconds for the solver.")] = 60.0,
    pages: Annotated[int, typer.Option(min=4, max=1024, help="Pages that the scratchpad is cut into.")] = 32,
    size: Annotated[
        list[str] | None, typer.Option("--size", metavar="NAME=N", help="A size of the workload; may be repeated.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE.svg", help="Picture of the scratchpad over time.")
    ] = None,
    picture: Annotated[bool, typer.Option("--picture", help="The picture in letters.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable report.")] = False,
) -> None:
    """Schedule a network in a scratchpad: order of layers, what stays on chip when, where, and the DRAM traffic.

    milp is an integer program (HiGHS) that moves the fewest bytes beyond the compulsory ones, or says how far from that
    it may be; belady and lru replace pages in the order of the list. Every schedule is replayed and checked.

    Example: rtloom schedule resnet-50 --buffer 512KiB --output resnet.svg

    Example: rtloom schedule bert-base --buffer 1MiB --method lru --size sequence=256
    """
    from ...errors import must
    from ..traffic import OperandBits
    from ..workloads.files import read_workload
    from ..workloads.sizes import given_sizes
    from .graph import layer_graph
    from .picture import svg_picture, text_picture
    from .scheduler import METHODS
    from .scheduler import schedule as run

    methods = METHODS if method == "all" else (method,)
    if output is not None and output.suffix != ".svg":
        raise must("Option --output", "be a file .svg", str(output))
    graph = layer_graph(read_workload(source, given_sizes(None, None, size or ())), OperandBits(bits, bits, bits))
    found = {name: run(graph, _bytes(buffer), name, time_limit, pages=pages) for name in methods}
    for each in found.values():
        each.check()
    best = found[methods[0]]
    if output is not None:
        from ...files import whole_file

        with whole_file(output) as file:
            file.write(svg_picture(best).encode())
    if as_json:
        typer.echo(json.dumps({name: each.to_dict() for name, each in found.items()}, indent=2))
        return
    if picture:
        typer.echo(text_picture(best))
    for each in found.values():
        typer.echo(_line(each, found.get("lru")))


def _line(found: "Schedule", other: "Schedule | None") -> str:
    """Return a schedule's traffic in one line."""
    extra, compulsory = found.extra_bytes, found.compulsory_bytes
    text = f"{found.method:7}{extra.value:>15,.0f} bytes beyond {compulsory.value:,.0f} compulsory [{extra.source}]"
    saved = None if other is None or other is found else found.saving(other)
    text += "" if saved is None else f", {saved.value:.1f} % less than lru"
    if found.gap is not None:
        text += (
            ", proved best for its steps" if found.gap < 1e-6 else f", at most {100 * found.gap:.1f} % from the best"
        )
        text += "" if found.every_order else " of the orders that were compared"
    return f"{text}; {len(found.requests.steps)} steps, {found.seconds:.1f} s"


def _bytes(text: str) -> int:
    """Return a size in bytes."""
    from ...errors import must

    number = text.rstrip("kKmMgGiIbB")
    unit = text[len(number) :].upper()
    try:
        value = float(number) * _UNITS[unit]
    except (ValueError, KeyError):
        raise must("Option --buffer", "be a size as 512KiB or 2MiB", text) from None
    if value != int(value) or not 1 <= value <= 1 << 50:
        raise must("Option --buffer", "be a whole number of bytes, at least 1", text)
    return int(value)
