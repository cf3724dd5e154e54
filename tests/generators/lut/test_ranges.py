"""Ranges along the datapath: no register ever leaves its range, and where tables are exact no range is wider."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rtloom.errors import InputError
from rtloom.generators.lut.params import LutParams
from rtloom.generators.lut.ranges import Range
from rtloom.hdl.formats import Format

from .datapath import Places, run

IntArray = NDArray[np.int64]
MOST = 300_000
"""Pairs of operands of a test."""
REDUCED = ((False, False), (False, True), (True, False), (True, True))


def choices(fmt: Format, few: bool) -> list[int]:
    """Return all values of a format, or its corners."""
    values = fmt.corners() if few else [v for v in range(fmt.lo, fmt.hi + 1) if fmt.contains(v)]
    return [int(v) for v in values]


def operands(params: LutParams, length: int) -> tuple[IntArray, IntArray]:
    """Return all pairs of rows: of all values, or where there are too many of corners, or of extremes."""
    formats = (params.a_format, params.weight_format)
    pools = [[choices(fmt, few) for fmt, few in zip(formats, fews, strict=True)] for fews in REDUCED]
    for a, w in (*pools, [[fmt.lo, fmt.hi] for fmt in formats]):
        if (len(a) * len(w)) ** length <= MOST:
            rows = [np.array(list(product(values, repeat=length))) for values in (a, w)]
            left, right = np.repeat(rows[0], len(rows[1]), axis=0), np.tile(rows[1], (len(rows[0]), 1))
            return left, right
    raise AssertionError("too many pairs")


def merged(parts: list[Places]) -> dict[str, tuple[int, int]]:
    """Return the least and the largest value at each place."""
    return {name: (min(int(p[name].min()) for p in parts), max(int(p[name].max()) for p in parts)) for name in parts[0]}


def reached(params: LutParams, length: int) -> dict[str, tuple[int, int]]:
    """Return the extremes over all pairs, zero points and scales; sums over groups are of the group's extremes."""
    a, w = operands(params, length)
    zeros = choices(params.weight_format, few=True) if params.zero_points else [0]
    found = merged([run(params, a, w, zero) for zero in zeros])
    low, high = found["corrected"]
    scale = params.scale_format.hi ** (params.weight_scales + params.activation_scales)
    found["scaled"] = (min(low * scale, low), max(high * scale, high))
    groups = params.max_reduction // params.group if params.group else 1
    found["total"] = (found["scaled"][0] * groups, found["scaled"][1] * groups)
    return found


EXACT: list[dict[str, Any]] = [
    {},
    {"a_format": "uint4"},
    {"weight_format": "int3", "k": 2},
    {"weight_format": "int4", "planes": 2},
    {"weight_format": "uint2", "table": "full"},
    {"weight_format": "uint1"},
    {"weight_format": "uint2", "zero_points": True},
    {"weight_format": "uint3", "zero_points": True, "a_format": "uint4"},
    {"weight_format": "ternary"},
    {"weight_format": "ternary", "planes": 2, "table": "full"},
    {"weight_format": "bipolar", "a_format": "int8"},
    {"weight_format": "bipolar", "table": "full", "k": 2},
    {"table": "full", "weight_format": "int3", "k": 2, "accumulate": "lane"},
    {"weight_format": "int4", "k": 2, "accumulate": "lane", "planes": 4},
    {"lookup": 3, "a_format": "int5"},
    {"lookup": 4, "weight_format": "bipolar", "precompute": "private"},
    {"unit": "add", "weight_format": "int3", "planes": 3},
    {"unit": "add", "weight_format": "bipolar", "k": 2},
    {"unit": "add", "weight_format": "ternary", "k": 2, "accumulate": "lane"},
    {"unit": "mac", "weight_format": "int3"},
    {"unit": "mac", "weight_format": "uint2", "zero_points": True, "k": 2},
    {"unit": "mac", "weight_format": "bipolar", "a_format": "uint4", "k": 2, "accumulate": "lane"},
    {"weight_scales": True, "groups": 3},
    {"weight_format": "uint2", "zero_points": True, "weight_scales": True, "activation_scales": True, "groups": 2},
    {"unit": "mac", "activation_scales": True, "scale_bits": 3, "groups": 5},
]


def params_of(raw: dict[str, Any], steps: int) -> tuple[LutParams, int]:
    """Return a tile whose sums are that many steps long, and the length of a sum."""
    made = {"m": 1, "n": 1, "k": 1, "lookup": 2, "a_format": "int4", **raw}
    length, groups = steps * made["k"] * made["lookup"], made.pop("groups", None)
    made |= {"max_reduction": length * (groups or 1)} | ({"group": length} if groups else {})
    return LutParams.parse(made), length


@pytest.mark.parametrize("raw", EXACT, ids=str)
@pytest.mark.parametrize("steps", [1, 2])
def test_exact_sums_fill_their_ranges_and_never_leave_them(raw: dict[str, Any], steps: int) -> None:
    params, length = params_of(raw, steps)
    found = reached(params, length)
    assert {name: Range(*extremes) for name, extremes in found.items()} == {
        name: getattr(params.ranges, name) for name in found
    }


