"""Yosys in a child process: an error, a crash or a hang there becomes one clear line here."""

import importlib.metadata
import importlib.util
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from ..errors import ToolError
from ..processes import died, run_tool

__all__ = ["abc_program", "quote", "run_yosys", "yosys_version"]

# The library ends its process on any error, so it never runs in ours.
_CHILD = """
import json, sys
from pyosys import libyosys
design = libyosys.Design()
for command in json.load(sys.stdin):
    libyosys.run_pass(command, design)
"""


def yosys_version() -> str:
    """Return the version of the installed `pyosys`.

    Raises
    ------
    ToolError
        Where it is not installed.
    """
    try:
        return importlib.metadata.version("pyosys")
    except importlib.metadata.PackageNotFoundError:
        raise ToolError("Yosys must be installed as the Python package pyosys, which was not found") from None


def abc_program() -> Path:
    """Return the program ABC that comes with Yosys.

    Raises
    ------
    ToolError
        Where it is not there.
    """
    found = importlib.util.find_spec("pyosys")
    program = Path(found.origin).parent / "yosys-abc" if found and found.origin else None
    if program is None or not program.is_file():
        raise ToolError("ABC must be installed with the Python package pyosys, which was not found")
    return program


def quote(path: str | Path) -> str:
    """Return a file name as Yosys commands take it, spaces included."""
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'


def run_yosys(
    passes: Sequence[str], *, timeout: float = 600.0, directory: Path | None = None, quiet: bool = False
) -> str:
    """Run Yosys commands one after the other on one design and return the log.

    Parameters
    ----------
    passes
        Commands, for example ``["read_verilog x.v", "synth -top x", "tee -o stat.json stat -json"]``.
    timeout
        Seconds after which Yosys and everything that it started is ended.
    directory
        Folder in which relative file names are looked up; the current one if not given.
    quiet
        Keep no log, which is quicker; errors are still reported.

    Raises
    ------
    ToolError
        Where Yosys is missing, reports an error, crashes or runs out of time.
    """
    if importlib.util.find_spec("pyosys") is None:
        yosys_version()
    commands = [f"tee -q {command}" if quiet else command for command in passes]
    child = [sys.executable, "-P", "-c", _CHILD]
    finished = run_tool("Yosys", child, limit=timeout, directory=directory, told=json.dumps(commands), apart=True)
    if finished.status:
        raise died("Yosys", finished)
    return finished.output
