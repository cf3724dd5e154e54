"""What determines a result, as one content address: the design, how it is judged, the tools, and this very code."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

__all__ = ["address", "code_digest", "file_digest", "point_id"]

CODE = (
    "hdl",
    "generators",
    "sim",
    "verif/golden",
    "verif/simulate.py",
    "dse/gate_level",
    "dse/technology.py",
    "dse/tensors.py",
    "dse/explore/synthesis.py",
    "dse/explore/simulation.py",
)
"""Folders and files whose code a result depends on."""

ID_DIGITS = 12


def address(parts: Mapping[str, Any]) -> str:
    """Return the hexadecimal SHA-256 of a document that JSON can hold."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def point_id(family: str, params: Mapping[str, Any]) -> str:
    """Return what a point is called: digits of its family and all its parameters."""
    return address({"family": family, "params": dict(params)})[:ID_DIGITS]


@cache
def code_digest() -> str:
    """Return the SHA-256 of the package's code that results depend on.

    Results of other code are no results of this one: a store may hold both, and nothing is compared across.
    """
    root = Path(str(resources.files(__package__.partition(".")[0])))
    digest = hashlib.sha256()
    for place in CODE:
        found = root / place
        for file in sorted(found.rglob("*")) if found.is_dir() else [found]:
            if file.suffix in (".py", ".in", ".cpp", ".h"):
                digest.update(str(file.relative_to(root)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def file_digest(path: str | Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
