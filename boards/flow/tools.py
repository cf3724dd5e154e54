"""Tools for bitstreams: native ones on PATH, else those of Python packages; each in a folder of its own."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from ...errors import ToolError

__all__ = ["program", "run_tool", "tool_version"]

# What a native build for all of these FPGAs together is called.
_ALSO = {"nextpnr-himbaechel-gowin": ("nextpnr-himbaechel",)}


def program(name: str) -> str:
    """Return the program of that name: native on PATH, else as a Python package brings it.

    Raises
    ------
    ToolError
        Where there is none.
    """
    beside = Path(sys.executable).parent
    for word in (*_ALSO.get(name, ()), name, f"yowasp-{name}"):
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
    child = subprocess.Popen(
        [program(name), *arguments],
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        log, _ = child.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        raise ToolError(f"{name} must finish within {timeout:.4g} seconds, but was still running") from None
    finally:
        _end(child)
    if child.returncode:
        raise ToolError(f"{name} must succeed, but {_reason(child.returncode, log)}")
    return log


def _end(child: "subprocess.Popen[str]") -> None:
    """End the child and what it started, if it still runs."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()


def _reason(status: int, log: str) -> str:
    """Say in a few words why a tool ended badly."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"(FATAL )?ERROR", line)]
    if errors:
        return f"reported {errors[0][:300]}"
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended with status {status}" + (f": {lines[-1][:200]}" if lines else "")


@cache
def tool_version(name: str) -> str:
    """Return the version that a tool reports, for example ``0.11.1``; empty where it reports none."""
    log = run_tool(name, ["--version"], Path.cwd(), 120.0)
    found = re.search(r"Version (?:nextpnr-)?([\w.+-]+)", log)
    return found[1] if found else ""
