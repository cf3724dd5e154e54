"""Exact cycles of a job, from its vectors alone, and the latencies of the hardware's parts; no hardware import."""

from typing import Any

from ...hdl.requantize_shape import requantize_latency
from .params import ACTIVATIONS, NORMS, VectorParams

__all__ = [
    "back_latency",
    "cycles",
    "describe",
    "front_latency",
    "held_beats",
    "held_vectors",
    "latency",
    "three_passes",
    "tree_latency",
]

INPUT_LATENCY = 1
"""Cycles from offering a beat to its issue: the streams' registers."""

OUTPUT_LATENCY = 1
"""Cycles from a result to the output stream: its skid buffer."""

TABLE_LATENCY = 2
LEADING_ONE = 2
QUEUE_LATENCY = 2
SCALE = requantize_latency("none", bias=False)
"""Cycles of a multiplication with rounding shift and clip."""


def tree_latency(lanes: int) -> int:
    """Cycles in which so many values become one: a register after every second level of a binary tree."""
    return -(-(lanes - 1).bit_length() // 2)


def front_latency(params: VectorParams) -> int:
    """Cycles from the issue of a vector's last beat to when what was found of the vector can be used.

    Softmax: scaled, rounded up, maximum, distance, power of two (table and shift), their sum, new maximum,
    aligned, summed up, normalised, reciprocal. Norms: squared, summed, summed up, multiplied, subtracted, normalised,
    reciprocal root.
    """
    tree = tree_latency(params.lanes)
    if params.unit == "softmax":
        return SCALE + 1 + tree + 1 + TABLE_LATENCY + 1 + tree + 3 + LEADING_ONE + TABLE_LATENCY + QUEUE_LATENCY
    return 1 + tree + 1 + 2 + LEADING_ONE + TABLE_LATENCY + QUEUE_LATENCY


def back_latency(params: VectorParams) -> int:
    """Cycles from the issue of a beat, or the reading of a held one, to its results."""
    if params.unit in ACTIVATIONS:
        # Argument, its magnitude, correction, products, difference, result.
        return SCALE + 1 + TABLE_LATENCY + 1 + 1 + SCALE
    if params.unit in NORMS:
        # Read, times N, less the sum, by the reciprocal root, by gamma, plus beta, result.
        return 1 + 2 + SCALE + params.has_gamma + params.has_beta + SCALE
    # Softmax: read, shift, result. Rope: products, sums, result.
    return 2 + SCALE


def held_vectors(params: VectorParams) -> int:
    """Vectors that may be on their way at once: as many as vectors of one beat need not to wait."""
    return front_latency(params) + back_latency(params) + 2


def held_beats(params: VectorParams) -> int:
    """Beats that are held at once: the longest vector, and what arrives while its own beats are still summed up."""
    return params.max_beats + front_latency(params) + 2


def latency(params: VectorParams) -> int:
    """Cycles from offering a vector's last beat to taking its first beat of results, both included."""
    front = front_latency(params) if params.holds else 0
    return INPUT_LATENCY + front + back_latency(params) + OUTPUT_LATENCY + 1


def cycles(params: VectorParams, vectors: int, beats: int) -> int:
    """Return the exact cycles of a job without back-pressure right after reset, as `Family.cycles` counts them.

    Parameters
    ----------
    params
        The unit's parameters.
    vectors, beats
        Number of vectors, and beats of each.
    """
    # A beat a cycle; where vectors are held, the last one has to come out after it has come in.
    return vectors * beats + latency(params) - 1 + (beats - 1 if params.holds else 0)


def three_passes(params: VectorParams, vectors: int, beats: int) -> int:
    """Return the beats that a softmax of three passes reads: maximum, sum and quotient, one after the other."""
    return 3 * vectors * beats + latency(params) - 1


def describe(params: VectorParams) -> dict[str, Any]:
    """Return the timing summary for the manifest."""
    constant = latency(params) - 1
    total = f"vectors * beats + beats + {constant - 1}" if params.holds else f"beats + {constant}"
    return {
        "source": "exact",
        "latency_cycles": latency(params),
        "beats_per_cycle": 1,
        "cycles": f"{total}, beats of a vector being ceil(length / {params.lanes})"
        if params.holds
        else f"{total}, beats of all vectors together",
        "elements_per_cycle": params.lanes,
    }
