"""Verification of the systolic family: jobs at every edge of the array, axes of its matrix, random arrays."""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ...generators.systolic.params import SystolicParams
from ...hdl.formats import Format
from ..stimulus import DATA_PATTERNS, rng_for, values
from .base import DEEP, Axes, Bench, FamilyJobs, Operation, Parameters, Tensors
from .epilogue import requantize_tensors

__all__ = ["SYSTOLIC_JOBS", "SystolicJobs"]

IntArray = NDArray[np.int64]
Shape = tuple[int, ...]
Sized = tuple[str, Shape, Shape, dict[str, Any]]

WIDEST = "widest"
DATA = (*DATA_PATTERNS, WIDEST)
"""Data patterns; ``widest`` gives the largest and the smallest sums that the formats allow."""


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


def _blocks(params: SystolicParams, _: np.random.Generator) -> Sized:
    """One vector more than the array keeps sums for; a full tile where the sums stay in the PEs."""
    m, k, n = _tile(params)
    if params.dataflow == "output_stationary":
        return "gemm", (m, k), (k, n), {}
    more = min(params.accumulator_rows, DEEP) + 1
    m, n = (more, n) if params.dataflow == "weight_stationary" else (m, more)
    return "gemm", (m, k), (k, n), {}


def _deepest(params: SystolicParams, _: np.random.Generator) -> Sized:
    """Return the longest sums that the array takes, if they are of few enough steps; two rows and columns at least."""
    m, k, n = _tile(params)
    k = params.max_reduction if params.max_reduction <= DEEP * params.step else k
    return "gemm", (max(m, 2), k), (k, max(n, 2)), {}


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
    "deepest": _deepest,
    "blocks": _blocks,
    "ragged": _ragged,
    "batched": _batched,
    "convolution": _convolution,
    "depthwise": _depthwise,
}
"""Every job by name: gives the operation, the shapes of both operands, and options."""

FORMATS = [*(f"int{n}" for n in range(2, 17)), *(f"uint{n}" for n in range(1, 17)), "ternary", "bipolar"]

AXES: dict[str, dict[str, Parameters]] = {
    "shape": {f"{r}x{c}": {"rows": r, "cols": c} for r, c in [(1, 1), (1, 4), (4, 1), (2, 3), (5, 3), (4, 4), (3, 8)]},
    "a": {name: {"a_format": name} for name in ("int8", "uint8", "int2", "uint1", "int16", "ternary", "bipolar")},
    "b": {name: {"b_format": name} for name in ("int8", "int4", "uint5", "int16", "uint1", "ternary", "bipolar")},
    "dataflow": {name: {"dataflow": name} for name in ("output_stationary", "weight_stationary", "input_stationary")},
    "reduce": {str(n): {"reduce": n} for n in (1, 2, 3, 4)},
    "broadcast": {str(n): {"broadcast": n} for n in (1, 2, 8)},
    "pipeline": {str(n): {"pipeline": n} for n in (0, 1, 2, 3)},
    "packing": {"off": {}, "on": {"packing": True}},
    "accumulator": {
        "derived": {"max_reduction": 4096},
        "short": {"max_reduction": 3},
        "wide": {"accumulator_bits": 48, "max_reduction": 4096},
        "saturate": {"overflow": "saturate", "accumulator_bits": 9},
        "wrap": {"overflow": "wrap", "accumulator_bits": 10},
    },
    "kept": {str(n): {"accumulator_rows": n} for n in (64, 4, 1)},
    "epilogue": {
        "none": {},
        "bias": {"bias": True},
        "scale": {"requantize": True, "output_format": "int4"},
        "relu": {"requantize": True, "bias": True, "activation": "relu", "output_format": "uint8"},
        "squared": {"requantize": True, "activation": "squared_relu", "multiplier_bits": 24},
        "tight": {"requantize": True, "bias": True, "output_format": "int2", "multiplier_bits": 2},
    },
}
"""Axes of the hardware; each word says which parameters it sets."""


