"""The command ``rtloom lint``: a preset, a YAML file or any Verilog, read as strictly as its users' tools will."""

import json
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add ``lint`` to the command."""
    app.command()(lint)


def lint(
    sources: Annotated[list[str], typer.Argument(metavar="SPEC|FILES", help="Preset, YAML file, or Verilog files.")],
    top: Annotated[str | None, typer.Option(help="Top module of Verilog files; else the first's stem.")] = None,
    params: Annotated[list[str] | None, typer.Option("--param", "-p", metavar="KEY=VALUE", help="Change one.")] = None,
    interface: Annotated[str, typer.Option(metavar="axi|stream", help="How the ports are named.")] = "axi",
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Read Verilog with Verilator -Wall, Yosys, and Icarus if installed; exit status 1 if any complains.

    Example: rtloom lint systolic-8x8-int8
    """
    from .errors import InputError
    from .sim.lint import lint as read

    if all(Path(source).suffix in (".v", ".sv") for source in sources):
        files = [Path(source) for source in sources]
        report = read(files, top or files[0].stem)
    elif len(sources) == 1:
        from .generators.cli import overrides
        from .generators.design import emit_design
        from .generators.spec import load

        design = emit_design(load(sources[0], **overrides(params)), interface)
        report = read(design.verilog, design.manifest.top)
    else:
        raise InputError(f"Lint must be given one SPEC or Verilog files, not {' '.join(sources)!r}")
    if as_json:
        typer.echo(json.dumps(report.to_dict()))
    else:
        for finding in report.findings:
            typer.echo(str(finding))
        verdict = "clean" if report.clean else f"{len(report.findings)} findings"
        typer.echo(f"{report.top}: {verdict} ({', '.join(report.readers)})")
    if not report.clean:
        raise typer.Exit(1)
