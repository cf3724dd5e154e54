"""Tools for bitstreams: native ones on PATH, else those of Python packages; each in a folder of its own."""

import re
import shutil
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from ... import processes
from ...errors import ToolError

__all__ = ["program", "run_tool", "tool_version"]

# A native build for any of several FPGAs, perhaps not for this one: where there is no other.
_ALSO = {"nextpnr-himbaechel-gowin": ("nextpnr-himbaechel",)}


def program(name: str) -> str:
    """Return the program of that name: native on PATH, else as a Python package brings it.

    Raises
    ------
    ToolError
        Where there is none.
    """
    beside = Path(sys.executable).parent
    for word in (name, f"yowasp-{name}", *_ALSO.get(name, ())):
        found: str | None = shutil.which(word) or shutil.which(word, path=str(beside))
        if found:
            return found
    raise ToolError(f"{name} must be installed, natively or by pip install rtloom[boards], and was not found")


def run_tool(name: str, arguments: Sequence[str], directory: Path, timeout: float) -> str:
    """Run a tool in a folder and return what it said.

    Parameters
    ----------
    name
        For example ``nextpnr-ice40``.
    arguments
        File names in them are relative to `directory`: tools compiled to WebAssembly see nothing else.
    directory
        The folder.
    timeout
        Seconds.

    Raises
    ------
    ToolError
        Where it is missing, reports an error, crashes or runs out of time.
    """
    finished = processes.run_tool(name, [program(name), *arguments], limit=timeout, directory=directory)
    if finished.status:
        raise processes.died(name, finished)
    return finished.output


@cache
def tool_version(name: str) -> str:
    """Return the version that a tool reports, for example ``0.11.1``; empty where it reports none."""
    log = run_tool(name, ["--version"], Path.cwd(), 120.0)
    found = re.search(r"Version (?:nextpnr-)?([\w.+-]+)", log)
    return found[1] if found else ""
