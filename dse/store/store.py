"""The store of an exploration: one SQLite file, written by several runs at once and read by anyone meanwhile."""

import hashlib
import json
import sqlite3
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from ...errors import must
from ..engine.task import Task
from .database import connect, plain_errors, transaction
from .leasing import Leases
from .rows import Lease, Point, Result, Sweep

__all__ = ["Store"]

_RESULTS = """
SELECT t.key, t.kind, t.point, t.payload, r.result, '' AS reason, r.seconds, r.attempts, r.worker, r.finished
FROM tasks t JOIN results r USING (key) WHERE {where}
"""
_FAILURES = """
SELECT t.key, t.kind, t.point, t.payload, NULL AS result, f.reason, f.seconds, f.attempts, f.worker, f.finished
FROM tasks t JOIN failures f USING (key)
WHERE {where} AND f.number = (SELECT MAX(number) FROM failures WHERE key = t.key)
AND NOT EXISTS (SELECT 1 FROM results WHERE key = t.key)
"""


class Store:
    """Results by content address, with the sweeps and points that they belong to.

    Results, failures and blobs are only added, never changed: the file itself sees to it. All that a method writes is
    in the file when it returns, or nothing of it, also after ``kill -9``; every method raises `InputError` with one
    line where the file cannot be read or written. A store belongs to the thread that opened it.

    Parameters
    ----------
    path
        The file.
    connection
        Opened by `connect`.

    Attributes
    ----------
    leases
        The keys that runs are computing now.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self.leases = Leases(path, connection)

    @classmethod
    def open(cls, path: Path, create: bool = True) -> Self:
        """Open a store; without one, make an empty one if `create` is set. An older version is migrated.

        Raises
        ------
        InputError
            As `connect` says; a file that is no store or of a newer version stays as it is, to the byte.
        """
        return cls(path, connect(path, create))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Sweeps and points

    def put_sweep(self, sweep: str, document: Mapping[str, Any]) -> None:
        """Note what is explored; the same document again changes nothing.

        Raises
        ------
        InputError
            Where the sweep is there with another document.
        """
        text = _text(document)
        with self._writing():
            self._run("INSERT OR IGNORE INTO sweeps VALUES (?, ?, ?)", (sweep, text, time.time()))
            ((kept,),) = self._run("SELECT document FROM sweeps WHERE id = ?", (sweep,))
            if kept != text:
                raise must(f"Sweep {sweep}", "keep its document", document)

    def sweeps(self) -> list[Sweep]:
        """Return all sweeps, the oldest first."""
        with plain_errors(self.path):
            rows = self._run("SELECT id, document, begun FROM sweeps ORDER BY begun, id")
            return [Sweep(name, json.loads(document), begun) for name, document, begun in rows]

    def put_points(self, points: Iterable[Point]) -> None:
        """Add points; one that is there already stays.

        Raises
        ------
        InputError
            Where a point is there with another document; none is added then.
        """
        with self._writing():
            for point in points:
                text = _text(point.document)
                self._run("INSERT OR IGNORE INTO points VALUES (?, ?, ?)", (point.sweep, point.id, text))
                where = (point.sweep, point.id)
                ((kept,),) = self._run("SELECT document FROM points WHERE sweep = ? AND id = ?", where)
                if kept != text:
                    raise must(f"Point {point.id}", "keep its document", point.document)

    def points(self, sweep: str | None = None) -> list[Point]:
        """Return the points of a sweep, or of all, ordered by id."""
        with plain_errors(self.path):
            rows = self._run(
                "SELECT sweep, id, document FROM points WHERE ? IS NULL OR sweep = ? ORDER BY sweep, id", (sweep, sweep)
            )
            return [Point(of, name, json.loads(document)) for of, name, document in rows]

    # Tasks and results

    def plan(self, tasks: Iterable[Task]) -> None:
        """Note tasks that are to be computed, so that their share that is done can be told."""
        with self._writing():
            for task in tasks:
                self._note(task.key, task.kind, task.point, task.payload)

    def record(
        self,
        key: str,
        kind: str,
        point: str,
        payload: Mapping[str, Any],
        result: Mapping[str, Any],
        seconds: float,
        worker: str,
        attempts: int = 1,
    ) -> bool:
        """Add the result of a task and end its lease; False where the key has one already, which stays."""
        with self._writing():
            self._note(key, kind, point, payload)
            added = self._run(
                "INSERT OR IGNORE INTO results (key, result, seconds, attempts, finished, worker)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (key, json.dumps(result, allow_nan=False), seconds, attempts, time.time(), worker),
            ).rowcount
            self._run("DELETE FROM leases WHERE key = ?", (key,))
        return bool(added)

    def fail(
        self,
        key: str,
        kind: str,
        point: str,
        payload: Mapping[str, Any],
        reason: str,
        attempts: int,
        seconds: float = 0.0,
        worker: str = "",
    ) -> None:
        """Add the reason why a task has no result and end its lease; a later result or reason counts instead of it."""
        with self._writing():
            self._note(key, kind, point, payload)
            self._run(
                "INSERT INTO failures (key, reason, seconds, attempts, finished, worker) VALUES (?, ?, ?, ?, ?, ?)",
                (key, reason, seconds, attempts, time.time(), worker),
            )
            self._run("DELETE FROM leases WHERE key = ?", (key,))

    def results(self, keys: Iterable[str]) -> dict[str, Result]:
        """Return what is known of those keys: the result, else the last failure; a key without either is left out."""
        return self._results("t.key IN (SELECT value FROM json_each(?))", (json.dumps(list(keys)),))

    def results_of(self, point: str) -> dict[str, Result]:
        """Return what is known of the keys of a point, also of those that belong to other points as well."""
        return self._results("t.key IN (SELECT key FROM uses WHERE point = ?)", (point,))

    def failures(self) -> list[Result]:
        """Return the keys that failed and have no result, in the order in which they failed."""
        with plain_errors(self.path):
            rows = self._run(_FAILURES.format(where="1") + " ORDER BY f.number")
            return [_result(row) for row in rows]

    def held(self) -> list[Lease]:
        """Return the leases of runs that are alive, the oldest first."""
        return self.leases.alive()

    # Blobs

    def put_blob(self, sha: str, data: bytes) -> None:
        """Keep bytes, such as a netlist, under their SHA-256; they are stored compressed.

        Raises
        ------
        InputError
            Where the name is not the bytes' SHA-256.
        """
        if hashlib.sha256(data).hexdigest() != sha:
            raise must("Blob", "be named by its SHA-256", sha)
        with self._writing():
            self._run("INSERT OR IGNORE INTO blobs VALUES (?, ?)", (sha, zlib.compress(data)))

    def get_blob(self, sha: str) -> bytes:
        """Return the bytes of that SHA-256.

        Raises
        ------
        InputError
            Where the store has none, or they are damaged.
        """
        with plain_errors(self.path):
            row = self._run("SELECT packed FROM blobs WHERE sha = ?", (sha,)).fetchone()
        if row is None:
            raise must("Blob", f"be in the store {self.path}", sha)
        try:
            data = zlib.decompress(row[0])
        except zlib.error:
            data = b""
        if hashlib.sha256(data).hexdigest() != sha:
            raise must("Blob", f"be whole in the store {self.path}", sha)
        return data

    # Within

    def select(self, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query, for what counts over the whole store."""
        with plain_errors(self.path):
            return self._run(query, values).fetchall()

    def _results(self, where: str, values: tuple[Any, ...]) -> dict[str, Result]:
        # One statement reads one state of the file, however many others write meanwhile.
        query = f"{_RESULTS} UNION ALL {_FAILURES}".format(where=where)
        with plain_errors(self.path):
            return {row[0]: _result(row) for row in self._run(query, values * 2)}

    def _note(self, key: str, kind: str, point: str, payload: Mapping[str, Any]) -> None:
        self._run("INSERT OR IGNORE INTO tasks VALUES (?, ?, ?, ?)", (key, kind, point, _text(payload)))
        self._run("INSERT OR IGNORE INTO uses VALUES (?, ?)", (point, key))

    def _run(self, query: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        return self._connection.execute(query, values)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with plain_errors(self.path), transaction(self._connection):
            yield


def _text(value: Mapping[str, Any]) -> str:
    """Return JSON in one form: the same value is the same text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _result(row: tuple[Any, ...]) -> Result:
    key, kind, point, payload, result, *rest = row
    return Result(key, kind, point, json.loads(payload), None if result is None else json.loads(result), *rest)
