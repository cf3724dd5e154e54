"""Exact cycles of a job, from the keys of its tasks alone; no hardware import."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...hdl.requantize_shape import RequantizeShape
from .latency import NORMALIZE_LATENCY, TAP_LATENCY, score_latency, skew, slots_between, weight_latency
from .params import AttentionParams

__all__ = ["cycles", "describe", "latency", "requantizer", "slots"]

INPUT_LATENCY = 1
"""Cycles from offering a beat to its slot: the streams' registers."""

OUTPUT_LATENCY = 1
"""Cycles from a finished result to the output stream: its skid buffer."""


def requantizer(params: AttentionParams) -> RequantizeShape:
    """Return what happens to a mean where results are requantised."""
    return RequantizeShape(params.mean_format.bits, params.requantized_format, params.multiplier_bits)


def latency(params: AttentionParams) -> int:
    """Cycles from offering the first beat of a task's last key to taking the first result of row 0, both included."""
    inside = TAP_LATENCY + score_latency(params) + weight_latency(params) + NORMALIZE_LATENCY
    return INPUT_LATENCY + inside + (requantizer(params).latency if params.requantize else 0) + OUTPUT_LATENCY + 1


def slots(params: AttentionParams, keys: ArrayLike) -> int:
    """Return the slots from a job's first key to its last one, both included.

    Parameters
    ----------
    params
        The engine's parameters.
    keys
        Keys of each task, masked ones in its tiles included; with three passes those of all stages.
    """
    apart, counts = slots_between(params), np.asarray(keys, dtype=np.int64)
    if counts.size and counts.min() >= apart:
        return int(counts.sum())  # tasks that long follow each other at once
    start, end = -apart, -apart
    for count in counts.tolist():
        start = max(end + 1, start + apart, end + apart if count == 1 else 0)
        end = max(start + count - 1, end + apart)
    return end + 1


def cycles(params: AttentionParams, keys: ArrayLike) -> int:
    """Return the exact cycles of a job without back-pressure right after reset, as `Family.cycles` counts them."""
    rows = (params.rows - 1) * skew(params) + params.value_beats - 1
    return (slots(params, keys) - 1) * params.slot + latency(params) + rows


def describe(params: AttentionParams) -> dict[str, Any]:
    """Return the timing summary for the manifest."""
    return {
        "source": "exact",
        "latency_cycles": latency(params),
        "cycles_per_key": params.slot,
        "cycles_between_rows": skew(params),
        "cycles_between_tasks": f"at least {slots_between(params) * params.slot}",
        "macs_per_cycle": params.multipliers,
    }
