"""What every executor does: takes a task while it has a free place, and hands back those that ended."""

from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Protocol, Self

from .task import Task

__all__ = ["Ended", "Executor", "How"]

How = Literal["done", "failed", "died", "late"]
"""A task returned, raised, took its worker with it, or was ended at its time limit."""


@dataclass(frozen=True)
class Ended:
    """A task that ended.

    Parameters
    ----------
    key
        Of the task.
    how
        How it ended.
    result
        What it returned; None where it did not.
    reason
        Why it did not return, one line; empty where it did.
    seconds
        Wall-clock seconds, from its start on.
    worker
        Who ran it.
    """

    key: str
    how: How
    result: dict[str, Any] | None
    reason: str
    seconds: float
    worker: str


class Executor(Protocol):
    """Runs tasks; a context manager, which ends what still runs when it is left."""

    @property
    def places(self) -> int:
        """How many tasks may be under way at a time."""
        ...

    @property
    def running(self) -> tuple[str, ...]:
        """The keys of the tasks under way, the oldest first."""
        ...

    def start(self, task: Task, limit: float | None) -> None:
        """Begin a task, which is ended after `limit` seconds; only where fewer than `places` are under way."""
        ...

    def wait(self, seconds: float) -> list[Ended]:
        """Return the tasks that have ended, as soon as there is one, and after so many seconds at most."""
        ...

    def cancel(self) -> None:
        """End all tasks under way; nothing more is heard of them."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...
