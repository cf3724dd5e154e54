"""The store's file: made whole or not at all, brought to the present version, refused where it is something else."""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...errors import InputError, must
from .schema import APPLICATION, STEPS, VERSION

__all__ = ["connect", "plain_errors", "transaction"]

PATIENCE = 30.0
"""Seconds to wait for another program that writes."""
_KIND = "be a store of rtloom explore"


def connect(path: Path, create: bool) -> sqlite3.Connection:
    """Open a store, made or brought to the present version if need be.

    Raises
    ------
    InputError
        Where there is no such file and `create` is not set, it is no store, is of a newer version, cannot be read or
        written, or is held by another program. Such a file is left as it is, to the byte.
    """
    if not path.exists():
        if not create:
            raise must("Store", "be an existing file", str(path))
        _make(path)
    _inspect(path)
    with plain_errors(path):
        connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode=rw", timeout=PATIENCE, isolation_level=None, uri=True
        )
        try:
            _migrate(connection, path)
            # A commit is in the file when it returns, whatever becomes of this process; only a power cut may take the
            # last ones, which are then computed again.
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
        except BaseException:
            connection.close()
            raise
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Do all of the block's changes or none, with no other writer in between."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def plain_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into one clear line each."""
    try:
        yield
    except sqlite3.IntegrityError:
        raise
    except sqlite3.OperationalError as error:
        raise must("Store", _rule(str(error)), str(path)) from None
    except sqlite3.DatabaseError as error:
        raise must("Store", f"be whole ({error})", str(path)) from None


def _rule(reason: str) -> str:
    """Return what does not hold, from SQLite's words."""
    if "locked" in reason or "busy" in reason:
        return f"be free to write within {PATIENCE:g} seconds, but another program holds it"
    if "readonly" in reason:
        return "be a file that can be written"
    return f"be a file that can be read and written ({reason})"


def _inspect(path: Path) -> None:
    """Refuse what is no store, or one of a newer version, and leave it as it is."""
    if path.is_dir():
        raise must("Store", "be a file, and a folder has its name", str(path))
    # Read by SQLite, which takes no lock here: closing a handle of our own would end the locks of this whole process.
    uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    try:
        with contextlib.closing(sqlite3.connect(uri, isolation_level=None, uri=True)) as connection:
            version = _version(connection)
            ((application,),) = connection.execute("PRAGMA application_id")
    except sqlite3.OperationalError as error:
        raise must("Store", f"be a file that can be read ({error})", str(path)) from None
    except sqlite3.DatabaseError:
        raise must("Store", _KIND, str(path)) from None
    if application != APPLICATION:
        raise must("Store", _KIND, str(path))
    _not_newer(version, path)
    if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        raise must("Store", "be a file that can be written, in a folder that can be written", str(path))


def _not_newer(version: int, path: Path) -> None:
    if version > VERSION:
        raise InputError(
            f"Store must be of version {VERSION} or older, but {path} is of version {version}: it needs a newer rtloom"
        )
    if version < 1:
        raise must("Store", _KIND, str(path))


def _make(path: Path) -> None:
    """Make an empty store under another name, then give it its own: no half of one is ever seen."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    try:
        if not path.parent.is_dir():
            raise must("Store", "be in an existing folder", str(path))
        with plain_errors(path), contextlib.closing(sqlite3.connect(temporary, isolation_level=None)) as connection:
            # It has no name yet, so it reaches the disk once, as a whole.
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            _steps(connection, 0)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        # Another process that was quicker has made the same.
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    except OSError as error:
        raise must("Store", f"be a file that can be written ({_reason(error)})", str(path)) from None
    finally:
        temporary.unlink(missing_ok=True)


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring a store to the present version, all at once."""
    # The newest version may still be in the log beside the file, where its head does not tell.
    version = _version(connection)
    _not_newer(version, path)
    if version < VERSION:
        _steps(connection, version)


def _steps(connection: sqlite3.Connection, version: int) -> None:
    with transaction(connection):
        # Another process may have migrated meanwhile.
        for step in STEPS[max(version, _version(connection)) :]:
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
