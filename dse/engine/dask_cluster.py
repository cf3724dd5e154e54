"""Tasks over the workers of a Dask cluster, here or anywhere."""

import contextlib
import json
import logging
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Self

from ...errors import InputError, ToolError, must
from ...verif.regression.trees import end_tree
from . import dask_worker
from .executor import Ended
from .task import Task

__all__ = ["DaskCluster"]

LOCAL = "local:"
_PATIENCE = 30
"""Seconds to wait for the scheduler, and for its first worker."""
_SETTINGS = {
    # A worker that died is known at once: how often a task is tried again is the engine's to say.
    "distributed.scheduler.allowed-failures": 0,
    "distributed.scheduler.worker-saturation": 1.0,
    "distributed.worker.preload": [dask_worker.__name__],
}


@dataclass(frozen=True)
class _Running:
    """A task with its future, and the worker that was asked."""

    task: Task
    future: Any
    worker: str
    began: float
    limit: float | None


class DaskCluster:
    """Runs tasks on a Dask cluster, one on each thread of its workers.

    A task whose worker died counts as died, which Dask tells without the signal; a scheduler of its own settings may
    have tried it on other workers before. A task beyond its limit is ended by a restart of its worker, which needs a
    nanny, as workers have by default. After a ``kill -9`` of this process local workers end, but the tools that their
    tasks have started run to their own end; those of `Processes` end too.

    Parameters
    ----------
    address
        Of the scheduler, such as ``tcp://host:8786``; ``local:N`` begins a cluster of N worker processes of one
        thread each on this machine, which ends with this object.

    Raises
    ------
    InputError
        Where the address is ``local:`` without a number.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._local = 0
        if address.startswith(LOCAL):
            number = address.removeprefix(LOCAL)
            if not number.isdecimal() or not int(number):
                raise must("Dask address", "be of the form local:N with N of 1 or more, or a scheduler's", address)
            self._local = int(number)
        self._running: dict[str, _Running] = {}
        self._pids: dict[str, int] = {}
        # Addresses of local workers that died, which the scheduler may list for a moment more.
        self._dead: set[str] = set()
        self._tries = 0

    @property
    def places(self) -> int:
        """The threads of all workers that are there now."""
        return sum(self._threads().values())

    @property
    def running(self) -> tuple[str, ...]:
        """The keys of the tasks under way, the oldest first."""
        return tuple(self._running)

    def start(self, task: Task, limit: float | None) -> None:
        """Give a task to the worker that has the fewest for its threads."""
        load = Counter(each.worker for each in self._running.values())
        threads = self._threads()
        worker = min(threads, key=lambda each: (load[each] / threads[each], each))
        if self._local and worker not in self._pids:
            self._pids |= self._client.run(os.getpid, workers=[worker], on_error="ignore")
        self._tries += 1
        # A name of its own for each try: Dask remembers how a name ended.
        future = self._client.submit(
            dask_worker.timed_work,
            task.kind,
            json.dumps(dict(task.payload)),
            key=f"{task.key}-{self._tries}",
            workers=[worker],
            allow_other_workers=True,
            pure=False,
        )
        self._running[task.key] = _Running(task, future, worker, time.monotonic(), limit)

    def wait(self, seconds: float) -> list[Ended]:
        """Return the tasks that have ended; those beyond their limit are ended, with their worker.

        Raises
        ------
        ToolError
            Where the cluster is gone, or its workers cannot run rtloom.
        """
        if not self._running:
            time.sleep(seconds)
            return []
        futures = [each.future for each in self._running.values()]
        with self._connected(), contextlib.suppress(TimeoutError):
            self._dask.wait(futures, timeout=seconds, return_when="FIRST_COMPLETED")
        ended = [self._look(each) for each in list(self._running.values())]
        return [each for each in ended if each is not None]

    def cancel(self) -> None:
        """End all tasks under way, and restart their workers."""
        # A cluster that is gone runs nothing of ours any more.
        with contextlib.suppress(OSError, CancelledError):
            self._end(list(self._running.values()))

    def __enter__(self) -> Self:
        try:
            dask, self._dask = map(import_module, ("dask", "distributed"))
        except ImportError:
            raise InputError("distributed must be installed to use Dask: pip install 'rtloom[dse]'") from None
        self._stack = contextlib.ExitStack()
        with contextlib.ExitStack() as stack:
            target = self._address
            if self._local:
                with dask.config.set(_SETTINGS):
                    target = stack.enter_context(self._begin())
            try:
                self._client = stack.enter_context(self._dask.Client(target, timeout=_PATIENCE))
                self._client.wait_for_workers(1, timeout=_PATIENCE)
            except (OSError, ValueError) as error:
                raise must("Dask address", f"be that of a scheduler with workers ({error})", self._address) from None
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()
        self._stack.close()

    def _begin(self) -> Any:
        """Return a cluster of this machine's own."""
        return self._dask.LocalCluster(
            n_workers=self._local,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            silence_logs=logging.CRITICAL,
        )

    def _threads(self) -> dict[str, int]:
        """Return how many tasks each worker takes at a time."""
        with self._connected():
            threads = self._client.nthreads()
        return {worker: count for worker, count in threads.items() if worker not in self._dead}

    def _look(self, running: _Running) -> Ended | None:
        """Return how a task ended, if it did."""
        spent = time.monotonic() - running.began
        key, future = running.task.key, running.future
        if future.status == "pending":
            if running.limit is None or spent <= running.limit:
                return None
            with self._connected():
                self._end([running])
            reason = f"Task must finish within {running.limit:g} seconds, but was still running"
            return Ended(key, "late", None, reason, spent, running.worker)
        del self._running[key]
        if future.status == "finished":
            how, text, worker, seconds = future.result()
            result, reason = (json.loads(text), "") if how == "done" else (None, text)
            return Ended(key, how, result, reason, seconds, worker)
        return Ended(key, "died", None, self._death(future), spent, running.worker)

    def _death(self, future: Any) -> str:
        """Return how a task's worker died.

        Raises
        ------
        ToolError
            Where it did not die: then no other worker would do better.
        """
        error = future.exception() if future.status == "error" else None
        if isinstance(error, self._dask.KilledWorker):
            if self._local:
                self._dead.add(error.last_worker.address)
            return "Worker must survive its task, but died"
        raise self._gone(error or CancelledError(future.status))

    def _end(self, ended: Sequence[_Running]) -> None:
        """Cancel tasks, and restart the workers that run them: a thread cannot be ended."""
        for each in ended:
            del self._running[each.task.key]
        names = {each.future.key for each in ended if each.future.status == "pending"}
        if not names:
            return
        workers = [worker for worker, keys in self._client.processing().items() if names & set(keys)]
        self._client.cancel([each.future for each in ended])
        if self._local:
            # At once, with all that the task started; the nanny begins another one.
            self._dead.update(workers)
            for worker in workers:
                if worker in self._pids:
                    end_tree(self._pids[worker])
        else:
            self._client.restart_workers(workers, timeout=_PATIENCE)

    @contextlib.contextmanager
    def _connected(self) -> Iterator[None]:
        """Say in one line that the cluster is gone, if it is."""
        try:
            yield
        except (OSError, CancelledError) as error:
            raise self._gone(error) from None

    def _gone(self, error: BaseException) -> ToolError:
        text = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        return ToolError(f"Dask cluster {self._address} must stay there and run rtloom's tasks ({text})")
