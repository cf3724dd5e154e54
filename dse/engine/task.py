"""A task: one piece of work of an exploration, named by everything that determines its result."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Task"]


@dataclass(frozen=True)
class Task:
    """A call of a function that any process can import.

    Parameters
    ----------
    key
        Content address: hexadecimal SHA-256 of everything that determines the result. Tasks of one key are computed
        once, whatever points they belong to.
    kind
        ``module:function``; the function takes the payload as a dictionary and returns a dictionary that JSON can hold.
    point
        Id of the point that the task belongs to.
    payload
        What the function gets; JSON can hold it.
    """

    key: str
    kind: str
    point: str
    payload: Mapping[str, Any]
