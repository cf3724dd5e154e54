"""Tasks side by side, each in a process of its own: what crashes or hangs takes only its own task with it."""

import json
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context, parent_process, resource_tracker
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerProcess
from multiprocessing.forkserver import ensure_running
from pathlib import Path
from typing import Self

from .tasks import Task
from .trees import end_descendants, end_tree

__all__ = ["Ended", "Pool", "Run"]

Run = Callable[[Task, Path], str]
"""Runs a task in a folder and returns what was wrong, empty if nothing; importable by its name."""
RESULT, LOG = "result.json", "log.txt"
_PRELOADED = ["rtloom.verif.regression.tasks", "rtloom.hdl.boundary", "rtloom.hdl.emit"]
"""What every task needs is imported once, in the process from which the others are forked."""


@dataclass(frozen=True)
class Ended:
    """A task that ended: what was wrong (empty if nothing), its wall-clock seconds, and the folder that it left."""

    task: Task
    message: str
    seconds: float
    folder: Path


@dataclass(frozen=True)
class _Running:
    """A task with its process."""

    task: Task
    process: ForkServerProcess
    began: float
    folder: Path


class Pool:
    """Processes that run tasks.

    Parameters
    ----------
    run
        What a process does.
    jobs
        Most processes at a time.
    limit
        Seconds after which a task is ended and counts as failed.
    folder
        Where each task gets a folder of its name for its files and its ``log.txt``.
    """

    def __init__(self, run: Run, jobs: int, limit: float, folder: Path) -> None:
        self._run, self._jobs, self._limit, self._folder = run, jobs, limit, folder
        self._context = get_context("forkserver")
        self._context.set_forkserver_preload(_PRELOADED)
        self._running: list[_Running] = []

    @property
    def free(self) -> bool:
        """Whether one more task may start."""
        return len(self._running) < self._jobs

    @property
    def running(self) -> tuple[Task, ...]:
        """The tasks that run now, the oldest first."""
        return tuple(each.task for each in self._running)

    def start(self, task: Task) -> None:
        """Start a task."""
        folder = self._folder / task.name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        process = self._context.Process(target=_work, args=(self._run, task, folder), daemon=False)
        process.start()
        self._running.append(_Running(task, process, time.monotonic(), folder))

    def wait(self, seconds: float) -> list[Ended]:
        """Return the tasks that have ended, after so many seconds at most; those beyond the limit are ended."""
        wait([each.process.sentinel for each in self._running], seconds)
        ended = []
        for each in list(self._running):
            spent = time.monotonic() - each.began
            if not each.process.is_alive():
                ended.append(Ended(each.task, _message(each), spent, each.folder))
            elif spent > self._limit:
                self._end(each)
                message = f"{each.task.name} must finish within {self._limit:g} seconds, but was still running"
                ended.append(Ended(each.task, message, spent, each.folder))
            else:
                continue
            self._running.remove(each)
        return ended

    def __enter__(self) -> Self:
        # The tracker is first, since its start unblocks signals. The process that imports for the others then inherits
        # that Ctrl-C is not for it, and so do the tasks.
        resource_tracker.ensure_running()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        try:
            ensure_running()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return self

    def __exit__(self, *_: object) -> None:
        """End what still runs, with all that it started."""
        for each in self._running:
            self._end(each)
            shutil.rmtree(each.folder, ignore_errors=True)
        self._running.clear()

    @staticmethod
    def _end(running: _Running) -> None:
        if running.process.pid is not None:
            end_tree(running.process.pid)
        running.process.join()


def _message(running: _Running) -> str:
    """Return what a task that has ended said, or how its process died."""
    status = running.process.exitcode or 0
    if status == 0:
        return str(json.loads((running.folder / RESULT).read_text()))
    how = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
    log = running.folder / LOG
    lines = [line.strip() for line in (log.read_text(errors="replace") if log.exists() else "").splitlines()]
    last = next((line for line in reversed(lines) if line), "")
    return f"{running.task.name} must end by itself, but {how}{f': {last[:300]}' if last else ''}"


def _work(run: Run, task: Task, folder: Path) -> None:
    """Run a task in a process of its own."""
    # A session of its own: Ctrl-C at the terminal is for the parent, which ends the tasks as it sees fit.
    os.setsid()
    with (folder / LOG).open("wb") as log:
        os.dup2(log.fileno(), sys.stdout.fileno())
        os.dup2(log.fileno(), sys.stderr.fileno())
    threading.Thread(target=_follow_parent, daemon=True).start()
    (folder / RESULT).write_text(json.dumps(run(task, folder)))


def _follow_parent() -> None:
    """End this process with all that it started when the parent dies, however that happens."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        end_descendants(os.getpid())
        os._exit(1)
