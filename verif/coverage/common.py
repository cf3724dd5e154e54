"""Cover points that families share: operations, operands, tiles, streams, resets, requantisation and a few crosses."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...hdl.formats import Format
from ...hdl.ports import StreamPort
from .observation import Observation, Point, Points

__all__ = ["LONG", "axis", "crosses", "operand", "operations", "resets", "scalars", "streams"]

IntArray = NDArray[np.int64]
Of = Callable[[Any], IntArray]
"""From a family's facts to an array."""
LONG = 8
"""Cycles that a stream is held back for without a break, at least, to count as long."""


def operations(names: Sequence[str]) -> Points:
    """Return a point for each operation."""
    return tuple(_operation(name) for name in names)


def _operation(name: str) -> Point:
    return Point("operations", name, f"operation {name}", lambda o: o.operation == name)


def operand(name: str, form: Format, of: Of, rows: Of | None = None) -> Points:
    """Return the extremes of an operand.

    Parameters
    ----------
    name
        What it is called.
    form
        Its format.
    of
        Gives its values, of any shape.
    rows
        Gives ``(rows, elements)`` of it, elements being those that are summed; None where that means nothing.
    """
    made = [
        Point("operands", f"{name} lowest", f"{name} holds {form.lo}", lambda o: _any(of(o.facts) == form.lo)),
        Point("operands", f"{name} highest", f"{name} holds {form.hi}", lambda o: _any(of(o.facts) == form.hi)),
    ]
    if form.has_zero and form.lo < 0:
        made.append(Point("operands", f"{name} zero", f"{name} holds 0", lambda o: _any(of(o.facts) == 0)))
    if rows is not None:
        made += [_row(name, rows, "lowest", form.lo), _row(name, rows, "highest", form.hi)]
    return tuple(made)


def _row(name: str, rows: Of, word: str, value: int) -> Point:
    meaning = f"a row of {name} is {value} throughout"
    return Point("operands", f"{name} row all {word}", meaning, lambda o: _constant(rows(o.facts), value))


def scalars(group: str, name: str, of: Of, wanted: Mapping[str, Callable[[IntArray], Any]]) -> Points:
    """Return a point for each condition on an argument, by its words."""
    return tuple(_scalar(group, name, of, words, test) for words, test in wanted.items())


def _scalar(group: str, name: str, of: Of, words: str, test: Callable[[IntArray], Any]) -> Point:
    return Point(group, f"{name} {words}", f"{name} is {words}", lambda o: _any(test(of(o.facts))))


def axis(name: str, tile: int, of: Callable[[Any], int], most: int | None = None) -> Points:
    """Return how an axis lies in its tiles: smaller than one, whole ones, several, a rest at the end.

    Parameters
    ----------
    name
        What it is called.
    tile
        Elements of a tile.
    of
        Gives its length.
    most
        Its longest, where the design has one.
    """
    several = most is None or most > tile
    made = []
    if tile > 1:
        words = f"{name} is shorter than a tile, {tile}"
        made.append(Point("tiles", f"{name} short", words, lambda o: of(o.facts) < tile))
    if most is None or most >= tile:
        words = f"{name} is whole tiles of {tile}"
        made.append(Point("tiles", f"{name} whole", words, lambda o: of(o.facts) % tile == 0))
    if several:
        made.append(Point("tiles", f"{name} several", f"{name} takes several tiles", lambda o: of(o.facts) > tile))
    if several and tile > 1:
        words = f"{name} is some tiles of {tile} and a rest"
        made.append(Point("tiles", f"{name} ragged", words, lambda o: of(o.facts) > tile and of(o.facts) % tile > 0))
    return tuple(made)


def streams(ports: Sequence[StreamPort], flowing: Sequence[str]) -> Points:
    """Return what can happen to streams.

    Parameters
    ----------
    ports
        The design's streams.
    flowing
        Those that can move a beat in every cycle.
    """
    made: list[Point] = []
    for port in ports:
        made += _of_output(port.name) if port.direction == "out" else _of_input(port.name)
        if port.name in flowing:
            words = f"two beats of {port.name} in consecutive cycles"
            made.append(_stream(port.name, "back to back", words, lambda a: a.back_to_back > 0))
    made += [
        Point("streams", "both held back", "results wait while operands pause", lambda o: o.traffic.strained > 0),
        Point("streams", "free flow", "nothing is held back and the formula's cycles hold", lambda o: o.exact),
    ]
    return tuple(made)


def _stream(name: str, what: str, meaning: str, holds: Callable[[Any], bool]) -> Point:
    return Point("streams", f"{name} {what}", meaning, lambda o: holds(o.stream(name)))


def _of_output(name: str) -> Points:
    return (
        _stream(name, "waits", f"a beat of {name} is not taken at once", lambda a: a.stalls > 0),
        _stream(name, "waits long", f"a beat of {name} waits {LONG} cycles", lambda a: a.longest_stall >= LONG),
    )


def _of_input(name: str) -> Points:
    return (
        _stream(name, "pauses", f"{name} is idle before its last beat", lambda a: a.idle > 0),
        _stream(name, "pauses long", f"{name} is idle for {LONG} cycles", lambda a: a.longest_idle >= LONG),
        _stream(name, "is held", f"the design does not take a beat of {name} at once", lambda a: a.stalls > 0),
    )


def resets() -> Points:
    """Return when a reset came in mid-flight."""
    return (
        Point("resets", "early", "up to a third of the beats had moved", lambda o: 0 < o.interrupted <= 1 / 3),
        Point("resets", "middle", "up to two thirds of the beats had moved", lambda o: 1 / 3 < o.interrupted <= 2 / 3),
        Point("resets", "late", "most beats had moved, results were missing", lambda o: 2 / 3 < o.interrupted < 1),
        Point("resets", "with a result waiting", "a result was offered and not yet taken", _waiting),
    )


def _waiting(observation: Observation) -> bool:
    reset = observation.traffic.reset
    return reset is not None and bool(reset.waiting)


def crosses(points: Sequence[Point]) -> Points:
    """Return each point while results wait: what it says must survive back-pressure."""
    return tuple(_cross(point) for point in points)


def _cross(point: Point) -> Point:
    name, meaning = f"{point.name}, results wait", f"{point.meaning}, and results wait"
    return Point("crosses", name, meaning, lambda o: o.waited and point.holds(o))


def _any(condition: Any) -> bool:
    return bool(np.any(condition))


def _constant(rows: IntArray, value: int) -> bool:
    """Return whether a row of at least two elements has one value throughout."""
    return rows.ndim == 2 and rows.shape[1] > 1 and bool((rows == value).all(axis=1).any())
