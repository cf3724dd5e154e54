"""Exact cycles of a job, from its tiles alone; no hardware import."""

from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..batch import whole
from .geometry import INPUT_LATENCY, OUTPUT_LATENCY, array_latency, epilogue_latency
from .params import SystolicParams

__all__ = ["cycles", "describe", "latency", "occupancy"]


def latency(params: SystolicParams) -> int:
    """Cycles from offering the last operands of a tile to taking its first row of C, both included.

    For weight_ and input_stationary: from offering a vector in the reduction's last pass to taking its result.
    """
    return INPUT_LATENCY + array_latency(params) + epilogue_latency(params) + OUTPUT_LATENCY


def occupancy(params: SystolicParams, steps: NDArray[np.int64]) -> NDArray[np.int64]:
    """Cycles that a tile (or pass) of so many steps keeps the array to itself, followed by another one.

    A tile cannot end before the tile before has drained, a pass cannot start before its block is loaded; both take
    `rows` cycles.
    """
    return np.maximum(steps, params.rows)


def cycles(params: SystolicParams, steps: ArrayLike, counts: ArrayLike = 1) -> int:
    """Return the exact cycles of a job without back-pressure right after reset, as `Family.cycles` counts them.

    Parameters
    ----------
    params
        The array's parameters.
    steps
        Beats of each tile (output_stationary: steps along K) or pass (else: vectors), in order; none is zero.
    counts
        How many of each there are, one after the other: 1, or one number for each of `steps`. For a batch of designs
        (`generators.batch`) both have an axis of designs behind.
    """
    lengths = np.asarray(steps, dtype=np.int64)
    occupied = occupancy(params, lengths)
    every = (occupied * np.asarray(counts, dtype=np.int64)).sum(axis=0)
    if params.stationary:
        return cast("int", whole(params.rows + every - occupied[-1] + lengths[-1] - 1 + latency(params)))
    between = every - occupied[0]
    # Right after reset the sums are cleared along the diagonals, which the first tile must not overtake.
    first = np.maximum(lengths[0], params.rows - 1)
    return cast("int", whole(first - 1 + between + latency(params) + params.rows - 1))


def describe(params: SystolicParams) -> dict[str, Any]:
    """Return the timing summary for the manifest."""
    unit = "vectors of a pass" if params.stationary else "steps along K of a tile"
    exception = "the last without the max" if params.stationary else f"the first max({unit}, {params.rows - 1})"
    fill = params.rows + latency(params) - 1 if params.stationary else params.rows + latency(params) - 2
    return {
        "source": "exact",
        "latency_cycles": latency(params),
        "cycles_per_tile": f"max({unit}, {params.rows})",
        "cycles": f"sum over tiles of cycles_per_tile ({exception}) + {fill}",
        "macs_per_cycle": params.rows * params.cols * params.reduce,
    }
