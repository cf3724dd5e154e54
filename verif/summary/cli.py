"""The command ``rtloom assess``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from .outcome import Outcome

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add ``assess`` to the command."""
    app.command()(assess)


def assess(
    specs: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SPEC]...", help="Presets or YAML files; one small preset of each family if none."),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="CHECK", help="Run this check alone; may be repeated.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=1 << 30, help="Of data, stalls and faults.")] = 1,
    faults: Annotated[int, typer.Option(min=1, help="Faults put into each design.")] = 300,
    results: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder of the results; those of other designs in it stay.")
    ] = Path("build/verification"),
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The page.")] = Path(
        "build/verification.html"
    ),
    page_only: Annotated[bool, typer.Option("--page-only", help="Only write the page of what is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable results.")] = False,
) -> None:
    """Run every check there is on designs, and write one page that says how far each is verified.

    The page explains each check to a newcomer, and lists what is left to look at. Each result is kept as it comes, so
    that an interrupted run loses one check. Exit status 1 where something is wrong.

    Example: rtloom assess systolic-4x4-int8 sparse-small -o verification.html
    """
    from rich.console import Console

    from .assess import SMALL, write_page
    from .assess import assess as run
    from .checks import CHECKS, Effort

    found: list[Outcome] = []
    with Console(stderr=True).status("designs") as status:

        def tell(design: str, check: str, outcome: "Outcome | None") -> None:
            status.update(f"{design}: {CHECKS[check].title}")
            if outcome is not None and not as_json:
                typer.echo(f"{outcome.state}: {outcome.headline}")

        if not page_only:
            found = run(specs or SMALL, results, Effort(seed, faults), only, tell)
    count = write_page(results, output)
    if as_json:
        typer.echo(json.dumps([outcome.model_dump() for outcome in found], indent=2))
    else:
        typer.echo(f"wrote {output} ({count} results)")
    if any(outcome.state == "bad" for outcome in found):
        raise typer.Exit(1)
