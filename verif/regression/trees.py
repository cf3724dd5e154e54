"""A process with all that it started, ended together, in whatever sessions they are."""

import contextlib
import os
import signal
import subprocess
from pathlib import Path

__all__ = ["end_descendants", "end_tree"]

_PROC = Path("/proc")


def end_tree(process: int) -> None:
    """End a process and everything below it, at once."""
    _stop(process)
    end_descendants(process)
    _signal(process, signal.SIGKILL)


def end_descendants(process: int) -> None:
    """End everything below a process."""
    for child in _children(process):
        end_tree(child)


def _stop(process: int) -> None:
    """Halt a process, so that it starts nothing while its children are listed."""
    _signal(process, signal.SIGSTOP)


def _signal(process: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(process, number)


def _children(process: int) -> list[int]:
    """Return the processes that a process has started and that are still there."""
    return [child for child, parent in _parents().items() if parent == process]


def _parents() -> dict[int, int]:
    """Return the parent of every process."""
    if not (_PROC / "self" / "stat").exists():
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
        return {int(line.split()[0]): int(line.split()[1]) for line in listed.stdout.splitlines()}
    found = {}
    for folder in _PROC.iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                # The name in brackets may hold anything, so the fields are those behind the last bracket.
                found[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    return found
