"""Run an external tool with a time limit; nothing that it started outlives it."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import ToolError

__all__ = ["Finished", "died", "run_tool"]


@dataclass(frozen=True)
class Finished:
    """How a tool ended: its exit status (negative: the signal that ended it) and all that it said."""

    status: int
    output: str


def run_tool(
    name: str,
    command: Sequence[str | Path],
    *,
    limit: float,
    env: Mapping[str, str] | None = None,
    directory: Path | None = None,
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

    Raises
    ------
    ToolError
        Where the program cannot be started or runs out of time.
    """
    try:
        child = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
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
        output, _ = child.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        raise ToolError(f"{name} must finish within {limit:g} seconds, but was still running") from None
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
    return Finished(child.returncode, output)


def died(name: str, finished: Finished) -> ToolError:
    """Return the error for a tool that ended badly: the signal, or its status and last words."""
    if finished.status < 0:
        return ToolError(f"{name} must succeed, but was ended by {signal.Signals(-finished.status).name}")
    lines = [line.strip() for line in finished.output.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    last = (errors[:1] or lines[-1:] or ["it said nothing"])[0]
    return ToolError(f"{name} must succeed, but ended with status {finished.status}: {last[:300]}")
