"""Which points no other one beats: fronts of a few objectives over up to millions of points."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["first_fronts", "front"]

_PIVOTS = 64
"""Points that all others are compared with before equal ones are looked for."""

FloatArray = NDArray[np.float64]
Indices = NDArray[np.int64]


def front(costs: FloatArray, *, equals: bool = True) -> Indices:
    """Return the points that no other one beats, ascending.

    A point beats another one if it is nowhere worse and somewhere better.

    Parameters
    ----------
    costs
        ``(points, objectives)``, less being better; points with a cost that is not finite are on no front.
    equals
        Whether of equal points all are returned, or only the first.
    """
    left = np.flatnonzero(np.isfinite(costs).all(axis=1))
    left = left[np.argsort(_order(costs[left]), kind="stable")]
    left, done = _cull(costs, left, _PIVOTS)
    if done < len(left):
        # Equal points are many where parameters vary that no objective depends on.
        firsts = left[np.sort(np.unique(costs[left], axis=0, return_index=True)[1])]
        best, _ = _cull(costs, firsts, len(firsts))
        left = left[_equal_to(costs[left], costs[best])] if equals else best
    elif not equals and len(left):
        left = left[np.sort(np.unique(costs[left], axis=0, return_index=True)[1])]
    return np.sort(left)


def _equal_to(costs: FloatArray, some: FloatArray) -> NDArray[np.bool_]:
    """Return which points are equal to one of some."""
    wanted = {row.tobytes() for row in np.ascontiguousarray(some)}
    return np.array([row.tobytes() in wanted for row in np.ascontiguousarray(costs)], dtype=np.bool_)


def _order(costs: FloatArray) -> FloatArray:
    """Return a number for each point that is smaller than those of all points it beats."""
    if not len(costs):
        return np.empty(0)
    low, high = costs.min(axis=0), costs.max(axis=0)
    total: FloatArray = ((costs - low) / np.where(high > low, high - low, 1)).sum(axis=1)
    return total


def _cull(costs: FloatArray, left: Indices, most: int) -> tuple[Indices, int]:
    """Remove what the first points in order beat; return the rest, and how many were compared with."""
    # Objective by objective: much quicker than along a short axis.
    at, held = 0, [np.ascontiguousarray(column) for column in costs[left].T]
    while at < min(most, len(left)):
        better = np.zeros(len(left), dtype=np.bool_)
        equal = np.ones(len(left), dtype=np.bool_)
        for column in held:
            better |= column < column[at]
            equal &= column == column[at]
        stays = better | equal
        if not stays.all():
            left, held = left[stays], [column[stays] for column in held]
        at += 1
    return left, at


def first_fronts(costs: FloatArray, count: int) -> Indices:
    """Return at least `count` points front by front (the second is the front of what the first leaves), or all.

    Of equal points only the first counts.
    """
    rest, found, total = costs.copy(), list[Indices](), 0
    while total < count:
        some = front(rest, equals=False)
        if not len(some):
            break
        found.append(some)
        total += len(some)
        near = np.flatnonzero(np.isin(rest[:, 0], rest[some, 0]))
        rest[near[_equal_to(rest[near], rest[some])]] = np.inf
    return np.concatenate(found) if found else np.empty(0, dtype=np.int64)
