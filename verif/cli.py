"""The command ``rtloom verify``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ..generators.spec import Spec

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add ``verify`` to the command."""
    app.command()(verify)


def verify(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="Preset or YAML file.")],
    params: Annotated[
        list[str] | None,
        typer.Option("--param", "-p", metavar="KEY=VALUE", help="Change one."),
    ] = None,
    interface: Annotated[str, typer.Option(help="How the ports are named: axi or stream.")] = "axi",
    seed: Annotated[int, typer.Option(min=0, max=1 << 30, help="Of data and stalls.")] = 1,
    only: Annotated[
        list[str] | None, typer.Option(metavar="SCENARIO", help="Run this scenario alone; may be repeated.")
    ] = None,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="JUnit XML.")] = None,
    waves: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Waveform of a failure, .fst or .vcd; default <name>.fst.")
    ] = None,
    dut: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Your own Verilog instead of rtloom's; repeat for several files."),
    ] = None,
    top: Annotated[str | None, typer.Option(metavar="NAME", help="Top module of --dut.")] = None,
    ports: Annotated[
        Path | None, typer.Option(metavar="FILE", help="YAML: names of the ports of --dut, where they are others.")
    ] = None,
    exact: Annotated[bool, typer.Option(help="--dut must also take the cycles that the formula says.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable report.")] = False,
) -> None:
    """Run the bench on a design in Verilator: data, corners, stalls, resets, AXI models.

    Every output beat is compared with the golden model and every stream with its rules. Exit status 1 where a
    scenario fails; its waveform is kept. With --dut the same bench runs on Verilog of other hands that is meant to
    do the same, and the failures are put into one class, for example wrong_under_stalls.

    Example: rtloom verify systolic-8x8-int8 -p pipeline=2 --junit report.xml

    Example: rtloom verify systolic-4x4-int8 --dut mine.sv --top mine --ports names.yaml
    """
    from ..generators.cli import overrides
    from ..generators.spec import load
    from . import verify as bench

    loaded = load(spec, **overrides(params))
    file = waves or Path(f"{loaded.name}.fst")
    if dut or top or ports or exact:
        _verify_dut(
            loaded,
            dut,
            top,
            ports,
            as_json,
            {"interface": interface, "seed": seed, "exact": exact} | {"only": only, "junit": junit, "waves": file},
        )
        return
    report = bench.verify(loaded, interface=interface, seed=seed, only=only, junit=junit, waves=file)
    if as_json:
        typer.echo(json.dumps(report.to_dict(), indent=2))
    else:
        for outcome in report.failures:
            typer.echo(f"{outcome.scenario}: {outcome.message}")
        if report.waves:
            typer.echo(f"waveform: {report.waves}")
        typer.echo(str(report))
    if not report.passed:
        raise typer.Exit(1)


def _verify_dut(
    spec: "Spec", files: list[Path] | None, top: str | None, ports: Path | None, as_json: bool, options: dict[str, Any]
) -> None:
    """Run the bench on somebody's Verilog and print its class."""
    from ..errors import must
    from .dut.binding import read_map
    from .dut.run import verify_dut

    for name, value in (("--dut", files), ("--top", top)):
        if not value:
            raise must(f"Option {name}", "be given for a design of other hands", value)
    report = verify_dut(spec, files or [], top or "", ports=read_map(ports) if ports else None, **options)
    typer.echo(json.dumps(report.to_dict(), indent=2) if as_json else str(report))
    if not as_json and report.report is not None:
        for outcome in report.report.failures:
            typer.echo(f"{outcome.scenario}: {outcome.message}")
    if not report.passed:
        raise typer.Exit(1)
