"""Where rtloom keeps what it has built: one folder, safe to delete at any time."""

import os
from pathlib import Path

__all__ = ["cache_dir"]


def cache_dir(kind: str) -> Path:
    """Return the folder for cached things of that kind, made if need be.

    It lies in ``$RTLOOM_CACHE`` if that is set, else in ``~/.cache/rtloom``.
    """
    root = os.environ.get("RTLOOM_CACHE")
    path = (Path(root) if root else Path.home() / ".cache" / "rtloom") / kind
    path.mkdir(parents=True, exist_ok=True)
    return path
