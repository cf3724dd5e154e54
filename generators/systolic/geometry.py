"""Where things stand in time: hops, drain and latencies, used by the hardware and by `timing`; no hardware import."""

from ...hdl.requantize_shape import requantize_latency
from .params import SystolicParams

__all__ = [
    "INPUT_LATENCY",
    "MERGED_ROWS",
    "OUTPUT_LATENCY",
    "array_latency",
    "col_segments",
    "drain_latency",
    "epilogue_latency",
    "hold_latency",
    "merge_levels",
    "row_segments",
    "segment",
]

MERGED_ROWS = 32
"""Rows whose results are merged without a register in between (output_stationary)."""

INPUT_LATENCY = 2
"""Cycles from offering a beat to its first multiplication: the stream's register, then the array's."""

OUTPUT_LATENCY = 1
"""Cycles from a finished row of results to the output stream: its skid buffer."""


def segment(index: int, params: SystolicParams) -> int:
    """Return how many registers an operand passes on its way to that row or column."""
    return index // params.broadcast


def row_segments(params: SystolicParams) -> int:
    """Return the number of broadcast segments down the rows."""
    return segment(params.rows - 1, params) + 1


def col_segments(params: SystolicParams) -> int:
    """Return the number of broadcast segments along the columns."""
    return segment(params.cols - 1, params) + 1


def drain_latency(params: SystolicParams) -> int:
    """Cycles from a PE's finished sum to the merged row (output_stationary): one register a merge level."""
    return 1 + (params.rows > MERGED_ROWS)


def merge_levels(params: SystolicParams) -> list[int]:
    """Return how many sums each level of merging takes together: all rows at once, or some and then the rest."""
    if params.rows <= MERGED_ROWS:
        return [params.rows]
    return [MERGED_ROWS, -(-params.rows // MERGED_ROWS)]


def hold_latency(params: SystolicParams) -> int:
    """Cycles that a finished sum is held before row 0 is read: PEs of one broadcast segment finish together."""
    return 0 + (params.broadcast > 1)


def epilogue_latency(params: SystolicParams) -> int:
    """Cycles that bias and requantisation take."""
    if params.requantize:
        return requantize_latency(params.activation, params.bias)
    return 1 if params.bias else 0


def array_latency(params: SystolicParams) -> int:
    """Cycles from the issue of a beat to the aligned row of sums that it completes.

    For output_stationary the row is row 0 of the tile and the beat is the last one of the reduction.
    """
    skew = col_segments(params) - 1
    if params.stationary:
        return 1 + (params.rows - 1) + params.pipeline + 1 + skew
    return 1 + params.pipeline + 1 + hold_latency(params) + drain_latency(params) + skew
