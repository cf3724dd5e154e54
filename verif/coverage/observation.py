"""What a cover point looks at: what a run was given, what must come out, and what its streams really went through."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...sim.activity import Activity, ResetSeen, Traffic
from ..vectors import Vectors

__all__ = ["Observation", "Point", "Points", "Stimulus"]

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Stimulus:
    """What a run was given.

    Parameters
    ----------
    params
        The design.
    operation, tensors
        What it was asked for, as the golden model takes it.
    vectors
        The same as beats, with the golden result and the formula's cycles.
    learn
        Works out what a family's points look at; called at most once.
    """

    params: Any
    operation: str
    tensors: Mapping[str, Any]
    vectors: Vectors
    learn: Callable[["Stimulus"], Any] = field(repr=False)

    @cached_property
    def facts(self) -> Any:
        """What the family's points look at, as `learn` gives it."""
        return self.learn(self)


@dataclass(frozen=True)
class Observation:
    """One run that passed.

    Parameters
    ----------
    stimulus
        What it was given.
    traffic
        What its streams went through, counted in the run.
    name
        Of the run, for people.
    """

    stimulus: Stimulus
    traffic: Traffic
    name: str

    @property
    def operation(self) -> str:
        """What was asked for."""
        return self.stimulus.operation

    @property
    def tensors(self) -> Mapping[str, Any]:
        """The operation's arguments."""
        return self.stimulus.tensors

    @property
    def result(self) -> IntArray:
        """The golden result, which the design gave."""
        return self.stimulus.vectors.result

    @property
    def inputs(self) -> Mapping[str, Any]:
        """Beats of the input streams."""
        return self.stimulus.vectors.job.inputs

    @property
    def facts(self) -> Any:
        """What the family's points look at."""
        return self.stimulus.facts

    def stream(self, name: str) -> Activity:
        """Return what a stream went through; nothing where it was not watched."""
        return self.traffic.streams.get(name, Activity())

    @property
    def waited(self) -> bool:
        """Whether an output beat had to wait."""
        return any(self.stream(name).stalls for name in self.stimulus.vectors.expected)

    @property
    def paused(self) -> bool:
        """Whether an input was idle though beats were still to come."""
        return any(self.stream(name).idle for name in self.stimulus.vectors.sent)

    @property
    def exact(self) -> bool:
        """Whether nothing was held back and the cycles were those of the formula."""
        return not self.waited and not self.paused and self.traffic.cycles == self.stimulus.vectors.cycles

    @property
    def interrupted(self) -> float:
        """Share of all beats that had moved when reset came, 0 to 1; 0 without reset, 1 where all results were out."""
        reset: ResetSeen | None = self.traffic.reset
        if reset is None:
            return 0.0
        vectors = self.stimulus.vectors
        results = {name: len(next(iter(beats.fields.values()))) for name, beats in vectors.expected.items()}
        if all(reset.moved[name] >= count for name, count in results.items()):
            return 1.0
        total = sum(results.values()) + sum(len(beats.data) for beats in vectors.sent.values())
        return sum(reset.moved.values()) / total


@dataclass(frozen=True)
class Point:
    """One thing that the runs of a design should have exercised.

    Parameters
    ----------
    group, name
        Together they are unique within a design.
    meaning
        One line for people.
    holds
        Whether a run exercised it.
    """

    group: str
    name: str
    meaning: str
    holds: Callable[[Observation], bool] = field(repr=False)

    @property
    def key(self) -> str:
        """Group and name, as reports and files have them."""
        return f"{self.group}/{self.name}"


Points = tuple[Point, ...]