@pytest.mark.parametrize("raw", EXACT, ids=str)
def test_an_entry_has_the_bits_of_the_largest_sum(raw: dict[str, Any]) -> None:
    params, _ = params_of(raw, 1)
    fmt, size = params.a_format, params.lookup
    digits = (-1, 1) if params.symmetric else (0, 1)
    sums = [
        sum(d * x for d, x in zip(choice, values, strict=True))
        for values in product((fmt.lo, fmt.hi), repeat=size)
        for choice in product(digits, repeat=size)
        # A half table holds those that subtract the last activation.
        if not params.symmetric or choice[-1] < 0
    ]
    assert params.ranges.entry == params.ranges.exact_entry
    assert params.ranges.entry.bits == Range(min(sums), max(sums)).bits
    assert params.ranges.entry.lo <= min(sums) <= max(sums) <= params.ranges.entry.hi


QUANTISED: list[dict[str, Any]] = [
    {"a_format": "int8"},
    {"a_format": "uint8", "weight_format": "uint1"},
    {"a_format": "int12", "weight_format": "int3", "planes": 3},
    {"a_format": "int16", "weight_format": "ternary"},
    {"a_format": "int16", "weight_format": "bipolar", "k": 2, "accumulate": "lane"},
    {"a_format": "uint16", "weight_format": "uint2", "zero_points": True},
    {"a_format": "int9", "weight_format": "uint2", "zero_points": True, "k": 2},
    {"a_format": "int8", "lookup": 3, "weight_scales": True},
]


def near_limits(params: LutParams, length: int, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Return rows at the corners, and around the values at which tables round up or take the next exponent."""
    fmt, top = params.a_format, max(-params.a_format.lo, params.a_format.hi)
    edges = [(255 << e) // params.lookup + d for e in range(16) for d in (-1, 0, 1)]
    pool = np.array([*fmt.corners(), *(s * x for x in edges if x < top for s in (-1, 1))])
    pool = pool[fmt.contains(pool)]
    some = rng.choice(pool, (4000, params.lookup))
    # The largest sums are those of many equal tables.
    a = np.concatenate([rng.choice(pool, (4000, length)), np.tile(some, length // params.lookup)])
    w = np.where(rng.random((len(a), 1)) < 0.5, np.sign(a) * 99, -np.sign(a) * 99)
    extreme = params.weight_format.clip(w)
    return a, np.where(rng.random((len(a), 1)) < 0.7, extreme, params.weight_format.random(rng, a.shape))


@pytest.mark.parametrize("raw", QUANTISED, ids=str)
@pytest.mark.parametrize("table_scale", ["table", "group"])
@pytest.mark.parametrize("steps", [1, 3])
def test_quantised_sums_stay_in_their_ranges(raw: dict[str, Any], table_scale: str, steps: int) -> None:
    """Rounding may take a sum beyond the exact one; registers hold that too, and lookups reach their ends."""
    params, length = params_of({**raw, "table_scale": table_scale, "groups": 1}, steps)
    a, w = near_limits(params, length, np.random.default_rng(steps))
    zeros = params.weight_format.corners().tolist() if params.zero_points else [0]
    found = merged([run(params, a, w, zero) for zero in zeros])
    for name, (low, high) in found.items():
        within = getattr(params.ranges, name)
        assert within.lo <= low <= high <= within.hi, (name, low, high, within)
    assert Range(*found["lookup"]) == params.ranges.lookup
    assert Range(*found["lane"]) == params.ranges.lane


def test_a_sum_that_is_no_multiple_of_a_step_is_counted_in_whole_tables() -> None:
    """Zeros fill up the last table; nothing is gained or lost by them but a few values of the ranges."""
    short, whole = (LutParams.parse({"max_reduction": k, "a_format": "int4"}) for k in (5, 8))
    assert short.ranges.lane == whole.ranges.lane
    assert short.ranges.corrected == Range(-14 * 5, 16 * 5)


def test_derived_widths_are_the_least_that_are_accepted() -> None:
    params = LutParams.parse({"max_reduction": 100})
    bits = params.ranges.lane.bits
    assert params.lane_bits == bits
    assert LutParams.parse({"max_reduction": 100, "accumulator_bits": bits + 3}).lane_bits == bits + 3
    message = rf"^LUT accumulator_bits must be at least {bits} for max_reduction=100, not {bits - 1}$"
    with pytest.raises(InputError, match=message):
        LutParams.parse({"max_reduction": 100, "accumulator_bits": bits - 1})


@pytest.mark.parametrize(("lo", "hi", "bits"), [(-1, 0, 1), (0, 1, 2), (-8, 7, 4), (-9, 0, 5), (0, 8, 5)])
def test_bits_are_those_of_a_signed_number(lo: int, hi: int, bits: int) -> None:
    assert Range(lo, hi).bits == bits


def test_ranges_add_and_multiply() -> None:
    some = list(product((-7, -1, 0, 2, 5), repeat=2))
    for (a, b), (c, d) in product([p for p in some if p[0] <= p[1]], repeat=2):
        values = [(x, y) for x in range(a, b + 1) for y in range(c, d + 1)]
        sums, products = [x + y for x, y in values], [x * y for x, y in values]
        assert Range(a, b) + Range(c, d) == Range(min(sums), max(sums))
        assert Range(a, b) * Range(c, d) == Range(min(products), max(products))
    assert (Range(-2, 5).times(3), Range(2, 5).times(3), Range(-2, -1).times(3)) == (
        Range(-6, 15),
        Range(0, 15),
        Range(-6, 0),
    )
