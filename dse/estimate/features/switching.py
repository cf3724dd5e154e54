"""How often bits change from one cycle to the next, by format and kind of data."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....hdl.formats import Format
from ...gate_level.data import draw, weight_kind
from .counts import Counts, grouped

__all__ = [
    "by_group",
    "changing",
    "different",
    "joined",
    "nonzero",
    "ones",
    "product_changes",
    "weight_kind",
    "with_activity",
]

SAMPLES = 1 << 16

Floats = NDArray[np.float64]


@cache
def _ones(form: Format, kind: str) -> tuple[float, ...]:
    """Return how often each bit is 1."""
    codes = form.encode(draw(form, kind, (SAMPLES,), np.random.default_rng(1)))
    return tuple(float(np.mean((codes >> np.uint64(bit)) & np.uint64(1))) for bit in range(form.bits))


def ones(form: Format, kind: str) -> Floats:
    """Return how often each bit of independent values is 1, the lowest first, ``(bits,)``."""
    return np.array(_ones(form, kind))


def changing(form: Format, kind: str) -> float:
    """Return the share of a word's bits that change from one of independent values to the next."""
    p = ones(form, kind)
    return float(np.mean(2 * p * (1 - p)))


@cache
def nonzero(form: Format, kind: str) -> float:
    """Return the share of values that are not 0."""
    return float(np.mean(draw(form, kind, (SAMPLES,), np.random.default_rng(1)) != 0))


@cache
def different(form: Format, kind: str) -> float:
    """Return the share of independent values that differ from the one before."""
    values = draw(form, kind, (SAMPLES,), np.random.default_rng(1))
    return float(np.mean(values[1:] != values[:-1]))


def product_changes(moving: Format, other: Format, kinds: tuple[str, str], still: bool) -> float:
    """Return how many ANDs of a bit of each operand change a cycle.

    Parameters
    ----------
    moving, other
        The operands.
    kinds
        Of their data.
    still
        Whether the other operand stays as it is.
    """
    p, q = ones(moving, kinds[0]), ones(other, kinds[1])
    if still:
        return float((2 * p * (1 - p)).sum() * q.sum())
    both = np.outer(p, q)
    return float((2 * both * (1 - both)).sum())


def with_activity(counts: Counts, share: Any, names: tuple[str, ...] = ()) -> Counts:
    """Return counts, which cost their clock, and beside these the part of each that changes in a cycle.

    Parameters
    ----------
    counts
        By name.
    share
        Of a count that changes.
    names
        Those that change; all where none is named.
    """
    return counts | {f"changing {name}": share * counts[name] for name in names or counts}


def by_group(counts: Counts) -> dict[str, Counts]:
    """Return counts ``group/name`` by group and name."""
    groups: dict[str, Counts] = {}
    for name, count in counts.items():
        group, own = name.split("/")
        groups.setdefault(group, {})[own] = count
    return groups


def joined(groups: Mapping[str, Counts]) -> Counts:
    """Return what `by_group` parted."""
    return {name: count for group, counts in groups.items() for name, count in grouped(group, counts).items()}
