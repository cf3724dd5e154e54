"""The command ``rtloom synth``: what a design takes, on standard cells or in an FPGA."""

import json
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from .hdl.synth_report import Share, SynthReport

__all__ = ["register", "show"]


def register(app: typer.Typer) -> None:
    """Add ``synth`` to the command."""
    app.command()(synth)


def synth(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="Preset, YAML file, or a Verilog file with --top.")],
    params: Annotated[list[str] | None, typer.Option("--param", "-p", metavar="KEY=VALUE", help="Change one.")] = None,
    target: Annotated[str, typer.Option(help="gates, ice40, ecp5, gowin, xilinx or xilinx-up.")] = "gates",
    liberty: Annotated[
        list[Path] | None, typer.Option(help="Liberty file of a cell library, .lib or .lib.gz; repeat for several.")
    ] = None,
    top: Annotated[str | None, typer.Option(help="Top module of a Verilog file.")] = None,
    interface: Annotated[str, typer.Option(help="Boundary of the design: axi or stream.")] = "axi",
    flatten: Annotated[
        bool | None, typer.Option("--flatten/--hierarchical", help="Dissolve modules; gates keep them unless told.")
    ] = None,
    booth: Annotated[bool, typer.Option(help="Booth-encoded multipliers (gates).")] = True,
    dsp: Annotated[bool, typer.Option(help="DSP blocks (FPGAs).")] = True,
    goal: Annotated[
        str, typer.Option(help="What logic optimisation is after: area, balanced or delay (gates).")
    ] = "area",
    clock_gating: Annotated[
        bool, typer.Option("--clock-gating", help="Clock gates instead of enables (gates).")
    ] = False,
    macro_bits: Annotated[
        int, typer.Option(help="Memories of more bits stay macros, outside the area (gates).")
    ] = 1024,
    time_limit: Annotated[float, typer.Option(help="Seconds after which synthesis is given up.")] = 1800.0,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Also write the result as JSON here.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Synthesise with Yosys: area by module, cells, depth; LUTs, DSP and RAM blocks of FPGAs.

    Example: rtloom synth systolic-8x8-int8 --liberty sky130_fd_sc_hd__tt_025C_1v80.lib.gz
    """
    from rich.console import Console

    from .files import whole_file
    from .hdl.synth import synthesize

    verilog, name, groups = _source(spec, params, top, interface)
    with ExitStack() as stack:
        file = stack.enter_context(whole_file(output)) if output is not None else None
        stack.enter_context(Console(stderr=True).status(f"{target}: synthesising {name}"))
        report = synthesize(
            verilog,
            name,
            target,
            liberty=liberty or (),
            flatten=flatten,
            booth=booth,
            dsp=dsp,
            goal=goal,
            clock_gating=clock_gating,
            macro_bits=macro_bits,
            groups=groups,
            time_limit=time_limit,
        )
        text = json.dumps(report.to_dict(), indent=2)
        if file is not None:
            file.write(text.encode() + b"\n")
    if as_json:
        typer.echo(text)
    else:
        show(report)


def _source(
    spec: str, params: Sequence[str] | None, top: str | None, interface: str
) -> tuple[Path | str, str, dict[str, tuple[str, ...]]]:
    """Return the Verilog, its top and the groups of its area."""
    from .errors import InputError, must
    from .generators.area_groups import AREA_GROUPS
    from .generators.cli import overrides
    from .generators.design import emit_design
    from .generators.spec import load

    if Path(spec).suffix in (".v", ".sv"):
        if params:
            raise InputError("Parameters can be changed in a preset or YAML file only, not in a Verilog file")
        if top is None:
            raise InputError(f"Top module of {spec} must be named with --top")
        return Path(spec), top, {}
    if top is not None:
        raise must("--top", "be given with a Verilog file only", top)
    loaded = load(spec, **overrides(params))
    design = emit_design(loaded, interface)
    return design.verilog, design.manifest.top, AREA_GROUPS.get(loaded.family.name, {})


def show(report: "SynthReport") -> None:
    """Print a report as tables."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    first = next(iter(report.figures.values()))
    console.print(f"{report.top} on {report.target}  [{first.source}]", markup=False, highlight=False)
    table = Table(box=None, show_header=False)
    for name, figure in report.figures.items():
        table.add_row(name.replace("_", " "), figure.short)
    console.print(table)
    unit = first.unit
    for title, shares in (("group", report.groups), ("modules", report.shares)):
        if len(shares) > 1:
            console.print(_share_table(title, shares, unit))
    for memory in report.memories:
        where = f"{memory.instances} x {memory.module}.{memory.name}: {memory.words} x {memory.width} bit"
        console.print(f"memory {where}, {memory.reads} read, {memory.writes} write, {memory.form}", highlight=False)
    for note in report.notes:
        console.print(note, style="dim", markup=False, highlight=False)


def _share_table(title: str, shares: Sequence["Share"], unit: str) -> Any:
    """Return the table of who takes the area."""
    from rich.table import Table

    from .figures import Figure

    table = Table(title, "instances", "cells", "flip-flops", "area", "share", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    for s in (share for share in shares if share.cells):
        area = Figure(s.area, unit, "").short
        table.add_row(s.label, f"{s.instances:,}", f"{s.cells:,}", f"{s.flip_flops:,}", area, f"{s.share:.1f} %")
    return table
