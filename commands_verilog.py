"""The command ``rtloom verilog``: a design as files to take away."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add ``verilog`` to the command."""
    app.command()(verilog)


def verilog(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="Preset or YAML file.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder, made if need be.")],
    params: Annotated[list[str] | None, typer.Option("--param", "-p", metavar="KEY=VALUE", help="Change one.")] = None,
    interface: Annotated[str, typer.Option(metavar="axi|stream", help="How the ports are named.")] = "axi",
    name: Annotated[str | None, typer.Option(help="Name of the top module and the files.")] = None,
    testbench: Annotated[bool, typer.Option("--testbench", help="Add a cocotb bench that needs no rtloom.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Write a design as Verilog, with its manifest (JSON) and a FuseSoC core.

    Example: rtloom verilog systolic-8x8-int8 -p rows=16 -o out
    """
    from .files import write_files
    from .generators.cli import overrides
    from .generators.design import design_files, emit_design
    from .generators.spec import load

    loaded = load(spec, **overrides(params))
    design = emit_design(loaded, interface, name)
    texts = design_files(design, loaded.description)
    if testbench:
        from .verif.testbench import write_testbench

        with TemporaryDirectory(prefix="rtloom-") as folder:
            texts |= {file.name: file.read_text() for file in write_testbench(design, loaded, Path(folder))}
    files = write_files(output, texts)
    manifest = design.manifest
    if as_json:
        keys = {"name": manifest.name, "top": manifest.top, "interface": interface, "digest": manifest.digest}
        typer.echo(json.dumps({**keys, "files": [str(file) for file in files], "modules": len(manifest.modules)}))
        return
    for file in files:
        typer.echo(file)
