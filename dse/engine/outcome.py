"""How far a run is, and how it ended."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..store.rows import Result
from .task import Task

__all__ = ["Outcome", "Progress"]


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Parameters
    ----------
    total
        Keys of the run.
    done
        Keys with a result, those that the store had included.
    failed
        Keys that failed, those that the store knew of included.
    reused
        Keys that the store had when the run began, failed or not.
    running
        Tasks under way here.
    elsewhere
        Keys that other runs of this store hold.
    kinds
        For each kind, keys that are done or failed, and all.
    rate
        Keys a second that ended since the run began.
    left
        Seconds to the end at that rate; None where it cannot be told.
    """

    total: int
    done: int
    failed: int
    reused: int
    running: tuple[Task, ...]
    elsewhere: int
    kinds: Mapping[str, tuple[int, int]]
    rate: float
    left: float | None


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Parameters
    ----------
    results
        What is known of each key, failures included; a key is missing only where the run was stopped before it.
    computed
        Keys that ended in this run.
    reused
        Keys that the store had.
    stopped
        Whether `stop` ended it.
    seconds
        Wall-clock seconds.
    """

    results: Mapping[str, Result]
    computed: int
    reused: int
    stopped: bool
    seconds: float

    @property
    def failed(self) -> dict[str, str]:
        """The reason of each key that failed."""
        return {key: result.reason for key, result in self.results.items() if result.failed}
