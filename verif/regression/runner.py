"""A regression: presets, then random configurations as long as wanted, over all cores, resumable."""

import fcntl
import secrets
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...errors import InputError, must
from .journal import Journal
from .plan import Listener, Plan
from .pool import Pool, Run
from .report import RegressReport, write_junit
from .session import Session, failure_of
from .tasks import execute

__all__ = ["JOURNAL", "regress"]

JOURNAL = "journal.jsonl"
_SEEDS = 1 << 30


def regress(
    plan: Plan,
    output: Path,
    *,
    junit: Path | None = None,
    resume: bool | None = None,
    listener: Listener | None = None,
    run: Run = execute,
) -> RegressReport:
    """Run a regression; each task in a process of its own, each failure kept in a folder of its own.

    Parameters
    ----------
    plan
        What is run.
    output
        Folder of ``journal.jsonl`` and ``failures/``.
    junit
        File for the test report; ``junit.xml`` in `output` if not given.
    resume
        True to go on with the journal even if that regression came to its end, False to begin anew; if not given, one
        that was stopped goes on. A journal of other code or another plan is never gone on with.
    listener
        Is told what happens.
    run
        What a task's process does.

    Returns
    -------
    RegressReport
        Ctrl-C and SIGTERM end the regression, its processes too, and it returns what there is.

    Raises
    ------
    InputError
        Where there is no such family, or the folder cannot be written or is in use.
    """
    listener, report = listener or Listener(), junit or output / "junit.xml"
    with _alone(output):
        journal = Journal(output / JOURNAL)
        seed, resumed = _begin(plan, journal, output, resume, listener)
        session = Session(plan, seed, journal, output, listener)
        began = time.monotonic()
        with _stopping() as stopped, Pool(run, plan.jobs, plan.limit, output / "running") as pool:
            session.run(pool, stopped.is_set)
        if not stopped.is_set():
            journal.end()
        write_junit(report, journal.lines)
    lines, seconds = tuple(journal.lines), time.monotonic() - began
    failures = tuple(failure_of(line, output) for line in lines if line.message)
    return RegressReport(
        seed, plan.start, plan.jobs, lines, failures, resumed, stopped.is_set(), seconds, output, report
    )


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """Turn Ctrl-C and a request to end into an event, so that neither comes between a task and its journal."""
    event, kept = threading.Event(), {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            kept[number] = signal.signal(number, lambda *_: event.set())
    try:
        yield event
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


@contextmanager
def _alone(output: Path) -> Iterator[None]:
    """Make the folder and hold it against other regressions."""
    try:
        output.mkdir(parents=True, exist_ok=True)
        lock = (output / ".lock").open("w")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise must("Output", f"be a folder that can be written ({reason})", str(output)) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError(f"Output must be used by one regression at a time, but another runs in {output}") from None
        yield


def _begin(plan: Plan, journal: Journal, output: Path, resume: bool | None, listener: Listener) -> tuple[int, int]:
    """Go on with the journal or begin anew; return the seed and how many tasks are done."""
    old = journal.head or {}
    seed: int = old.get("seed", 0) if plan.seed is None else plan.seed
    head = plan.head(seed)
    changed = [key for key, value in head.items() if old.get(key) != value]
    if old and resume is not False and (resume or not journal.ended):
        if not changed:
            listener.say(f"seed {seed}: {len(journal.lines)} tasks of {journal.path} are done, the rest follows")
            return seed, len(journal.lines)
        listener.say(f"{journal.path} is of another regression ({_differences(old, head, changed)}): beginning anew")
    if plan.seed is None:
        seed = secrets.randbelow(_SEEDS)
    listener.say(f"seed {seed}")
    if (output / "failures").exists():
        shutil.rmtree(output / "failures.old", ignore_errors=True)
        (output / "failures").rename(output / "failures.old")
    journal.begin({**head, "seed": seed})
    return seed, 0


def _differences(old: dict[str, object], new: dict[str, object], changed: list[str]) -> str:
    """Say in what a journal differs from what is wanted."""
    return ", ".join(
        "its code differs" if key == "code" else f"{key} {old.get(key)} instead of {new[key]}" for key in changed
    )
