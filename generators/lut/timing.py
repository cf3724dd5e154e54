"""Exact cycles of a job, from the number of its lookups; no hardware import."""

from typing import Any

from ..exit_shape import ExitShape, exit_latency
from .params import LutParams

__all__ = [
    "INPUT_LATENCY",
    "OUTPUT_LATENCY",
    "corrects",
    "cycles",
    "describe",
    "exit_shape",
    "latency",
    "result_latency",
]

INPUT_LATENCY = 2
"""Cycles from offering a step to its first lookup: the stream's register, then the table's."""

OUTPUT_LATENCY = 1
"""Cycles from a finished result to the output stream: its skid buffer."""


def corrects(params: LutParams) -> bool:
    """Whether sums pass a stage before they are products: lanes added, activations' sum and exponent applied."""
    return params.corrects or params.accumulate == "lane" or params.table_scale == "group"


def result_latency(params: LutParams) -> int:
    """Cycles from a lane's finished sum to the sum over K: one for each stage that the design has."""
    return corrects(params) + params.weight_scales + params.activation_scales + (params.group is not None)


def exit_shape(params: LutParams) -> ExitShape:
    """Return what leaves in a beat, and what happens to it before."""
    return ExitShape(
        params.m,
        params.segment_cols,
        params.sum_bits,
        params.o_format,
        params.addend,
        params.requantize,
        params.multiplier_bits,
        params.activation,
    )


def latency(params: LutParams) -> int:
    """Cycles from offering the last step of a reduction to taking its last result, both included, for one pass."""
    tables = params.table_scale != "exact" and params.precompute == "shared"
    lookups = 1 + params.pipeline + params.column_segments - 1
    leaving = exit_latency(params.requantize, params.addend != "none", params.activation)
    after = result_latency(params) + leaving + OUTPUT_LATENCY
    return INPUT_LATENCY + tables + lookups + after + 1


def cycles(params: LutParams, lookups: int) -> int:
    """Return the exact cycles of a job without back-pressure right after reset, as `Family.cycles` counts them.

    Parameters
    ----------
    params
        The tile's parameters.
    lookups
        Passes of all steps up to the last one that ends a reduction.
    """
    return lookups - 1 + latency(params)


def describe(params: LutParams) -> dict[str, Any]:
    """Return the timing summary for the manifest."""
    return {
        "source": "exact",
        "latency_cycles": latency(params),
        "cycles_per_step": params.passes,
        "cycles": f"{params.passes} * steps of all tiles + {latency(params) - 1}; a tile (or group) has at least "
        f"{params.least_steps} steps",
        "macs_per_cycle": params.m * params.n * params.step / params.passes,
    }
