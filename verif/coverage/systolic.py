"""Cover points of the systolic family."""

from functools import partial
from typing import Any

import numpy as np

from ...generators.systolic.family import SYSTOLIC
from ...generators.systolic.params import SystolicParams
from ...hdl.formats import Format, product_range
from .common import axis, crosses, operations, resets, scalars, streams
from .epilogues import requantising
from .observation import Point, Points, Stimulus
from .products import ProductFacts, both, convolutions, near_bound, sizes, sums

__all__ = ["learn", "points"]

_NAMES = (("a", "b"), ("x", "w"))


def learn(stimulus: Stimulus) -> ProductFacts:
    """Return what the points look at."""
    params, tensors, plan = stimulus.params, stimulus.tensors, stimulus.vectors.job.plan
    m, n = plan.shapes[0]
    k = int(np.prod(np.shape(tensors["w"])[:3])) if "w" in tensors else np.shape(tensors["a"])[-1]
    bare = {"bias": False, "requantize": False, "activation": "none", "output_format": "int8", "multiplier_bits": 16}
    bare = bare if params.has_epilogue else {}
    return ProductFacts(stimulus, SYSTOLIC, _NAMES, -2, (m, n, k), bare)


def points(params: SystolicParams) -> Points:
    """Return the points that an array can reach."""
    forms = params.a_format, params.b_format
    widest = product_range(*forms)
    edges = _tiles(params)
    return (
        *operations(SYSTOLIC.operations_of(params)),
        *convolutions(padding=params.a_format.has_zero, groups=True),
        Point("operations", "gemm batched", "several products", lambda o: np.ndim(o.tensors.get("a", ())) > 2),
        *both(("a", "b"), forms),
        *edges,
        *_sums(params, forms),
        *(_bias(params) if params.bias else ()),
        *(requantising(params, lambda f: f.requantised, negative=_negative(params)) if params.requantize else ()),
        *streams(SYSTOLIC.ports(params), [port.name for port in SYSTOLIC.ports(params) if port.name != "epilogue"]),
        *resets(),
        *crosses([*(point for point in edges if "ragged" in point.name), *near_bound(widest, *_deep(params))]),
    )


def _tiles(params: SystolicParams) -> Points:
    """Return how M, N and K lie in the array: one of M and N streams where an operand stays in the PEs."""
    if not params.stationary:
        return sizes((params.rows, params.cols, params.reduce), params.max_reduction)
    moving = params.dataflow == "input_stationary"
    kept = axis("N" if moving else "M", params.accumulator_rows, lambda f: f.size[moving])
    resident = axis("M" if moving else "N", params.cols, lambda f: f.size[not moving])
    # Streamed vectors are cut into blocks of even length, so that there is no rest.
    blocks = tuple(point for point in kept if point.name.endswith(("several", "short")))
    return (*blocks, *resident, *axis("K", params.step, lambda f: f.size[2], params.max_reduction))


def _deep(params: SystolicParams) -> tuple[int, int]:
    """Return the longest K and the K of a step; none that could be run where sums may overflow."""
    return (params.max_reduction if params.overflow == "exact" else 1 << 62), params.step


def _sums(params: SystolicParams, forms: tuple[Format, Format]) -> Points:
    widest = product_range(*forms)
    found = (*sums(widest, params.overflow), *near_bound(widest, *_deep(params)))
    # Without a zero on either side every product is 1 or -1: a sum of an odd number of them is never 0.
    if params.overflow == "exact":
        return found
    half = 1 << (params.sum_bits - 1)
    if params.overflow == "saturate":
        top = Point("sums", "saturates high", "a sum stops at its highest", lambda o: o.facts.sums.max() == half - 1)
        low = Point("sums", "saturates low", "a sum stops at its lowest", lambda o: o.facts.sums.min() == -half)
        return (*found, top, *([low] if widest[0] < 0 else []))
    return (*found, Point("sums", "wraps", "a sum leaves its range", partial(_wraps, half)))


def _wraps(half: int, observation: Any) -> bool:
    """Return whether any product of the job, as it is exactly, leaves the range."""
    left, right = observation.facts.left_rows, observation.facts.right_rows
    exact = left @ right.T if left.size and len(left.T) == len(right.T) else np.zeros(1)
    return bool((exact >= half).any() or (exact < -half).any())


def _negative(params: SystolicParams) -> bool:
    """Whether a sum, bias included, can be below 0."""
    return params.bias or product_range(params.a_format, params.b_format)[0] < 0


def _bias(params: SystolicParams) -> Points:
    form = params.bias_format
    tests = {"lowest": lambda b: b == form.lo, "highest": lambda b: b == form.hi}
    return scalars("epilogue", "bias", lambda f: np.asarray(f.stimulus.tensors.get("bias", 0)), tests)
