"""Tasks over processes of this machine: what crashes or hangs takes only its own task with it."""

import contextlib
import json
import os
import signal
import tempfile
import time
from collections.abc import Collection
from dataclasses import dataclass
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Self

from ...errors import must
from ...verif.regression.trees import end_tree
from .executor import Ended
from .serving import serve
from .task import Task
from .work import worker_name

__all__ = ["Processes"]


@dataclass
class _Worker:
    """A process that takes one task after the other, and the one that it has now."""

    process: SpawnProcess
    connection: Connection
    log: Path
    task: Task | None = None
    began: float = 0.0
    ready: bool = False
    limit: float | None = None

    @property
    def name(self) -> str:
        """What it is called in results."""
        return worker_name(self.process.pid or 0)

    def ended(self, how: str) -> str:
        """Return how it died, with the last that it printed."""
        lines = self.log.read_text(errors="replace").split("\n") if self.log.exists() else []
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return f"Worker must survive its task, but {how}{f': {last[:300]}' if last else ''}"


class Processes:
    """Runs tasks in processes that stay, so that what they import is imported once.

    They are begun when they are needed, fresh ones in place of those that died, and end with this process, however
    that ends. Ctrl-C at the terminal does not reach them.

    Parameters
    ----------
    n
        How many; each has one task at a time.

    Raises
    ------
    InputError
        Where `n` is below 1.
    """

    def __init__(self, n: int) -> None:
        if n < 1:
            raise must("Number of processes", "be 1 or more", n)
        self._n = n
        self._context = get_context("spawn")
        self._workers: list[_Worker] = []
        self._begun = 0

    @property
    def places(self) -> int:
        """One task for each process."""
        return self._n

    @property
    def running(self) -> tuple[str, ...]:
        """The keys of the tasks under way, the oldest first."""
        return tuple(worker.task.key for worker in self._busy if worker.task is not None)

    def start(self, task: Task, limit: float | None) -> None:
        """Hand a task to a process that has none."""
        worker = self._idle()
        worker.task, worker.began, worker.limit = task, time.monotonic(), limit
        # One that died just now is found by `wait`.
        with contextlib.suppress(OSError):
            worker.connection.send((task.kind, json.dumps(dict(task.payload))))

    def wait(self, seconds: float) -> list[Ended]:
        """Return the tasks that have ended; those beyond their limit are ended, with their process."""
        busy = self._busy
        if not busy:
            time.sleep(seconds)
            return []
        ready = wait([each for worker in busy for each in (worker.connection, worker.process.sentinel)], seconds)
        found = (self._look(worker, worker.task, ready) for worker in busy if worker.task is not None)
        return [ended for ended in found if ended is not None]

    def cancel(self) -> None:
        """End the processes that have a task."""
        for worker in self._busy:
            self._end(worker)

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="rtloom-workers-")
        return self

    def __exit__(self, *_: object) -> None:
        for worker in list(self._workers):
            self._end(worker)
        self._folder.cleanup()

    @property
    def _busy(self) -> list[_Worker]:
        return sorted((worker for worker in self._workers if worker.task is not None), key=lambda each: each.began)

    def _idle(self) -> _Worker:
        """Return a process without a task, a new one if there is none that lives."""
        for worker in [each for each in self._workers if each.task is None]:
            if worker.process.is_alive():
                return worker
            self._end(worker)
        self._begun += 1
        log = Path(self._folder.name) / f"{self._begun}.txt"
        here, there = self._context.Pipe()
        process = self._context.Process(target=serve, args=(there, log), daemon=False)
        # Ctrl-C is not for it, also while it starts. The tracker is first, since its start unblocks signals.
        resource_tracker.ensure_running()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        there.close()
        self._workers.append(_Worker(process, here, log))
        return self._workers[-1]

    def _look(self, worker: _Worker, task: Task, ready: Collection[object]) -> Ended | None:
        """Return how a worker's task ended, if it did."""
        spent = time.monotonic() - worker.began
        if worker.connection in ready or worker.process.sentinel in ready:
            with contextlib.suppress(EOFError, OSError):
                # The answer counts, even if the process died after it.
                if worker.connection.poll():
                    answer = worker.connection.recv()
                    if answer is None:
                        # It has started up; that took none of the task's time.
                        worker.ready, worker.began = True, time.monotonic()
                        return None
                    how, text, seconds = answer
                    worker.task = None
                    result, reason = (json.loads(text), "") if how == "done" else (None, text)
                    return Ended(task.key, how, result, reason, seconds, worker.name)
            how = self._reap(worker)
            return Ended(task.key, "died", None, worker.ended(how), spent, worker.name)
        if worker.ready and worker.limit is not None and spent > worker.limit:
            self._end(worker)
            reason = f"Task must finish within {worker.limit:g} seconds, but was still running"
            return Ended(task.key, "late", None, reason, spent, worker.name)
        return None

    def _reap(self, worker: _Worker) -> str:
        """Take a process that died, and what it left in its group; return how it died."""
        wait([worker.process.sentinel], 10)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(worker.process.pid or 0, signal.SIGKILL)
        self._end(worker)
        status = worker.process.exitcode or 0
        return f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"

    def _end(self, worker: _Worker) -> None:
        """End a process with all that it started."""
        if worker.process.pid is not None and worker.process.is_alive():
            end_tree(worker.process.pid)
        worker.process.join()
        worker.connection.close()
        self._workers.remove(worker)
