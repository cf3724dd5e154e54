"""Run an external tool with a time limit; nothing that it started outlives it."""

import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import ToolError

__all__ = ["Finished", "died", "run_tool"]

# How Yosys and nextpnr begin the line that says why they end.
_REPORTED = re.compile(r"(FATAL )?ERROR\b")


@dataclass(frozen=True)
class Finished:
    """How a tool ended.

    Parameters
    ----------
    status
        Its exit status; negative: the signal that ended it.
    output
        All that it said.
    complaints
        What it said on standard error, where that was kept apart.
    """

    status: int
    output: str
    complaints: str = ""


def run_tool(
    name: str,
    command: Sequence[str | Path],
    *,
    limit: float,
    env: Mapping[str, str] | None = None,
    directory: Path | None = None,
    told: str | None = None,
    apart: bool = False,
) -> Finished:
    """Run a command to its end and return its status and output, standard error included.

    Parameters
    ----------
    name
        What the user calls the tool, for messages.
    command
        Program and arguments; no shell is involved.
    limit
        Seconds after which the tool and everything that it started is ended.
    env
        Its whole environment; ours if not given.
    directory
        Where it runs.
    told
        What it reads from standard input; nothing if not given.
    apart
        Keep standard error apart from the output.

    Raises
    ------
    ToolError
        Where the program cannot be started or runs out of time.
    """
    try:
        child = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL if told is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if apart else subprocess.STDOUT,
            text=True,
            errors="replace",
            env=None if env is None else dict(env),
            cwd=directory,
            start_new_session=True,
        )
    except OSError as error:
        raise ToolError(
            f"{name} must be a program that can be run, not {str(command[0])!r}: {error.strerror}"
        ) from None
    try:
        output, complaints = child.communicate(told, timeout=limit)
    except subprocess.TimeoutExpired:
        raise ToolError(f"{name} must finish within {limit:.4g} seconds, but was still running") from None
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
    return Finished(child.returncode, output, complaints or "")


def died(name: str, finished: Finished) -> ToolError:
    """Return the error for a tool that ended badly: what it reported, the signal, or its status and last words."""
    said = finished.complaints + "\n" + finished.output
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    reported = [line for line in lines if _REPORTED.match(line)]
    if reported:
        return ToolError(f"{name} must succeed, but reported {reported[0][:300]}")
    if finished.status < 0:
        return ToolError(f"{name} must succeed, but was ended by {signal.Signals(-finished.status).name}")
    errors = [line for line in lines if "error" in line.lower()]
    last = (errors[:1] or lines[-1:] or ["it said nothing"])[0]
    return ToolError(f"{name} must succeed, but ended with status {finished.status}: {last[:300]}")
