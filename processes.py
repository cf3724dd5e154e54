"""Run an external tool with a time limit; nothing that it started outlives it."""

import contextlib
import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import ToolError

__all__ = ["Finished", "died", "run_tool", "watch_tool"]

# What asks this process to end.
_ENDING = (signal.SIGINT, signal.SIGTERM)

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
    stopped
        Whether it was ended because of what it said.
    """

    status: int
    output: str
    complaints: str = ""
    stopped: bool = False


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
    child = None
    try:
        with _signals_held():
            child = _start(
                name,
                command,
                stdin=subprocess.DEVNULL if told is None else subprocess.PIPE,
                stderr=subprocess.PIPE if apart else subprocess.STDOUT,
                env=None if env is None else dict(env),
                cwd=directory,
            )
        output, complaints = child.communicate(told, timeout=limit)
    except subprocess.TimeoutExpired:
        raise _late(name, limit) from None
    finally:
        if child is not None:
            _end(child)
    return Finished(child.returncode, output, complaints or "")


def watch_tool(
    name: str, command: Sequence[str | Path], watch: Callable[[str], bool], *, limit: float, directory: Path
) -> Finished:
    """Run a command as `run_tool` does, and end it where a line of its output says so.

    Parameters
    ----------
    name, command, limit, directory
        As for `run_tool`.
    watch
        Told each line as it comes; True ends the tool.

    Raises
    ------
    ToolError
        As `run_tool`.
    """
    lines, late = list[str](), threading.Event()
    child = clock = None
    try:
        with _signals_held():
            child = _start(name, command, stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT, cwd=directory)
            clock = threading.Timer(limit, _run_out, (child, late))
            clock.start()
        for line in child.stdout or ():
            lines.append(line)
            if watch(line):
                return Finished(0, "".join(lines), stopped=True)
        child.wait()
    finally:
        if clock is not None:
            clock.cancel()
        if child is not None:
            _end(child)
    if late.is_set():
        raise _late(name, limit)
    return Finished(child.returncode, "".join(lines))


@contextlib.contextmanager
def _signals_held() -> Iterator[None]:
    """Keep Ctrl-C and SIGTERM until the end: an exception while a program starts would leave it without an owner."""
    if threading.current_thread() is not threading.main_thread():
        yield  # handlers run in the main thread alone
        return
    came = list[int]()
    # Handlers and not a mask: a mask would be handed down to the program, and other threads would still take signals.
    before = {number: signal.getsignal(number) for number in _ENDING}
    held = [number for number in _ENDING if callable(before[number])]
    try:
        for number in held:
            signal.signal(number, lambda number, _: came.append(number))
        yield
    finally:
        for number in held:
            signal.signal(number, before[number])
        if came:
            signal.raise_signal(came[0])


def _start(name: str, command: Sequence[str | Path], **options: Any) -> "subprocess.Popen[str]":
    """Start a command in a session of its own."""
    try:
        return subprocess.Popen(
            [str(word) for word in command],
            stdout=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
            **options,
        )
    except OSError as error:
        raise ToolError(
            f"{name} must be a program that can be run, not {str(command[0])!r}: {error.strerror}"
        ) from None


def _end(child: "subprocess.Popen[str]") -> None:
    """End a child that still runs, wait for it, and close its pipes."""
    if child.poll() is None:
        _kill(child)
    with child:
        pass


def _run_out(child: "subprocess.Popen[str]", late: threading.Event) -> None:
    """End a child whose time is over, and say that this was why."""
    late.set()
    _kill(child)


def _kill(child: "subprocess.Popen[str]") -> None:
    """End a child and what it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def _late(name: str, limit: float) -> ToolError:
    """Return the error for a tool that ran out of time."""
    return ToolError(f"{name} must finish within {limit:.4g} seconds, but was still running")


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
