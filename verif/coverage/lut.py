"""Cover points of the LUT family."""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...generators.lut.family import LUT
from ...generators.lut.params import LutParams
from ...hdl.formats import Bipolar, Ternary
from .common import crosses, operations, resets, scalars, streams
from .epilogues import requantising
from .observation import Observation, Point, Points, Stimulus
from .products import ProductFacts, both, convolutions, near_bound, sizes, sums

__all__ = ["learn", "points"]

IntArray = NDArray[np.int64]
_NAMES = (("a", "w"), ("x", "w"))
FEW_VALUES = 16
"""Values of a weight up to which each is a point."""
FEW_ENTRIES = 64
"""Places of a table up to which each is a point."""


def learn(stimulus: Stimulus) -> ProductFacts:
    """Return what the points look at."""
    params, tiling = stimulus.params, stimulus.vectors.job.plan.tiling
    bare = {"addend": "none", "requantize": False, "activation": "none", "output_format": "int8", "multiplier_bits": 16}
    bare = bare if params.has_epilogue else {}
    return ProductFacts(stimulus, LUT, _NAMES, -1, (tiling.m, tiling.n, tiling.k), bare)


def points(params: LutParams) -> Points:
    """Return the points that a tile can reach."""
    ports = LUT.ports(params)
    edges = sizes((params.m, params.n, params.step), params.max_reduction)
    exact = params.table_scale == "exact"
    full = near_bound(_widest(params), params.max_reduction, params.step) if exact else ()
    return (
        *operations(LUT.operations_of(params)),
        *convolutions(padding=True, groups=False),
        Point("operations", "gemv", "one row, given as a vector", lambda o: np.ndim(o.tensors.get("a", ((),))) == 1),
        *both(("a", "w"), (params.a_format, params.weight_format)),
        *_weights(params),
        *(_tables(params) if params.unit == "lut" else ()),
        *edges,
        *_steps(params),
        *(_groups(params) if params.group else ()),
        *_scales(params),
        *sums(_widest(params), "exact" if exact else "rounded"),
        *full,
        *(_addend(params) if params.addend != "none" else ()),
        *(requantising(params, lambda f: f.requantised, negative=_negative(params)) if params.requantize else ()),
        *streams(ports, _flowing(params)),
        *resets(),
        *crosses([*(point for point in edges if "ragged" in point.name), *full]),
    )


def _widest(params: LutParams) -> tuple[int, int]:
    """Return the range of a product, zero point and scales included."""
    form, weight = params.a_format, params.weight_format
    low, high = (-weight.hi, weight.hi) if params.zero_points else (weight.lo, weight.hi)
    corners = [x * y for x in (form.lo, form.hi) for y in (low, high)]
    most = params.scale_format.hi ** (params.weight_scales + params.activation_scales)
    return min(corners) * most, max(corners) * most


def _negative(params: LutParams) -> bool:
    """Whether a sum, addend included, can be below 0."""
    return params.addend != "none" or _widest(params)[0] < 0


def _flowing(params: LutParams) -> list[str]:
    """Return the streams that can move a beat in every cycle; a step of `a` takes as many as it has passes."""
    names = ["w"] + (["a"] if params.passes == 1 else [])
    return names + (["o"] if params.column_segments > 1 else [])


def _weights(params: LutParams) -> Points:
    """Return every value of a weight where there are few, and both digits of every bit plane."""
    form = params.weight_format
    count = form.hi - form.lo + 1
    listed = [v for v in range(form.lo, form.hi + 1) if v or form.has_zero] if count <= FEW_VALUES else []
    planes = range(params.code.count) if params.unit != "mac" and not isinstance(form, Ternary | Bipolar) else ()
    return (
        *(Point("weights", f"weight {value}", f"a weight of {value}", partial(_has_weight, value)) for value in listed),
        *(
            Point("weights", f"plane {p} digit {digit}", f"bit {p} of a weight is {digit}", partial(_digit, p, digit))
            for p in planes
            for digit in (0, 1)
        ),
    )


