"""One run of tasks: which are left, which are under way here or elsewhere, and what becomes of each."""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ..store.owners import Owner
from ..store.store import Store
from .executor import Ended, Executor
from .outcome import Outcome, Progress
from .task import Task

__all__ = ["Session", "Terms"]

_TICK = 0.2
"""Seconds after which progress is told and `stop` asked, if no task ends before."""
_POLL = 0.5
"""Seconds between two looks at what other runs of the store have done."""
_CHUNK = 32
"""Keys that are asked for at once."""


@dataclass(frozen=True)
class Terms:
    """What `run_tasks` says of retries and limits."""

    retries: int
    retry_failed: bool
    time_limit: float | None


class Session:
    """The tasks of a run.

    Parameters
    ----------
    tasks
        In the order in which they are begun; of those with one key the first counts.
    store
        Knows what is done, and takes what comes.
    executor
        Entered.
    terms
        Retries and limits.
    """

    def __init__(self, tasks: Iterable[Task], store: Store, executor: Executor, terms: Terms) -> None:
        self._store, self._executor, self._terms = store, executor, terms
        self._owner, self._began = Owner(), time.time()
        self._tasks: dict[str, Task] = {}
        for task in tasks:
            self._tasks.setdefault(task.key, task)
        self._all = Counter(task.kind for task in self._tasks.values())
        self._ended: Counter[str] = Counter()
        self._done = self._failed = self._computed = 0
        self._attempts: Counter[str] = Counter()
        self._again: deque[str] = deque()
        self._elsewhere: set[str] = set()
        self._looked = time.monotonic()
        known = store.results(self._tasks)
        reused = [key for key, result in known.items() if not (result.failed and terms.retry_failed)]
        self._reused = len(reused)
        self._know(reused)
        self._waiting = deque(key for key in self._tasks if key not in set(reused))

    def run(self, progress: Callable[[Progress], None], stop: Callable[[], bool]) -> Outcome:
        """Run all that is left, until it is done or `stop` says so."""
        began, stopped = time.monotonic(), False
        with self._store.leases.beating(self._owner):
            try:
                while self._left and not (stopped := stop()):
                    self._fill()
                    progress(self._progress(time.monotonic() - began))
                    for ended in self._executor.wait(_TICK if self._left else 0):
                        self._take(ended)
            finally:
                self._executor.cancel()
        spent = time.monotonic() - began
        progress(self._progress(spent))
        return Outcome(self._store.results(self._tasks), self._computed, self._reused, stopped, spent)

    @property
    def _left(self) -> bool:
        """Whether anything is still to come."""
        return bool(self._waiting or self._again or self._elsewhere or self._executor.running)

    def _fill(self) -> None:
        """Begin tasks while there are free places: first those never tried, then those whose worker died."""
        free = self._executor.places - len(self._executor.running)
        if free > 0 and self._elsewhere and time.monotonic() - self._looked > _POLL:
            self._looked = time.monotonic()
            self._waiting.extend(key for key in self._tasks if key in self._elsewhere)
            self._elsewhere.clear()
        while free > 0 and self._waiting:
            free -= self._ask(free)
        while free > 0 and self._again:
            self._start(self._again.popleft())
            free -= 1

    def _ask(self, free: int) -> int:
        """Lease some of the waiting keys and begin them; return how many."""
        keys = [self._waiting.popleft() for _ in range(min(_CHUNK, len(self._waiting)))]
        since = self._began if self._terms.retry_failed else 0.0
        granted = self._store.leases.take(keys, self._owner, free, since)
        self._know([key for key in keys if key in granted.done])
        self._elsewhere |= granted.held
        self._waiting.extendleft(key for key in reversed(keys) if key not in granted.mine | granted.held | granted.done)
        for key in keys:
            if key in granted.mine:
                self._start(key)
        return len(granted.mine)

    def _start(self, key: str) -> None:
        self._attempts[key] += 1
        self._executor.start(self._tasks[key], self._terms.time_limit)

    def _take(self, ended: Ended) -> None:
        """Record what came of a task, unless its worker died and it may have another one."""
        task, attempts = self._tasks[ended.key], self._attempts[ended.key]
        about = (task.key, task.kind, task.point, task.payload)
        if ended.result is not None:
            self._store.record(*about, ended.result, ended.seconds, ended.worker, attempts)
        elif ended.how == "died" and attempts <= self._terms.retries:
            self._again.append(task.key)
            return
        else:
            reason = f"{ended.reason} ({attempts} attempts)" if attempts > 1 else ended.reason
            self._store.fail(*about, reason, attempts, ended.seconds, ended.worker)
        self._computed += 1
        self._count(task.key, failed=ended.result is None)

    def _know(self, keys: Sequence[str]) -> None:
        """Count keys that the store knows."""
        for key, result in self._store.results(keys).items():
            self._count(key, failed=result.failed)

    def _count(self, key: str, *, failed: bool) -> None:
        self._ended[self._tasks[key].kind] += 1
        self._failed += failed
        self._done += not failed

    def _progress(self, spent: float) -> Progress:
        left = len(self._tasks) - self._done - self._failed
        rate = self._computed / spent if spent else 0.0
        return Progress(
            total=len(self._tasks),
            done=self._done,
            failed=self._failed,
            reused=self._reused,
            running=tuple(self._tasks[key] for key in self._executor.running),
            elsewhere=len(self._elsewhere),
            kinds={kind: (self._ended[kind], count) for kind, count in self._all.items()},
            rate=rate,
            left=left / rate if rate else None,
        )
