"""Which points are worth a synthesis: the best fronts of tier 0, or what a search of Optuna's finds."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...generators.spec import family
from ..pareto import first_fronts
from ..space.document import Space
from ..space.grid import MOST_POINTS, Grid
from ..tier0.costs import Costs
from ..tier0.table import Table, evaluate
from ..workloads.workload import Workload
from .constraints import allowed
from .search import search

__all__ = ["Proposal", "chosen_method", "propose"]

SEARCHED = 1 << 22
"""Points up to which all are evaluated unless told otherwise."""


@dataclass(frozen=True)
class Proposal:
    """What tier 0 proposes.

    Parameters
    ----------
    table
        Figures of all points, or of those that a search looked at.
    points
        Points of the table that are worth a synthesis, the best fronts first.
    ranked_by
        Objectives that tier 0 could estimate; the others decide from tier 2 on.
    method
        ``exhaustive``, ``nsga2`` or ``tpe``.
    considered
        How many points meet the bounds.
    """

    table: Table
    points: NDArray[np.int64]
    ranked_by: list[str]
    method: str
    considered: int


def chosen_method(space: Space, points: int) -> str:
    """Return how points are proposed: all of them where that is quick, else by NSGA-II.

    Raises
    ------
    InputError
        Where all are asked for and there are too many.
    """
    method = space.searched.method
    if method == "auto":
        return "exhaustive" if points <= SEARCHED else "nsga2"
    if method == "exhaustive" and points > MOST_POINTS:
        raise InputError(f"Space search method must be nsga2 or tpe for {points:,} points; at most {MOST_POINTS:,}")
    return method


def propose(
    space: Space,
    workload: Workload,
    costs: Costs,
    accuracy: Callable[[Any], float] | None = None,
    told: Callable[[int, int], None] | None = None,
) -> Proposal:
    """Return the points that tier 0 proposes.

    Parameters
    ----------
    space, workload
        What is explored.
    costs, accuracy
        Estimates.
    told
        Is told how many trials of a search are done, and of how many.

    Raises
    ------
    InputError
        Where no point is valid or meets the bounds.
    """
    found, values = family(space.family), space.values
    count = int(np.prod([len(each) for each in values.values()], dtype=np.float64))
    method = chosen_method(space, count)
    if method == "exhaustive":
        table = evaluate(Grid(found, space.base, values), space, workload, costs, accuracy)
    else:
        table = search(space, workload, costs, accuracy, method, told or (lambda _done, _all: None))
    errors = {"area": costs.area_error, "energy": costs.energy_error, "edp": costs.energy_error}
    inside = allowed(space, table, errors, {"area": costs.area_unit})
    ranked = [name for name in space.objectives if name in table.figures]
    if not ranked:
        raise InputError(
            f"Space objectives must hold one that can be estimated, not only {', '.join(space.objectives)}"
        )
    objectives = table.costs(ranked)
    objectives[~inside] = np.inf
    fronts = first_fronts(objectives, space.synthesise)
    return Proposal(table, _some(objectives, fronts, space.synthesise), ranked, method, int(inside.sum()))


def _some(costs: NDArray[np.float64], points: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Return at most so many points: whole fronts first, and of the last one points all along its first objective."""
    if len(points) <= most:
        return points
    first = first_fronts(costs, 1)
    whole = points[: len(first)] if len(first) <= most else points[:0]
    rest = points[len(whole) :] if len(whole) else first
    room = most - len(whole)
    along = rest[np.argsort(costs[rest, 0], kind="stable")]
    picked = along[np.unique(np.linspace(0, len(along) - 1, room).round().astype(np.int64))] if room else rest[:0]
    return np.concatenate([whole, picked])
