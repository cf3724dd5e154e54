"""A run: tasks that the store does not know are computed, each result is recorded the moment it arrives."""

from collections.abc import Callable, Iterable

from ...errors import must
from ..store.store import Store
from .executor import Executor
from .outcome import Outcome, Progress
from .session import Session, Terms
from .task import Task
from .work import function_of

__all__ = ["run_tasks"]


def run_tasks(
    tasks: Iterable[Task],
    store: Store,
    executor: Executor,
    *,
    progress: Callable[[Progress], None] | None = None,
    retries: int = 2,
    stop: Callable[[], bool] | None = None,
    retry_failed: bool = False,
    time_limit: float | None = None,
) -> Outcome:
    """Compute what the store does not have, each key once, also where several runs share the store.

    Parameters
    ----------
    tasks
        Begun in this order; of those with one key the first.
    store
        Takes every result and failure as it comes.
    executor
        Entered by the caller, who may use it for several runs.
    progress
        Is told how far the run is, several times a second.
    retries
        How often a task whose worker died is given to a fresh one before it counts as failed.
    stop
        Asked several times a second; true ends the tasks under way and the run.
    retry_failed
        Whether keys that failed in earlier runs are tried again.
    time_limit
        Seconds after which a task is ended and counts as failed.

    Returns
    -------
    Outcome
        A task that raises, or is ended at its limit, fails for good; its reason is in the store.

    Raises
    ------
    InputError
        Where a kind names no function, a number is out of its range, or the store cannot be written.
    KeyboardInterrupt
        At Ctrl-C, when the tasks under way have been ended; what was computed is in the store.
    """
    if retries < 0:
        raise must("Retries", "be 0 or more", retries)
    if time_limit is not None and not time_limit > 0:
        raise must("Time limit", "be a number of seconds above 0", time_limit)
    everything = list(tasks)
    for kind in sorted({task.kind for task in everything}):
        function_of(kind)
    store.plan(everything)
    session = Session(everything, store, executor, Terms(retries, retry_failed, time_limit))
    return session.run(progress or (lambda _progress: None), stop or (lambda: False))
