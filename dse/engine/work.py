"""A task's work, as every process does it: find the function, call it, and turn whatever comes into plain values."""

import json
import socket
import traceback
from collections.abc import Callable
from importlib import import_module
from typing import Any, Literal, cast

from ...errors import InputError, RtloomError, must

__all__ = ["Answer", "function_of", "work", "worker_name"]

Answer = tuple[Literal["done", "failed"], str]
"""The result as JSON, or the reason why there is none in one line."""
_LONGEST = 500


def function_of(kind: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return the function of a kind.

    Raises
    ------
    InputError
        Where there is none of that name.
    """
    module, _, name = kind.partition(":")
    try:
        function = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise must("Task kind", f"be an importable module:function ({error})", kind) from None
    if not callable(function):
        raise must("Task kind", "name a function", kind)
    return cast("Callable[[dict[str, Any]], dict[str, Any]]", function)


def work(kind: str, payload: str) -> Answer:
    """Call the function of a task with its payload (JSON) and return what came of it."""
    caught = _Caught()
    with caught:
        return "done", _text(function_of(kind)(json.loads(payload)))
    return "failed", caught.reason


class _Caught:
    """Takes whatever error its block raises, but for those that end the process, and keeps the reason."""

    reason = ""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> bool:
        if not isinstance(error, Exception):
            return False
        text = str(error) if isinstance(error, RtloomError) else traceback.format_exception_only(error)[-1]
        self.reason = _line(text)
        return True


def worker_name(pid: int) -> str:
    """Return what a process of this machine is called as a worker."""
    return f"process {pid} on {socket.gethostname()}"


def _text(result: object) -> str:
    """Return a result as JSON."""
    if not isinstance(result, dict):
        raise must("Result of a task", "be a dictionary", result)
    try:
        return json.dumps(result, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InputError(f"Result of a task must be JSON: {error}") from None


def _line(text: str) -> str:
    """Return a text in one line, shortened if need be."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."
