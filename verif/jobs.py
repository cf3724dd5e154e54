"""Jobs for a design by name: operations and tensors sized so that every edge of the array is met."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import must
from ..generators.systolic.params import SystolicParams
from .stimulus import rng_for, values

__all__ = ["JOBS", "make_job"]

Tensors = dict[str, Any]


def make_job(params: SystolicParams, job: str, data: str, seed: int) -> tuple[str, Tensors]:
    """Return the operation and tensors of a job of the systolic family.

    Parameters
    ----------
    params
        The array, whose tile decides the sizes.
    job
        A name in `JOBS`.
    data
        A name in `stimulus.DATA_PATTERNS`, for the operands; the epilogue is drawn at random.
    seed
        Decides everything that is random.
    """
    if job not in JOBS:
        raise must("Job", f"be one of {', '.join(JOBS)}", job)
    rng = rng_for(seed, job, data)
    operation, left, right, options = JOBS[job](params, rng)
    names = ("a", "b") if operation == "gemm" else ("x", "w")
    tensors = {
        names[0]: values(data, params.a_format, left, rng),
        names[1]: values(data, params.b_format, right, rng),
        **options,
        **_epilogue(params, right[-1], rng),
    }
    return operation, tensors


Shape = tuple[int, ...]
Sized = tuple[str, Shape, Shape, dict[str, Any]]


def _tile(params: SystolicParams) -> tuple[int, int, int]:
    """Return M, K, N that fill the array once; a small number for the axis that streams."""
    few = 5
    if params.dataflow == "output_stationary":
        return params.rows, min(few * params.reduce, params.max_reduction), params.cols
    rest = min(few, params.accumulator_rows)
    shape = (
        (rest, params.step, params.cols) if params.dataflow == "weight_stationary" else (params.cols, params.step, rest)
    )
    return shape[0], min(shape[1], params.max_reduction), shape[2]


def _gemm(scale: Callable[[int, int, int, int], tuple[int, int, int]]) -> Callable[..., Sized]:
    def make(params: SystolicParams, _: np.random.Generator) -> Sized:
        m, k, n = scale(*_tile(params), params.max_reduction)
        return "gemm", (m, k), (k, n), {}

    return make


def _batched(params: SystolicParams, _: np.random.Generator) -> Sized:
    m, k, n = _tile(params)
    return "gemm", (2, m, k), (2, k, n), {}


def _ragged(params: SystolicParams, rng: np.random.Generator) -> Sized:
    """One more than some tiles, or a part of one, in each axis on its own."""
    m, k, n = (int(rng.integers(1, 2 * size + 2)) for size in _tile(params))
    k = min(k, params.max_reduction)
    return "gemm", (m, k), (k, n), {}


def _convolution(params: SystolicParams, _: np.random.Generator) -> Sized:
    channels = 2 if params.max_reduction >= 12 else 1
    padding = 1 if params.a_format.has_zero else 0
    kernel = (3, 2) if params.max_reduction >= 6 * channels else (1, 1)
    return "conv2d", (2, 5, 6, channels), (*kernel, channels, 3), {"stride": (2, 1), "padding": padding}


def _depthwise(params: SystolicParams, _: np.random.Generator) -> Sized:
    kernel = (2, 2) if params.max_reduction >= 4 else (1, 1)
    return "conv2d", (1, 4, 4, 3), (*kernel, 1, 3), {"groups": 3}


JOBS: dict[str, Callable[..., Sized]] = {
    "tile": _gemm(lambda m, k, n, _: (m, k, n)),
    "single": _gemm(lambda *_: (1, 1, 1)),
    "edge": _gemm(lambda m, k, n, most: (m + 1, min(k + 1, most), n + 1)),
    "tiles": _gemm(lambda m, k, n, most: (2 * m, min(3 * k, most), 2 * n)),
    "long": _gemm(lambda m, k, n, most: (m, min(9 * k + 1, most), n)),
    "ragged": _ragged,
    "batched": _batched,
    "convolution": _convolution,
    "depthwise": _depthwise,
}
"""Every job by name: gives the operation, the shapes of both operands, and options."""


def _epilogue(params: SystolicParams, channels: int, rng: np.random.Generator) -> Tensors:
    """Draw what the epilogue needs, with the extremes among it."""
    drawn: Tensors = {}
    if params.bias:
        drawn["bias"] = values("corners" if rng.random() < 0.3 else "random", params.bias_format, (channels,), rng)
    if params.requantize:
        drawn["multiplier"] = values("random", params.multiplier_format, (channels,), rng)
        # Around the shift that brings full-scale sums into the output's range; now and then any shift at all.
        fit = params.biased_bits + params.multiplier_bits - params.output_format.bits
        low, high = (0, 64) if rng.random() < 0.2 else (max(fit - params.sum_bits // 2, 0), min(fit + 2, 64))
        drawn["shift"] = rng.integers(min(low, 63), max(high, low + 1), size=channels, dtype=np.int64).clip(0, 63)
        drawn["zero_point"] = int(params.output_format.random(rng, (1,))[0])
        if params.activation != "none":
            drawn["activate"] = bool(rng.random() < 0.7)
    return drawn