def _has_weight(value: int, o: Observation) -> bool:
    return bool((o.facts.right == value).any())


def _digit(plane: int, digit: int, o: Observation) -> bool:
    return bool(((o.facts.right >> plane & 1) == digit).any())


def _tables(params: LutParams) -> Points:
    """Return every place of a table that is read, and the largest and smallest entries."""
    form, lookup = params.a_format, params.lookup
    made = [
        Point("tables", "all zero", "a table of zeros", lambda o: bool((_filled(o) == 0).any())),
        Point("tables", "highest", "a table of the highest sum", lambda o: (_filled(o) == lookup * form.hi).any()),
    ]
    if form.lo < 0:
        lowest = Point(
            "tables", "lowest", "a table of the lowest sum", lambda o: (_filled(o) == lookup * form.lo).any()
        )
        made.append(lowest)
    if not params.packed_ternary and 1 << lookup <= FEW_ENTRIES:
        made += [
            Point("tables", f"place {at}", f"a lookup at index {at}", partial(_looked_up, params, at))
            for at in range(1 << lookup)
        ]
    return tuple(made)


def _filled(o: Observation) -> IntArray:
    """Return the sums of activations that full tables stand for, positive entry; zero where not all are equal."""
    rows, lookup = o.facts.left_rows, o.stimulus.params.lookup
    whole = rows[:, : rows.shape[1] // lookup * lookup].reshape(-1, lookup) if rows.size else rows.reshape(-1, 1)
    same = (whole == whole[:, :1]).all(axis=1)
    return np.asarray(whole[same].sum(axis=1))


def _looked_up(params: LutParams, place: int, o: Observation) -> bool:
    """Return whether any plane's index is that place."""
    index = np.asarray(o.inputs["w"]["index"], dtype=np.uint64)
    mask = np.uint64((1 << params.lookup) - 1)
    planes = [index >> np.uint64(p * params.lookup) & mask for p in range(params.planes)]
    return any(bool((plane == place).any()) for plane in planes)


def _steps(params: LutParams) -> Points:
    """Return sums that are shorter than the time their segments need, where that is possible."""
    if params.least_steps == 1:
        return ()
    few = params.least_steps * params.step
    meaning = f"K is below {few}: steps of zeros fill up"
    return (Point("tiles", "K filled up", meaning, lambda o: o.facts.size[2] <= few - params.step),)


def _groups(params: LutParams) -> Points:
    """Return where groups of K end."""
    size = params.group or 1
    return (
        Point("groups", "one", "K is one group or a part of one", lambda o: o.facts.size[2] <= size),
        Point("groups", "several", "a group ends before the reduction does", lambda o: o.facts.size[2] > size),
        Point("groups", "whole", "the reduction ends with a group", lambda o: o.facts.size[2] % size == 0),
        Point("groups", "ragged", "the reduction ends within a group", lambda o: o.facts.size[2] % size > 0),
    )


def _scales(params: LutParams) -> Points:
    """Return extremes of group scales and zero points."""
    made: list[Point] = []
    extremes = {"1": lambda s: s == 1, "highest": lambda s: s == params.scale_format.hi}
    for name, there in (("weight_scale", params.weight_scales), ("activation_scale", params.activation_scales)):
        made += scalars("scales", name, partial(_given, name), extremes) if there else ()
    if params.zero_points:
        tests = {"0": lambda z: z == 0, "highest": lambda z: z == params.weight_zero_format.hi}
        made += scalars("scales", "weight_zero", partial(_given, "weight_zero"), tests)
    return tuple(made)


def _given(name: str, facts: Any) -> IntArray:
    return np.asarray(facts.stimulus.tensors.get(name, 0))


def _addend(params: LutParams) -> Points:
    name, form = ("bias" if params.addend == "bias" else "accumulator"), params.addend_format
    tests = {"lowest": lambda b: b == form.lo, "highest": lambda b: b == form.hi}
    return scalars("epilogue", name, partial(_given, name), tests)
