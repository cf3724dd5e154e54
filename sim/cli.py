"""The command ``rtloom clean``: throw away the simulators that were built."""

import json
from typing import Annotated

import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add ``clean`` to the command."""
    app.command()(clean)


def clean(
    limit: Annotated[
        int, typer.Option(min=0, metavar="MIB", help="Keep the models used last, up to that many MiB together.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Delete cached simulators; they are built again when they are needed.

    Example: rtloom clean --limit 500
    """
    from .store import clean as delete_all
    from .store import prune

    freed = prune(limit << 20) if limit else delete_all()
    typer.echo(json.dumps({"freed_bytes": freed}) if as_json else f"{freed / 2**20:.1f} MiB freed")
