"""Designed sets of parameters for each family: seeded, filling a stated space, split for fitting and for judging."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log2
from typing import TYPE_CHECKING, Any

from ...errors import InputError, must
from ...generators.spec import family
from .spaces import SPACES, Space

if TYPE_CHECKING:
    from ...generators.params import FamilyParams

__all__ = ["SEED", "SPLITS", "Point", "design_set", "space_of"]

SEED = 7
SPLITS = ("train", "held_out", "out_of_family")
CANDIDATES = 24
TRIES = 4000


@dataclass(frozen=True)
class Point:
    """One design to synthesise: parameters as they stand in YAML, and what it is for (one of `SPLITS`)."""

    family: str
    split: str
    params: Mapping[str, Any]


def space_of(name: str) -> Space:
    """Return the calibration space of a family.

    Raises
    ------
    InputError
        Where there is none.
    """
    if name not in SPACES:
        raise must("Calibration family", f"be one of {', '.join(SPACES)}", name)
    return SPACES[name]


def design_set(name: str, points: int | None = None, seed: int = SEED) -> list[Point]:
    """Return the designs of a family: of every three in the space two to fit and one held out, then those outside.

    Parameters
    ----------
    name
        Family.
    points
        Designs in the space; as many as the space says by default. A sixth as many stand outside it.
    seed
        Of the choice; the first designs of a larger set are those of a smaller one.
    """
    space = space_of(name)
    count = space.points if points is None else points
    if count < 8:
        raise must("Calibration points", "be at least 8", count)
    inside = _spread(name, space, space.choices, count, _Source(f"{name} inside {seed}"))
    outside = _spread(name, space, space.outside, -(-count // 6), _Source(f"{name} outside {seed}"))
    split = [Point(name, "held_out" if n % 3 == 2 else "train", p) for n, p in enumerate(inside)]
    return split + [Point(name, "out_of_family", p) for p in outside]


class _Source(random.Random):
    """Draws the same values whenever it is made with the same text."""


def _spread(
    name: str, space: Space, choices: Mapping[str, Sequence[Any]], count: int, source: "_Source"
) -> list[dict[str, Any]]:
    """Return distinct designs, each the one of some candidates that is farthest from those before."""
    found: list[dict[str, Any]] = []
    while len(found) < count:
        candidates = []
        for _ in range(TRIES):
            drawn = _draw(name, space, choices, source)
            if drawn is not None and drawn not in found:
                candidates.append(drawn)
            if len(candidates) == CANDIDATES:
                break
        if not candidates:
            raise InputError(f"Calibration of {name} must find {count} designs, but its space has {len(found)}")
        found.append(max(candidates, key=lambda one: min((_distance(one, other) for other in found), default=0)))
    return found


def _draw(name: str, space: Space, choices: Mapping[str, Sequence[Any]], source: "_Source") -> dict[str, Any] | None:
    """Return one design of the space, None where its parameters do not go together or it is too large."""
    params: dict[str, Any] = {key: source.choice(values) for key, values in choices.items()}
    space.settle(params)
    try:
        parsed: FamilyParams = family(name).params.parse(params)
    except InputError:
        return None
    return params if space.weight(parsed) <= space.most else None


def _distance(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """Return how much two designs differ: 1 for each other option, octaves for numbers (an eighth for large ones)."""
    total = 0.0
    for key in one.keys() | other.keys():
        a, b = one.get(key), other.get(key)
        if a == b:
            continue
        if type(a) is int and type(b) is int and a and b:
            total += min(abs(log2(a / b)) / 2, 1)
        else:
            total += 1
    return total
