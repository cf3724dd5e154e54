"""The command ``rtloom regress``."""

import json
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["register"]

DEFAULT_SECONDS = 300.0
INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""


def register(app: typer.Typer) -> None:
    """Add ``regress`` to the command."""
    app.command()(regress)


def regress(
    presets: Annotated[
        bool | None,
        typer.Option("--presets/--random", help="Presets alone, or random configurations alone; both if not given."),
    ] = None,
    family: Annotated[
        str | None, typer.Option(metavar="FAMILY", help="Of this family alone; all of them in turn if not given.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, help="Tasks side by side; default all cores.")
    ] = None,
    time: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="TIME",
            help="Begin new random configurations for so long: 90s, 30m, 2h; default 5m, without end with --count.",
        ),
    ] = None,
    count: Annotated[int | None, typer.Option(min=1, help="Random configurations to run.")] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, max=1 << 30, help="Of everything random; drawn and printed if not given.")
    ] = None,
    start: Annotated[int, typer.Option(min=0, help="Number in the random sequence to begin with.")] = 0,
    limit: Annotated[
        str, typer.Option(metavar="TIME", help="A task that takes longer is ended and has failed.")
    ] = "30m",
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="JUnit XML; default DIR/junit.xml.")] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder of the journal and of what failed.")
    ] = Path("build/regress"),
    resume: Annotated[
        bool | None,
        typer.Option(
            "--resume/--fresh",
            help="Go on with the journal in DIR although it came to its end, or never; "
            "if not given, a regression that was stopped goes on.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable report.")] = False,
) -> None:
    """Run every preset through its bench, then random configurations: 5 minutes of them unless told otherwise.

    Each task runs in a process of its own. What fails is kept in DIR/failures: seed, spec, message, waveform, and
    rerun.sh, which runs it alone. Ctrl-C ends the regression with its report; the same command goes on where it was.
    Exit status 1 where a task failed, 130 after Ctrl-C.

    Example: rtloom regress --for 30m --junit report.xml

    Example: rtloom regress --random --family systolic --count 100 --seed 7
    """
    from .display import Display
    from .durations import parse_duration
    from .plan import Plan, cores
    from .runner import regress as run

    seconds = parse_duration(time, "Option --for") if time is not None else DEFAULT_SECONDS if count is None else None
    plan = Plan(
        presets=presets is not False,
        random=not presets,
        family=family,
        seconds=seconds,
        count=count,
        seed=seed,
        start=start,
        jobs=jobs or cores(),
        limit=parse_duration(limit, "Option --limit"),
    )
    with Display(lambda text: None if as_json else typer.echo(text)) as display:
        report = run(plan, output, junit=junit, resume=resume, listener=display)
    typer.echo(json.dumps(report.to_dict(), indent=2) if as_json else str(report))
    if report.interrupted or not report.passed:
        raise typer.Exit(INTERRUPTED if report.interrupted else 1)