class SystolicJobs(FamilyJobs[SystolicParams]):
    """Jobs, axes and random arrays; the epilogue of every job is drawn at random."""

    name = "systolic"
    params = SystolicParams
    jobs = tuple(JOBS)
    data = DATA
    hardware: ClassVar[Axes] = AXES
    matrix_jobs = tuple(name for name in JOBS if name not in ("tile", "deepest", "blocks"))
    matrix_data = ("random", "corners", "minimum", "maximum", "alternating", "one_hot")
    bench: ClassVar[Bench] = {
        **{data: ("edge", data) for data in ("zeros", "minimum", "maximum", "alternating")},
        "deepest": ("deepest", WIDEST),
        **{job: (job, "random") for job in ("single", "tiles", "blocks", "batched", "convolution", "depthwise")},
    }

    def tensors(self, params: SystolicParams, job: str, data: str, seed: int, /) -> Operation:
        """Return a GEMM or a convolution of the size that the job's name stands for."""
        rng = rng_for(seed, job, data)
        operation, left, right, options = JOBS[job](params, rng)
        names = ("a", "b") if operation == "gemm" else ("x", "w")
        # Rows of A are lowest and highest by turns, columns of B likewise: no sum can be larger.
        ends = zip((0, -1), (params.a_format, params.b_format), (left, right), strict=True)
        made = [
            _by_turns(form, shape, axis) if data == WIDEST else values(data, form, shape, rng)
            for axis, form, shape in ends
        ]
        tensors = {
            **dict(zip(names, made, strict=True)),
            **options,
            **_epilogue(params, right[-1], rng),
        }
        return operation, tensors

    def draw(self, rng: np.random.Generator) -> Parameters:
        """Draw an array of up to 10 x 10 PEs."""
        overflow = str(rng.choice(["exact", "exact", "saturate", "wrap"]))
        requantize = bool(rng.random() < 0.4)
        rows = int(rng.integers(1, 11))
        drawn = {
            "rows": rows,
            "cols": int(rng.integers(1, 11)),
            "dataflow": str(rng.choice(list(AXES["dataflow"]))),
            "a_format": str(rng.choice(FORMATS)),
            "b_format": str(rng.choice(FORMATS)),
            "reduce": int(rng.choice([1, 1, 2, 3, 4, 5, 8])),
            "broadcast": int(rng.choice([1, 1, 2, 3, 4, 16])),
            "pipeline": int(rng.integers(4)),
            "max_reduction": int(rng.choice([1, 2, 7, 64, 500, 4096, 65536])),
            "overflow": overflow,
            "accumulator_bits": None if overflow == "exact" else int(rng.integers(4, 33)),
            "accumulator_rows": int(rng.choice([1, 2, 3, 8, 64])),
            "bias": bool(rng.random() < 0.4),
            "requantize": requantize,
            "output_format": str(rng.choice([name for name in FORMATS if "int" in name])) if requantize else "int8",
            "multiplier_bits": int(rng.integers(2, 25)),
            "activation": str(rng.choice(["none", "relu", "squared_relu"])) if requantize else "none",
            "packing": bool(rng.random() < 0.5),
        }
        without = {
            "max_reduction": overflow != "exact",
            "accumulator_rows": drawn["dataflow"] == "output_stationary",
            "multiplier_bits": not requantize,
            "packing": drawn["dataflow"] != "output_stationary" or rows % 2 == 1,
        }
        return {name: value for name, value in drawn.items() if not without.get(name)}


SYSTOLIC_JOBS = SystolicJobs()


def _by_turns(form: Format, shape: Shape, axis: int) -> IntArray:
    """Return the format's extremes by turns along one axis, constant along the others."""
    along = [1] * len(shape)
    along[axis] = shape[axis]
    turns = np.where(np.arange(shape[axis]) % 2 == 0, form.lo, form.hi).astype(np.int64)
    return np.broadcast_to(turns.reshape(along), shape).copy()


def _epilogue(params: SystolicParams, channels: int, rng: np.random.Generator) -> Tensors:
    """Draw what the epilogue needs, with the extremes among it."""
    drawn: Tensors = {}
    if params.bias:
        drawn["bias"] = values("corners" if rng.random() < 0.3 else "random", params.bias_format, (channels,), rng)
    return drawn | (requantize_tensors(params, params.biased_bits, channels, rng) if params.requantize else {})
