"""The commands ``rtloom workload`` and ``rtloom estimate``."""

import json
from pathlib import Path
from typing import Annotated

import typer

from .text_table import show_table

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(workload)
    app.command()(estimate)


def workload(
    source: Annotated[
        str | None, typer.Argument(metavar="NAME|FILE", help="Workload, YAML, .onnx or config.json; none: list.")
    ] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Images or sequences at once.")] = None,
    sequence: Annotated[int | None, typer.Option(min=1, help="Positions of a sequence.")] = None,
    size: Annotated[
        list[str] | None, typer.Option("--size", metavar="NAME=N", help="Any size of the workload; may be repeated.")
    ] = None,
    decode: Annotated[
        bool, typer.Option("--decode", help="Of a config.json: one token, keys and values kept.")
    ] = False,
    on: Annotated[str | None, typer.Option("--on", metavar="SPEC", help="Design: preset or YAML file.")] = None,
    params: Annotated[
        list[str] | None, typer.Option("--param", "-p", metavar="KEY=VALUE", help="Change a parameter of the design.")
    ] = None,
    kept: Annotated[
        int | None, typer.Option(min=1, help="Sparse designs: weights of each block that are not 0; default all.")
    ] = None,
    write: Annotated[Path | None, typer.Option(metavar="FILE.yaml", help="Write the workload as YAML.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable report.")] = False,
) -> None:
    """Show a network's layers with their work and parameters, and on a design their exact cycles.

    Cycles are those of the design's formula, which simulation agrees with to the cycle; each layer is a job of its own
    (or several), from reset to its last result. Layers that the design cannot run are listed and are in no sum.

    Example: rtloom workload mobilenet-v1 --on systolic-64x64-int8

    Example: rtloom workload model.onnx --size N=1 --write model.yaml
    """
    from ..errors import must
    from .workload_report import WorkloadReport
    from .workloads.files import read_workload
    from .workloads.sizes import given_sizes

    if source is None:
        chosen = {"--batch": batch, "--sequence": sequence, "--size": size, "--decode": decode, "--on": on}
        for option, value in {**chosen, "--param": params, "--kept": kept, "--write": write}.items():
            if value:
                raise must(f"Option {option}", "be given with a workload", str(value))
        _list(as_json)
        return
    found = read_workload(source, given_sizes(batch, sequence, size or ()), decode=decode)
    run = None
    if on is not None:
        from ..generators.cli import overrides
        from ..generators.spec import load
        from .cycles import run_workload

        run = run_workload(load(on, **overrides(params)), found, kept)
    else:
        for name, value in (("--param", params), ("--kept", kept)):
            if value:
                raise must(f"Option {name}", "be left out without --on", value)
    if write is not None:
        from ..files import whole_file
        from .workloads.files import write_workload

        with whole_file(write) as file:
            write_workload(found, file)
    report = WorkloadReport(found, run)
    if as_json:
        typer.echo(json.dumps(report.to_dict(), indent=2))
        return
    show_table(report.table(), left=3)
    for note in report.notes():
        typer.echo(note)
    typer.echo(str(report))


def estimate(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="Preset or YAML file.")],
    params: Annotated[
        list[str] | None, typer.Option("--param", "-p", metavar="KEY=VALUE", help="Change a parameter.")
    ] = None,
    workload: Annotated[str | None, typer.Option(metavar="NAME|FILE", help="What the design runs.")] = None,
    clock_mhz: Annotated[float | None, typer.Option(help="Clock, with a workload; 100 by default.")] = None,
    buffer_kib: Annotated[float | None, typer.Option(help="Scratchpad around it; 512 by default.")] = None,
    bandwidth: Annotated[float | None, typer.Option(help="10^9 bytes a second from DRAM; 12.8 by default.")] = None,
    liberty: Annotated[
        list[Path] | None, typer.Option(help="Liberty file of a calibrated cell library; repeat for several.")
    ] = None,
    data: Annotated[str | None, typer.Option(help="Operands for energy: relu (the default), gauss or uniform.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable report.")] = False,
) -> None:
    """Estimate area, and on a workload cycles, time and energy, each figure with its source and error.

    Nothing is synthesised or simulated; rtloom synth and rtloom explore do that.

    Example: rtloom estimate systolic-16x16-int8 --workload resnet-50 --clock-mhz 200
    """
    from ..errors import must
    from ..generators.cli import overrides
    from ..generators.spec import load
    from .estimation import around
    from .estimation import estimate as estimated
    from .workloads.files import read_workload

    found = load(spec, **overrides(params))
    chosen = {"--clock-mhz": clock_mhz, "--buffer-kib": buffer_kib, "--bandwidth": bandwidth, "--data": data}
    if workload is None:
        for option, value in chosen.items():
            if value is not None:
                raise must(f"Option {option}", "be given with --workload", value)
    space = around(found, workload, liberty or (), clock_mhz, buffer_kib, bandwidth, data)
    report = estimated(found, space, read_workload(workload) if workload else None)
    typer.echo(json.dumps(report.to_dict(), indent=2) if as_json else str(report))


def _list(as_json: bool) -> None:
    """List the workloads of the package."""
    from .workload_report import WorkloadReport
    from .workloads.files import read_workload, workload_names

    found = {name: read_workload(name) for name in workload_names()}
    if as_json:
        typer.echo(json.dumps({name: WorkloadReport(each).to_dict() for name, each in found.items()}, indent=2))
        return
    for name, each in found.items():
        typer.echo(f"{name:27} {each.description}")
