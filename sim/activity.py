"""What the streams of a design went through in a run: beats, waits, pauses; counted alike natively and in cocotb."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["Activity", "Counter", "ResetSeen", "Traffic"]


@dataclass(frozen=True)
class Activity:
    """One stream of a run, as seen at the clock edges.

    Parameters
    ----------
    moved
        Beats that were taken.
    stalls, longest_stall
        Cycles in which a beat was offered and not taken; the longest row of them.
    idle, longest_idle
        Cycles in which none was offered though some were still to come; the longest row of them.
    back_to_back
        Beats that were taken in the cycle after another one.
    """

    moved: int = 0
    stalls: int = 0
    longest_stall: int = 0
    idle: int = 0
    longest_idle: int = 0
    back_to_back: int = 0


@dataclass(frozen=True)
class ResetSeen:
    """A reset in mid-flight.

    Parameters
    ----------
    cycle
        How many cycles the interrupted attempt had.
    moved
        Beats that each stream had moved by then.
    waiting
        Output streams on which a beat was offered and not yet taken.
    """

    cycle: int
    moved: Mapping[str, int]
    waiting: tuple[str, ...] = ()


@dataclass(frozen=True)
class Traffic:
    """What happened on all streams of a run; after a reset in mid-flight, from there on.

    Parameters
    ----------
    streams
        By name.
    cycles
        To the last output beat, as `native.StreamRun` counts them.
    strained
        Cycles in which an output beat waited while an input was idle.
    reset
        The reset in mid-flight, None where there was none.
    """

    streams: Mapping[str, Activity]
    cycles: int
    strained: int = 0
    reset: ResetSeen | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as the bench writes them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> "Traffic":
        """Read what `to_dict` gave."""
        streams = {name: Activity(**counts) for name, counts in raw["streams"].items()}
        found = raw["reset"]
        reset = found and ResetSeen(found["cycle"], dict(found["moved"]), tuple(found["waiting"]))
        return cls(streams, raw["cycles"], raw["strained"], reset)


@dataclass
class Counter:
    """Counts a stream's `Activity`, clock edge by clock edge; the shim does the same in C++."""

    counts: dict[str, int] = field(default_factory=lambda: asdict(Activity()))
    stalled: int = 0
    idling: int = 0
    taken: bool = False

    def edge(self, *, valid: bool, ready: bool, more: bool) -> None:
        """Take note of a clock edge; `more` says whether beats were still to come."""
        moves = valid and ready
        self.stalled = self.stalled + 1 if valid and not ready else 0
        self.idling = self.idling + 1 if more and not valid else 0
        counts = self.counts
        counts["moved"] += moves
        counts["stalls"] += self.stalled > 0
        counts["longest_stall"] = max(counts["longest_stall"], self.stalled)
        counts["idle"] += self.idling > 0
        counts["longest_idle"] = max(counts["longest_idle"], self.idling)
        counts["back_to_back"] += moves and self.taken
        self.taken = moves

    @property
    def activity(self) -> Activity:
        """What was counted so far."""
        return Activity(**self.counts)
