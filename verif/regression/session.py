"""One run of a regression: which tasks are left, and what becomes of each."""

import itertools
import shutil
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from .failures import Failure, keep
from .journal import Journal, Line
from .plan import Listener, Plan, State
from .pool import Ended, Pool
from .tasks import Task, names_of, preset_tasks, random_tasks

__all__ = ["Session", "failure_of"]

_TICK = 0.2
"""Seconds after which a state is told, if no task ends before."""


def failure_of(line: Line, output: Path) -> Failure:
    """Return the failure that a line of the journal tells of."""
    return Failure(line.task, line.message, line.seconds, output / "failures" / line.task.name)


class Session:
    """The tasks of a plan that the journal does not hold.

    Parameters
    ----------
    plan
        What is run.
    seed
        The seed, whether the plan had one or not.
    journal
        Begun; takes every finished task.
    output
        Takes the failures.
    listener
        Is told what happens.
    """

    def __init__(self, plan: Plan, seed: int, journal: Journal, output: Path, listener: Listener) -> None:
        self._plan, self._journal, self._output, self._listener = plan, journal, output, listener
        self._code = str((journal.head or {})["code"])
        done, names = {line.key for line in journal.lines}, names_of(plan.family)
        presets = preset_tasks(names, seed) if plan.presets else []
        drawn = itertools.islice(random_tasks(names, seed, plan.start), plan.count if plan.random else 0)
        self._presets = deque(task for task in presets if task.key(self._code) not in done)
        self._random = (task for task in drawn if task.key(self._code) not in done)
        self._before, self._resumed = max((line.spent for line in journal.lines), default=0.0), len(journal.lines)
        self._began, self._random_began = time.monotonic(), 0.0

    def run(self, pool: Pool, stop: Callable[[], bool]) -> None:
        """Run all that is left, until it is done or `stop` says so, which is asked several times a second."""
        while not stop():
            while pool.free and not stop() and (task := self._next()) is not None:
                pool.start(task)
            if not pool.running:
                return
            for ended in pool.wait(_TICK):
                self._finish(ended)
            self._listener.state(self._state(pool))

    def _next(self) -> Task | None:
        """Return the next task; None where nothing is left or the time is up."""
        if self._presets:
            return self._presets.popleft()
        if self._plan.seconds is not None and self._spent >= self._plan.seconds:
            return None
        task = next(self._random, None)
        if task is not None and not self._random_began:
            self._random_began = time.monotonic()
        return task

    @property
    def _spent(self) -> float:
        """Seconds of the random part, those of earlier sessions included."""
        return self._before + (time.monotonic() - self._random_began if self._random_began else 0.0)

    def _finish(self, ended: Ended) -> None:
        """Keep what a failure left, then note the task as done: a crash of this process between repeats it."""
        line = Line(ended.task.key(self._code), ended.task, ended.message, ended.seconds, self._spent)
        if ended.message:
            failure = failure_of(line, self._output)
            keep(failure, ended.folder)
            self._listener.failed(failure)
        else:
            shutil.rmtree(ended.folder, ignore_errors=True)
        self._journal.finish(line)

    def _state(self, pool: Pool) -> State:
        lines = self._journal.lines
        rate = (len(lines) - self._resumed) / (time.monotonic() - self._began)
        return State(
            tuple(task.name for task in pool.running),
            len(lines),
            sum(bool(line.message) for line in lines),
            len(self._presets),
            rate,
            self._left(rate),
        )

    def _left(self, rate: float) -> float | None:
        """Return the seconds to the end at that rate, as far as that can be told."""
        if not rate:
            return None
        ends = [0.0] if not self._plan.random else []
        if self._plan.seconds is not None:
            ends.append(max(self._plan.seconds - self._spent, 0.0))
        if self._plan.count is not None:
            done = sum(line.task.kind == "random" for line in self._journal.lines)
            ends.append((self._plan.count - done) / rate)
        return len(self._presets) / rate + min(ends) if ends else None
