"""A store of built things by content: each is built once, by one process, and appears whole or not at all."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ..cache import cache_dir

__all__ = ["LIMIT_BYTES", "clean", "digest", "once", "prune"]

LIMIT_BYTES = 2 << 30
"""Models beyond this size together are thrown away, those not used for the longest time first."""
PRUNED = ("model", "shell")
"""Kinds that are thrown away; what they are made of is few and stays."""
ABANDONED = 86400.0
"""Seconds after which a half-built model belongs to nobody any more."""


def digest(*parts: object) -> str:
    """Return a name for content: 20 hexadecimal digits of all parts."""
    seed = hashlib.sha256()
    for part in parts:
        raw = part if isinstance(part, bytes) else repr(part).encode()
        seed.update(f"{len(raw)}:".encode() + raw)
    return seed.hexdigest()[:20]


def once(kind: str, name: str, make: Callable[[Path], None]) -> Path:
    """Return the stored folder of that name, built by `make` if it is not there.

    Parameters
    ----------
    kind
        ``object``, ``header``, ``model`` or ``shell``; building one may ask for others of a kind further left.
    name
        Digest of everything that decides the content.
    make
        Fills an empty folder, which is then renamed; if it raises, nothing is left behind.
    """
    folder = cache_dir("sim") / kind
    target = folder / name
    if _touch(target):
        return target
    folder.mkdir(exist_ok=True)
    with _locked(f"{kind}-{name}"):
        if not _touch(target):
            work = Path(tempfile.mkdtemp(dir=folder, prefix=".work-"))
            try:
                make(work)
                work.chmod(0o755)
                _rename(work, target)
            finally:
                shutil.rmtree(work, ignore_errors=True)
    return target


def _rename(work: Path, target: Path) -> None:
    """Give a folder its name; one that another process has put there meanwhile is as good."""
    try:
        work.rename(target)
    except OSError:
        if not target.is_dir():
            raise


def _touch(target: Path) -> bool:
    """Mark a stored folder as just used; False if there is none."""
    try:
        os.utime(target)
    except FileNotFoundError:
        return False
    return True


@contextlib.contextmanager
def _locked(name: str) -> Iterator[None]:
    """Let one process or thread at a time build under that lock; its end, however it comes, frees the lock."""
    folder = cache_dir("sim") / "lock"
    folder.mkdir(exist_ok=True)
    path = folder / name
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def prune(limit: int = LIMIT_BYTES) -> int:
    """Delete what of `PRUNED` was longest unused until at most `limit` bytes remain; return the bytes freed."""
    aged = []
    kinds = [cache_dir("sim") / kind for kind in PRUNED]
    for left in (path for kind in kinds for path in kind.glob(".work-*")):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - left.stat().st_mtime > ABANDONED:
                shutil.rmtree(left, ignore_errors=True)
    for folder in (path for kind in kinds for path in kind.glob("[0-9a-f]*")):
        with contextlib.suppress(FileNotFoundError):
            size = sum(entry.stat().st_size for entry in folder.iterdir())
            aged.append((folder.stat().st_mtime, size, folder))
    excess = sum(size for _, size, _ in aged) - limit
    freed = 0
    for _, size, folder in sorted(aged):
        if freed >= excess:
            break
        shutil.rmtree(folder, ignore_errors=True)
        freed += size
    return freed


def clean() -> int:
    """Delete everything that was ever built and return the bytes freed; the next build starts from nothing."""
    folder = cache_dir("sim")
    freed = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    shutil.rmtree(folder, ignore_errors=True)
    return freed
