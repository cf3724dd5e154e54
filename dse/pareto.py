"""Which points no other one beats: fronts of a few objectives over up to millions of points."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["first_fronts", "front"]

_BLOCK = 512


def front(costs: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the points that no other one beats, in the order of their first objective.

    A point beats another one if it is nowhere worse and somewhere better; equal points are all kept.

    Parameters
    ----------
    costs
        ``(points, objectives)``, less being better; points with an infinite cost are on no front.

    Returns
    -------
    NDArray
        Indices of points.
    """
    finite = np.flatnonzero(np.isfinite(costs).all(axis=1))
    if not len(finite):
        return finite
    # Sorted like this, a point can only be beaten by an earlier one, or by an equal in the first objectives.
    order = finite[np.lexsort(costs[finite].T[::-1])]
    kept = np.empty((0, costs.shape[1]))
    chosen: list[NDArray[np.int64]] = []
    for start in range(0, len(order), _BLOCK):
        block = order[start : start + _BLOCK]
        block = block[~_beaten(costs[block], kept)]
        block = block[~_beaten(costs[block], costs[block])]
        chosen.append(block)
        kept = np.concatenate([kept, costs[block]])
    return np.concatenate(chosen)


def _beaten(points: NDArray[np.float64], by: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which points are beaten by one of the others."""
    beaten = np.zeros(len(points), dtype=np.bool_)
    for start in range(0, len(by), _BLOCK):
        some = by[start : start + _BLOCK]
        worse = (some[None] <= points[:, None]).all(axis=2) & (some[None] < points[:, None]).any(axis=2)
        beaten |= worse.any(axis=1)
    return beaten


def first_fronts(costs: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Return at least `count` points front by front (the second one is the front of what the first leaves), or all."""
    left = costs.copy()
    found: list[NDArray[np.int64]] = []
    while sum(map(len, found)) < count:
        some = front(left)
        if not len(some):
            break
        found.append(some)
        left[some] = np.inf
    return np.concatenate(found) if found else np.empty(0, dtype=np.int64)
