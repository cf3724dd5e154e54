"""The command ``rtloom virtual``: a virtual board on a pseudo-terminal, for the driver or any other program."""

import json
from typing import Annotated

import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add ``virtual`` to the command."""
    app.command()(virtual)


def virtual(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="Preset or YAML file.")],
    params: Annotated[
        list[str] | None,
        typer.Option("--param", "-p", metavar="KEY=VALUE", help="Change one."),
    ] = None,
    lost: Annotated[float, typer.Option(help="Probability that a byte on the line is lost.")] = 0.0,
    corrupted: Annotated[float, typer.Option(help="Probability that it is changed.")] = 0.0,
    doubled: Annotated[float, typer.Option(help="Probability that it comes twice.")] = 0.0,
    delayed: Annotated[float, typer.Option(help="Probability that it is held back for 0.3 s.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Of the noise.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Simulate a board with a design behind a serial port, until Ctrl-C.

    Example: rtloom virtual systolic-4x4-int8, then in another terminal rtloom host with --port and the path it says
    """
    from ...generators.cli import overrides
    from ...generators.spec import load
    from .noise import LineNoise
    from .serve import serve

    loaded = load(spec, **overrides(params))

    def tell(port: str) -> None:
        text = (
            json.dumps({"design": loaded.name, "port": port}) if as_json else f"{loaded.name} at {port}, until Ctrl-C"
        )
        typer.echo(text)

    serve(loaded, tell, LineNoise(lost=lost, corrupted=corrupted, doubled=doubled, delayed=delayed, seed=seed))
