"""A point computed once more from what the store says it is, every figure compared."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import InputError, must
from ...generators.spec import unknown_name
from ..engine.work import function_of
from ..store.rows import Result
from ..store.store import Store
from .keys import code_digest

__all__ = ["Reproduction", "find_point", "reproduce"]

TIMES = ("seconds",)
"""Keys that differ from run to run."""


@dataclass(frozen=True)
class Reproduction:
    """What came out.

    Parameters
    ----------
    point
        Its id.
    compared
        How many values were compared.
    different
        For each value that differs its place, what the store has and what came out.
    tasks
        How many tasks were run again.
    same_code
        Whether the code is that which the store's results come from.
    """

    point: str
    compared: int
    different: tuple[tuple[str, Any, Any], ...]
    tasks: int
    same_code: bool

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        rows = [{"figure": place, "stored": old, "now": new} for place, old, new in self.different]
        return {
            "report": "reproduce",
            "point": self.point,
            "tasks": self.tasks,
            "compared": self.compared,
            "different": rows,
            "same_code": self.same_code,
        }

    def __str__(self) -> str:
        """Return the result in one line."""
        code = "" if self.same_code else "; the store's results come from other code"
        if not self.different:
            return f"{self.point}: {self.tasks} tasks again, all {self.compared:,} values equal{code}"
        place, old, new = self.different[0]
        first = f"{place}: stored {old}, now {new}"
        return f"{self.point}: {len(self.different)} of {self.compared:,} values differ, the first is {first}{code}"


def find_point(store: Store, wanted: str) -> str:
    """Return the id of the point that begins like this.

    Raises
    ------
    InputError
        Where there is none, or more than one.
    """
    name = wanted.partition("/")[0]
    ids = sorted({point.id for point in store.points()})
    found = [each for each in ids if each.startswith(name)] if name else []
    if not found:
        raise unknown_name("Point", f"be the id of one of {len(ids)} points in {store.path.name}", wanted, ids)
    if len(found) > 1:
        raise must("Point", f"be one, but {len(found)} begin like this ({', '.join(found[:4])})", wanted)
    return found[0]


def reproduce(store: Store, wanted: str, told: Callable[[str], None] = lambda _text: None) -> Reproduction:
    """Run every task of a point again, in this process, and compare all that it returns with what the store has.

    Parameters
    ----------
    store
        It is not changed.
    wanted
        Id of the point, or its beginning.
    told
        Is told what is being done.

    Raises
    ------
    InputError
        Where there is no such point, or nothing was computed for it.
    """
    point = find_point(store, wanted)
    results = [result for result in store.results_of(point).values() if not result.failed]
    if not results:
        raise InputError(f"Point {point} must have a result to be reproduced; nothing was computed for it")
    compared, different = 0, list[tuple[str, Any, Any]]()
    for result in results:
        name = result.kind.rpartition(":")[2]
        told(f"{name} of {point}")
        before, now = _values(result.result or {}), _values(_again(result))
        for place in sorted(before.keys() | now.keys()):
            compared += 1
            if before.get(place) != now.get(place):
                different.append((f"{name} {place}", before.get(place), now.get(place)))
    return Reproduction(point, compared, tuple(different), len(results), _same_code(store, point))


def _again(result: Result) -> Mapping[str, Any]:
    """Run a task's function."""
    found: Mapping[str, Any] = function_of(result.kind)(dict(result.payload))
    return found


def _values(document: Any, place: str = "") -> dict[str, Any]:
    """Return all values of a document by their places, times left out."""
    if isinstance(document, Mapping):
        found: dict[str, Any] = {}
        for key, value in document.items():
            if key not in TIMES:
                found |= _values(value, f"{place}.{key}" if place else str(key))
        return found
    if isinstance(document, list | tuple):
        found = {}
        for at, value in enumerate(document):
            found |= _values(value, f"{place}[{at}]")
        return found
    return {place: document}


def _same_code(store: Store, point: str) -> bool:
    """Return whether the point's sweep was explored with this very code."""
    documents = {sweep.id: sweep.document for sweep in store.sweeps()}
    sweeps = [each.sweep for each in store.points() if each.id == point]
    return any(documents.get(sweep, {}).get("code") == code_digest() for sweep in sweeps)
