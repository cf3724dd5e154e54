"""The tables of the store, version by version: a new store takes all steps, an old one those that it lacks."""

__all__ = ["APPLICATION", "STEPS", "VERSION"]

APPLICATION = 0x72746C6D
"""In the file's head (``rtlm``): tells a store from other SQLite files."""

_KEPT = """
CREATE TRIGGER {table}_{action} BEFORE {action} ON {table} BEGIN
    SELECT RAISE(ABORT, '{table} are only added');
END
"""

_FIRST = (
    "CREATE TABLE sweeps (id TEXT PRIMARY KEY, document TEXT NOT NULL, begun REAL NOT NULL) WITHOUT ROWID",
    """CREATE TABLE points (
        sweep TEXT NOT NULL, id TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (sweep, id)
    ) WITHOUT ROWID""",
    "CREATE INDEX points_by_id ON points (id)",
    """CREATE TABLE tasks (
        key TEXT PRIMARY KEY, kind TEXT NOT NULL, point TEXT NOT NULL, payload TEXT NOT NULL
    ) WITHOUT ROWID""",
    # A key may belong to several points: two of them may hold the same block.
    "CREATE TABLE uses (point TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (point, key)) WITHOUT ROWID",
    """CREATE TABLE results (
        key TEXT PRIMARY KEY, result TEXT NOT NULL, seconds REAL NOT NULL, attempts INTEGER NOT NULL,
        finished REAL NOT NULL
    )""",
    """CREATE TABLE failures (
        number INTEGER PRIMARY KEY, key TEXT NOT NULL, reason TEXT NOT NULL, seconds REAL NOT NULL,
        attempts INTEGER NOT NULL, finished REAL NOT NULL
    )""",
    "CREATE INDEX failures_by_key ON failures (key)",
    """CREATE TABLE leases (
        key TEXT PRIMARY KEY, owner TEXT NOT NULL, host TEXT NOT NULL, pid INTEGER NOT NULL, born TEXT NOT NULL,
        since REAL NOT NULL, beat REAL NOT NULL
    ) WITHOUT ROWID""",
    "CREATE TABLE blobs (sha TEXT PRIMARY KEY, packed BLOB NOT NULL)",
    *(
        _KEPT.format(table=table, action=action)
        for table in ("results", "failures", "blobs")
        for action in ("UPDATE", "DELETE")
    ),
)
_SECOND = (
    "ALTER TABLE results ADD COLUMN worker TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE failures ADD COLUMN worker TEXT NOT NULL DEFAULT ''",
)

STEPS: tuple[tuple[str, ...], ...] = (_FIRST, _SECOND)
"""The statements that lead from each version to the next; those of a version that was released never change."""
VERSION = len(STEPS)
"""Of the stores that this program writes."""
