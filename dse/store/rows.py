"""What the store holds, as it is read: results, points, sweeps and leases."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Lease", "Point", "Result", "Sweep"]


@dataclass(frozen=True)
class Result:
    """What is known of a key.

    Parameters
    ----------
    key, kind, point, payload
        Those of the task that was recorded first under this key.
    result
        What the function returned; None where it failed.
    reason
        Why it failed, one line; empty where it did not.
    seconds
        Wall-clock seconds of the attempt that counted.
    attempts
        Workers that the task was given to, those that died under it included.
    worker
        Who computed it: process and host, or a worker's address; empty in results older than version 2 of the store.
    finished
        Seconds since 1970.
    """

    key: str
    kind: str
    point: str
    payload: Mapping[str, Any]
    result: Mapping[str, Any] | None
    reason: str
    seconds: float
    attempts: int
    worker: str
    finished: float

    @property
    def failed(self) -> bool:
        """Whether there is a reason instead of a result."""
        return self.result is None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Point:
    """A point of a sweep: its id, and a document that says what it is."""

    sweep: str
    id: str
    document: Mapping[str, Any]


@dataclass(frozen=True)
class Sweep:
    """What was explored: the id, which is the content address of the document, and when it was first asked for."""

    id: str
    document: Mapping[str, Any]
    begun: float


@dataclass(frozen=True)
class Lease:
    """A key that a run is computing: by which process of which host, since when, and when it last gave a sign."""

    key: str
    host: str
    pid: int
    since: float
    beat: float
