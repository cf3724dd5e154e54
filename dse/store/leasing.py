"""Leases: which keys a run is computing, so that no other run of the same store computes them too."""

import contextlib
import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ...errors import InputError
from .database import connect, plain_errors, transaction
from .owners import Owner, is_alive
from .rows import Lease

__all__ = ["Granted", "Leases"]

BEAT = 5.0
"""Seconds between two signs of a run that it is alive."""


@dataclass(frozen=True)
class Granted:
    """Of the keys that were asked for: those that are the caller's now, that others hold, and that are done or failed.

    Keys that are none of these are free, beyond the number that was wanted.
    """

    mine: frozenset[str]
    held: frozenset[str]
    done: frozenset[str]


class Leases:
    """The leases in a store.

    Parameters
    ----------
    path
        The store's file.
    connection
        Of the thread that uses this object.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path, self._connection = path, connection

    def take(self, keys: Iterable[str], owner: Owner, most: int, failed_since: float = 0.0) -> Granted:
        """Lease keys that nobody computes and that have no result; a lease of a dead run is taken over.

        Parameters
        ----------
        keys
            What the caller would compute, the most wanted first.
        owner
            The caller.
        most
            How many it could begin now.
        failed_since
            A failure from this time on (seconds since 1970) counts as done.
        """
        asked, now = json.dumps(list(keys)), time.time()
        with plain_errors(self._path), transaction(self._connection):
            done = {key for (key,) in self._connection.execute(_DONE, (asked, asked, failed_since))}
            leases = self._connection.execute(_HELD, (asked,))
            held = {key for key, host, pid, born, beat in leases if is_alive(host, pid, born, beat, now)}
            mine = [key for key in json.loads(asked) if key not in done | held][:most]
            self._connection.executemany(
                "INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(key, owner.name, owner.host, owner.pid, owner.born, now, now) for key in mine],
            )
        return Granted(frozenset(mine), frozenset(held - done), frozenset(done))

    def release(self, owner: Owner) -> None:
        """End all leases of a run."""
        with plain_errors(self._path), transaction(self._connection):
            self._connection.execute("DELETE FROM leases WHERE owner = ?", (owner.name,))

    def alive(self) -> list[Lease]:
        """Return the leases of runs that are alive, the oldest first."""
        now = time.time()
        with plain_errors(self._path):
            rows = self._connection.execute("SELECT key, host, pid, born, since, beat FROM leases ORDER BY since, key")
            return [
                Lease(key, host, pid, since, beat)
                for key, host, pid, born, since, beat in rows
                if is_alive(host, pid, born, beat, now)
            ]

    @contextmanager
    def beating(self, owner: Owner) -> Iterator[None]:
        """Renew the leases of a run while the block lasts, by a thread, and end those that are left after it."""
        ended = threading.Event()
        thread = threading.Thread(target=_beat, args=(self._path, owner, ended), daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            self.release(owner)


_DONE = """
SELECT key FROM results WHERE key IN (SELECT value FROM json_each(?)) UNION
SELECT key FROM failures WHERE key IN (SELECT value FROM json_each(?)) AND finished >= ?
"""
_HELD = "SELECT key, host, pid, born, beat FROM leases WHERE key IN (SELECT value FROM json_each(?))"


def _beat(path: Path, owner: Owner, ended: threading.Event) -> None:
    """Renew leases until the run ends; a sign that could not be given is given the next time."""
    while not ended.wait(BEAT):
        with (
            contextlib.suppress(InputError),
            plain_errors(path),
            contextlib.closing(connect(path, False)) as connection,
        ):
            connection.execute("UPDATE leases SET beat = ? WHERE owner = ?", (time.time(), owner.name))
