"""What a regression is asked to do, and what it tells while it runs."""

import os
from dataclasses import dataclass, field
from typing import Any

from .failures import Failure
from .journal import code_of
from .tasks import names_of

__all__ = ["LIMIT", "Listener", "Plan", "State", "cores"]

LIMIT = 1800.0
"""Seconds that a task may take, unless told otherwise."""


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Plan:
    """What is to be run.

    Parameters
    ----------
    presets, random
        Whether the presets run in the bench, and whether random configurations follow.
    family
        Name of the one family; None for all, each with its share of the numbers.
    seconds
        No random configuration begins after so many seconds of them; None for no limit.
    count
        Random configurations; None for no limit.
    seed
        Of data, stalls and the sequence; None for that of the journal or a new one.
    start
        Number in the sequence to begin with.
    jobs
        Tasks side by side.
    limit
        Seconds that one task may take.
    """

    presets: bool = True
    random: bool = True
    family: str | None = None
    seconds: float | None = None
    count: int | None = None
    seed: int | None = None
    start: int = 0
    jobs: int = field(default_factory=cores)
    limit: float = LIMIT

    def head(self, seed: int) -> dict[str, Any]:
        """Return what must be the same for a journal to go on; limits of time and number may change.

        Raises
        ------
        InputError
            Where there is no such family.
        """
        return {
            "seed": seed,
            "family": self.family,
            "presets": self.presets,
            "random": self.random,
            "start": self.start,
            "code": code_of(names_of(self.family)),
        }


@dataclass(frozen=True)
class State:
    """How far a regression is.

    Parameters
    ----------
    running
        Names of the tasks that run.
    done, failed
        Tasks, those of earlier sessions included.
    presets
        Presets that have not begun.
    rate
        Tasks a second in this session.
    left
        Seconds to the end, as far as that can be told; None where there is no end or nothing to go by.
    """

    running: tuple[str, ...]
    done: int
    failed: int
    presets: int
    rate: float
    left: float | None


class Listener:
    """What a regression tells while it runs; here nobody listens."""

    def say(self, text: str) -> None:
        """Take a sentence: the seed, or why it begins anew."""

    def failed(self, failure: Failure) -> None:
        """Take a failure as it comes."""

    def state(self, state: State) -> None:
        """Take how far it is, several times a second."""
