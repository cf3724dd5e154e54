"""What a native run gave: beats of the outputs, cycles, and what happened on each stream."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..hdl.ports import Beats
from .activity import Activity, ResetSeen, Traffic
from .shim_types import Job
from .stream_arrays import StreamArrays

__all__ = ["StreamRun", "Transfers", "collect"]


@dataclass(frozen=True)
class Transfers:
    """What happened on one stream.

    Parameters
    ----------
    first, last
        Cycles of the first and the last transfer; 0 if there was none.
    cycles
        Cycle of every transfer, ``(count,)``.
    activity
        Beats, waits and pauses.
    """

    first: int
    last: int
    cycles: NDArray[np.int64]
    activity: Activity

    @property
    def count(self) -> int:
        """Beats that moved."""
        return self.activity.moved

    @property
    def stalls(self) -> int:
        """Cycles in which a beat was offered and not taken."""
        return self.activity.stalls


@dataclass(frozen=True)
class StreamRun:
    """What a run gave.

    Parameters
    ----------
    outputs
        Beats of every output stream.
    cycles
        From cycle 1, the first after reset in which inputs are offered, to the one in which the last output beat is
        taken, both included.
    streams
        What happened on each stream.
    seconds
        Wall-clock time of the simulation alone.
    strained
        Cycles in which an output beat waited while an input was idle.
    reset
        What a reset in mid-flight interrupted; None where there was none.
    """

    outputs: dict[str, Beats]
    cycles: int
    streams: dict[str, Transfers]
    seconds: float
    strained: int = 0
    reset: ResetSeen | None = None

    @property
    def traffic(self) -> Traffic:
        """What happened on the streams, for coverage."""
        streams = {name: transfers.activity for name, transfers in self.streams.items()}
        return Traffic(streams, self.cycles, self.strained, self.reset)


def collect(job: Job, streams: Any, bound: list[StreamArrays], seconds: float) -> StreamRun:
    """Turn what the shim filled into the result."""
    outputs: dict[str, Beats] = {}
    transfers = {}
    for item, stream in zip(bound, streams, strict=True):
        counts = {key: int(getattr(stream, key)) for key in Activity.__dataclass_fields__}
        transfers[item.port.name] = Transfers(stream.first, stream.final, item.cycles, Activity(**counts))
        if item.port.direction == "out":
            outputs[item.port.name] = item.port.unpack(item.payload)
            if item.port.last:
                outputs[item.port.name]["last"] = item.lasts.view(np.bool_)
    return StreamRun(outputs, job.cycles, transfers, seconds, job.strained, _reset(job, streams, bound))


def _reset(job: Job, streams: Any, bound: list[StreamArrays]) -> ResetSeen | None:
    """Return what a reset in mid-flight interrupted."""
    if job.reset_at < 0:
        return None
    named = [(item.port, stream) for item, stream in zip(bound, streams, strict=True)]
    moved = {port.name: int(stream.moved_at_reset) for port, stream in named}
    waiting = tuple(port.name for port, stream in named if port.direction == "out" and stream.waits_at_reset)
    return ResetSeen(job.reset_at, moved, waiting)
