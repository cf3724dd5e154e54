"""Tasks in this very process, one after the other."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Self

from ...errors import InputError
from .executor import Ended
from .task import Task
from .work import work, worker_name

__all__ = ["InProcess"]


class InProcess:
    """Runs each task where it is asked for: nothing to start, but what crashes takes this process with it.

    A time limit is kept by an alarm signal, so it needs the main thread, and it ends Python code at once but code in
    other languages only when that returns.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[Task, float | None]] = []

    @property
    def places(self) -> int:
        """One task at a time."""
        return 1

    @property
    def running(self) -> tuple[str, ...]:
        """The key of the task that was begun."""
        return tuple(task.key for task, _ in self._waiting)

    def start(self, task: Task, limit: float | None) -> None:
        """Take a task, which runs when it is waited for.

        Raises
        ------
        InputError
            Where there is a limit and this is not the main thread.
        """
        if limit is not None and threading.current_thread() is not threading.main_thread():
            raise InputError("Time limit of tasks in this process must be left out, except in the main thread")
        self._waiting.append((task, limit))

    def wait(self, seconds: float) -> list[Ended]:
        """Run the task that was begun; without one, sleep."""
        if not self._waiting:
            time.sleep(seconds)
            return []
        task, limit = self._waiting[0]
        try:
            return [_run(task, limit)]
        finally:
            self._waiting.clear()

    def cancel(self) -> None:
        """Forget the task that was begun."""
        self._waiting.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()


class _LateError(BaseException):
    """The time is up; no task's own handler of exceptions takes this one."""


def _run(task: Task, limit: float | None) -> Ended:
    worker, began = worker_name(os.getpid()), time.monotonic()
    try:
        with _alarm(limit):
            how, text = work(task.kind, json.dumps(dict(task.payload)))
    except _LateError:
        reason = f"Task must finish within {limit:g} seconds, but was still running"
        return Ended(task.key, "late", None, reason, time.monotonic() - began, worker)
    seconds = time.monotonic() - began
    if how == "done":
        return Ended(task.key, how, json.loads(text), "", seconds, worker)
    return Ended(task.key, how, None, text, seconds, worker)


@contextmanager
def _alarm(limit: float | None) -> Iterator[None]:
    """Raise `_LateError` in the block when the time is up."""
    if limit is None:
        yield
        return

    def late(_number: int, _frame: FrameType | None) -> None:
        raise _LateError

    kept = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, kept)
