"""Who holds a lease, and whether that process is still alive."""

import os
import secrets
import socket
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["STALE", "Owner", "is_alive"]

STALE = 120.0
"""Seconds without a sign after which a process of another host counts as dead."""


def _birth(pid: int) -> str | None:
    """Return when a process began, in a form of the system's own; None if there is none, empty if none can tell."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return ""
    try:
        # The name in brackets may hold anything, so the fields are those behind the last bracket.
        fields = stat.read_text().rpartition(")")[2].split()
    except OSError:
        return None
    # One that has ended and was not waited for computes nothing any more.
    return None if fields[0] == "Z" else fields[19]


@dataclass(frozen=True)
class Owner:
    """A run of the engine.

    Parameters
    ----------
    host, pid
        Its process.
    born
        When that process began: a number that is used again belongs to another one.
    name
        Its own among all runs, those of one process included.
    """

    host: str = field(default_factory=socket.gethostname)
    pid: int = field(default_factory=os.getpid)
    born: str = field(default_factory=lambda: _birth(os.getpid()) or "")
    name: str = field(default_factory=lambda: secrets.token_hex(8))


def is_alive(host: str, pid: int, born: str, beat: float, now: float) -> bool:
    """Return whether the process that took a lease still works on it.

    A process of this host is asked for; what another host runs is told by its last sign.
    """
    if host != socket.gethostname():
        return now - beat < STALE
    birth = _birth(pid)
    return birth is not None and birth == born and (bool(birth) or now - beat < STALE)
