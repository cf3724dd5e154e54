"""The command ``rtloom regress``."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..matrix import Configuration
    from .runner import Failure

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add ``regress`` to the command."""
    app.command()(regress)


def regress(
    family: Annotated[
        str | None, typer.Option(metavar="FAMILY", help="Of this family alone; all of them in turn if not given.")
    ] = None,
    minutes: Annotated[float | None, typer.Option(min=0, help="Begin no configuration later than that.")] = None,
    count: Annotated[int | None, typer.Option(min=1, help="Configurations to run.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Which sequence of configurations.")] = 0,
    start: Annotated[int, typer.Option(min=0, help="Number in the sequence to begin with.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable report.")] = False,
) -> None:
    """Run random configurations, 5 minutes long unless told otherwise; Ctrl-C ends it with the report.

    Each failure comes with the command that runs it alone. Exit status 1 where one failed.

    Example: rtloom regress --family systolic --minutes 60 --seed 7
    """
    from rich.console import Console

    from .runner import regress as run

    console = Console(stderr=True)

    def tell(failure: "Failure") -> None:
        if not as_json:
            typer.echo(str(failure))

    with console.status("random configurations") as status:

        def watch(number: int, configuration: "Configuration") -> None:
            status.update(f"{number}: {configuration}")

        limit = DEFAULT_MINUTES if minutes is None and count is None else minutes
        report = run(family=family, minutes=limit, count=count, seed=seed, start=start, tell=tell, watch=watch)
    if as_json:
        failures = [
            {
                "number": failure.number,
                "message": failure.message,
                "configuration": failure.configuration.to_dict(),
                "command": failure.command,
            }
            for failure in report.failures
        ]
        typer.echo(json.dumps({"seed": seed, "start": start, "ran": report.ran, "failures": failures}, indent=2))
    else:
        typer.echo(str(report))
    if report.failures:
        raise typer.Exit(1)


DEFAULT_MINUTES = 5.0
