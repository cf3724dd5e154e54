"""What a store holds: how far each sweep is, what failed and why, and who computes what now."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .rows import Lease, Result
from .schema import VERSION
from .store import Store

__all__ = ["Line", "StatusReport", "status"]

RECENT = 600.0
"""Seconds over which the rate is taken."""

_LINES = """
WITH belongs AS (
    SELECT DISTINCT COALESCE(p.sweep, '') AS sweep, u.key FROM uses u LEFT JOIN points p ON p.id = u.point
), states AS (
    SELECT t.key, t.kind, COALESCE(r.seconds, f.seconds, 0) AS seconds, CASE
        WHEN r.key IS NOT NULL THEN 'done'
        WHEN t.key IN (SELECT value FROM json_each(?)) THEN 'running'
        WHEN f.key IS NOT NULL THEN 'failed' ELSE 'waiting' END AS state
    FROM tasks t LEFT JOIN results r USING (key) LEFT JOIN (
        SELECT key, seconds, MAX(number) FROM failures GROUP BY key
    ) f USING (key)
)
SELECT b.sweep, s.kind, COUNT(*), SUM(s.state = 'done'), SUM(s.state = 'failed'), SUM(s.state = 'running'),
    TOTAL(s.seconds)
FROM belongs b JOIN states s USING (key) GROUP BY b.sweep, s.kind ORDER BY b.sweep, s.kind
"""
_RECENT = """
SELECT COUNT(*), MIN(began) FROM (
    SELECT finished - seconds AS began, finished FROM results
    UNION ALL SELECT finished - seconds, finished FROM failures
) WHERE finished > ?
"""
_SUMS = """
SELECT (SELECT COUNT(*) FROM sweeps), (SELECT COUNT(DISTINCT id) FROM points), (SELECT TOTAL(seconds) FROM results)
"""


@dataclass(frozen=True)
class Line:
    """The tasks of one kind in one sweep; a task of two sweeps counts in both.

    Parameters
    ----------
    sweep
        Id; empty for points that are in none.
    tier
        As the caller names it; empty where it does not.
    kind
        Of the tasks.
    total, done, failed, running
        Keys that were asked for, have a result, failed last, and are computed now.
    seconds
        Wall-clock seconds that went into the attempts that counted.
    """

    sweep: str
    tier: str
    kind: str
    total: int
    done: int
    failed: int
    running: int
    seconds: float


@dataclass(frozen=True)
class StatusReport:
    """A store at one moment.

    Parameters
    ----------
    path, size, version
        The file, its bytes with those of its log, and the version of its tables.
    sweeps, points
        How many there are.
    lines
        The tasks, by sweep and kind.
    failures
        The keys that failed and have no result.
    leases
        The keys that living runs compute now.
    seconds
        Wall-clock seconds of all results and failures, each key once.
    rate
        Keys a second that ended over the last ten minutes in which any did.
    now
        When this was so, in seconds since 1970.
    """

    path: Path
    size: int
    version: int
    sweeps: int
    points: int
    lines: tuple[Line, ...]
    failures: tuple[Result, ...]
    leases: tuple[Lease, ...]
    seconds: float
    rate: float
    now: float

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return {
            "report": "status",
            "store": str(self.path),
            "bytes": self.size,
            "version": self.version,
            "sweeps": self.sweeps,
            "points": self.points,
            "tasks": [asdict(line) for line in self.lines],
            "failed": [_failure(result) for result in self.failures],
            "running": [asdict(lease) for lease in self.leases],
            "seconds": self.seconds,
            "per_second": self.rate,
        }

    def __str__(self) -> str:
        """Return the sums in one line."""
        text = f"{self.path}: {_counted(self.sweeps, 'sweep')}, {_counted(self.points, 'point')}, {_bytes(self.size)}"
        text += f"; {self.seconds:,.1f} s of work"
        if self.rate:
            text += f", {60 * self.rate:.1f} keys a minute lately"
        return text

    def table(self) -> list[tuple[str, ...]]:
        """Return the tasks as rows of texts, the first row being the head."""
        rows: list[tuple[str, ...]] = [
            ("sweep", "tier", "task", "done", "failed", "running", "waiting", "total", "seconds")
        ]
        for line in self.lines:
            counts = (line.done, line.failed, line.running)
            waiting = line.total - sum(counts)
            cells = [f"{count:,}" for count in (*counts, waiting, line.total)]
            name = line.kind.rpartition(":")[2]
            rows.append((line.sweep[:12] or "-", line.tier or "-", name, *cells, f"{line.seconds:,.1f}"))
        return rows

    def notes(self) -> list[str]:
        """Return who computes what, and each reason of a failure with how many keys have it, in sentences."""
        holders: dict[tuple[str, int], list[Lease]] = {}
        for lease in self.leases:
            holders.setdefault((lease.host, lease.pid), []).append(lease)
        notes = [_holder(host, pid, held, self.now) for (host, pid), held in holders.items()]
        reasons: dict[str, list[Result]] = {}
        for result in self.failures:
            reasons.setdefault(result.reason, []).append(result)
        return notes + [_reason(reason, results) for reason, results in reasons.items()]


def status(store: Store, tiers: Mapping[str, str] | None = None, now: float | None = None) -> StatusReport:
    """Return what a store holds.

    Parameters
    ----------
    store
        May be written meanwhile.
    tiers
        What the tier of each kind is called.
    now
        Seconds since 1970; the present, if not given.
    """
    now = time.time() if now is None else now
    leases, failures = tuple(store.held()), tuple(store.failures())
    held = json.dumps([lease.key for lease in leases])
    lines = tuple(
        Line(sweep, (tiers or {}).get(kind, ""), kind, *counts)
        for sweep, kind, *counts in store.select(_LINES, (held,))
    )
    ((sweeps, points, seconds),) = store.select(_SUMS)
    return StatusReport(
        store.path,
        sum(path.stat().st_size for path in _files(store.path)),
        VERSION,
        sweeps,
        points,
        lines,
        failures,
        leases,
        seconds + sum(result.seconds for result in failures),
        _rate(store, now),
        now,
    )


def _rate(store: Store, now: float) -> float:
    """Return the keys a second that ended lately, from the beginning of the first of them on."""
    ((ended, began),) = store.select(_RECENT, (now - RECENT,))
    return ended / max(now - began, 1e-3) if ended else 0.0


def _files(path: Path) -> list[Path]:
    """Return the file and its log, which is there while the store is open."""
    log = path.with_name(f"{path.name}-wal")
    return [path, log] if log.exists() else [path]


def _failure(result: Result) -> dict[str, Any]:
    """Return what the report says of a key that failed."""
    return {name: getattr(result, name) for name in ("key", "kind", "point", "reason", "attempts", "seconds")}


def _holder(host: str, pid: int, held: Sequence[Lease], now: float) -> str:
    longest = now - min(lease.since for lease in held)
    return f"Process {pid} on {host} computes {_counted(len(held), 'key')}, the oldest for {longest:,.0f} s."


def _reason(reason: str, results: Sequence[Result]) -> str:
    points = sorted({result.point for result in results})
    some = ", ".join(points[:3]) + (", …" if len(points) > 3 else "")
    return f"Failed ({_counted(len(results), 'key')} of {some}): {reason}"


def _counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'s' * (number != 1)}"


def _bytes(number: int) -> str:
    """Return a size in a unit that suits it."""
    for scale, unit in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if number >= scale:
            return f"{number / scale:.1f} {unit}"
    return f"{number} bytes"
