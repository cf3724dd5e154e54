"""Exact cycles of a job, from the steps of its tiles alone; no hardware import."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..exit_shape import ExitShape, exit_latency
from .params import SparseParams

__all__ = ["array_latency", "cycles", "describe", "exit_shape", "latency", "occupancy"]

INPUT_LATENCY = 1
"""Cycles from offering a step to its issue: the streams' registers."""

OUTPUT_LATENCY = 1
"""Cycles from a finished result to the output stream: its skid buffer."""


def exit_shape(params: SparseParams) -> ExitShape:
    """Return what leaves in a beat, and what happens to it before."""
    # With weights of their own, the rows' chains are columns of their own.
    return ExitShape(
        params.rows // params.weight_rows,
        params.chains * params.weight_rows,
        params.sum_bits,
        params.o_format,
        "bias" if params.bias else "none",
        params.requantize,
        params.multiplier_bits,
        params.activation,
    )


def array_latency(params: SparseParams) -> int:
    """Cycles from the issue of a step to its products in the accumulators.

    One each for the operands' registers, dequantisation (where there is one), products, groups' sums, accumulators.
    """
    return 4 + (params.scale_bits is not None)


def _fills(params: SparseParams) -> int:
    """Cycles until the first weights are there: a beat in the gearbox; with bitmaps also the decoded step."""
    return 2 if params.bitmap else int(len(params.widths) > 1)


def latency(params: SparseParams) -> int:
    """Cycles from offering a tile's last step to taking its first beat of results, both included."""
    held = 1
    leaving = exit_latency(params.requantize, params.bias, params.activation)
    return INPUT_LATENCY + _fills(params) + array_latency(params) + held + leaving + OUTPUT_LATENCY + 1


def occupancy(params: SparseParams, steps: NDArray[np.int64]) -> NDArray[np.int64]:
    """Cycles that a tile keeps the chains to itself: it cannot end before the one before it has left."""
    return np.maximum(steps, params.panel_rows)


def cycles(params: SparseParams, steps: ArrayLike) -> int:
    """Return the exact cycles of a job without back-pressure right after reset, as `Family.cycles` counts them.

    Parameters
    ----------
    params
        The chains' parameters.
    steps
        Steps with weights of each tile in order; a tile without any still takes one.
    """
    lengths = np.asarray(steps, dtype=np.int64)
    ended, done = _begin(params, lengths)
    after = latency(params) - _fills(params) + params.panel_rows - 1
    return ended + int(occupancy(params, lengths[done:]).sum()) + after


def _begin(params: SparseParams, lengths: NDArray[np.int64]) -> tuple[int, int]:
    """Return when the first tile with weights ends, in cycles from the first one with operands, and how many have.

    While empty tiles before it are issued its weights already arrive.
    """
    rows, fills = params.panel_rows, _fills(params)
    empty = int(np.argmax(lengths > 0)) if lengths.any() else len(lengths)
    if empty == len(lengths):
        return (empty - 1) * rows, empty
    begins = max((empty - 1) * rows + 1, fills) if empty else fills
    return max(begins + int(lengths[empty]) - 1, empty * rows), empty + 1


def describe(params: SparseParams) -> dict[str, Any]:
    """Return the timing summary for the manifest."""
    return {
        "source": "exact",
        "latency_cycles": latency(params),
        "cycles_per_panel": f"N / {params.least_kept} for N of {params.block} kept",
        "cycles": f"sum over tiles of max(steps, {params.panel_rows}), the first without the max, "
        f"+ {latency(params) + params.panel_rows - 2}",
        "macs_per_cycle": params.rows * params.chains * params.length,
    }
