"""Requantisation against Python's integers and fractions: corners, random values, every option, stalls."""

import random
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtloom.hdl.formats import Integer
from rtloom.hdl.requantize import BiasAdd, Requantize
from rtloom.hdl.requantize_shape import RequantizeShape, requantize_latency

from .bench import clocked

ACTIVATIONS = ("none", "relu", "squared_relu")
OUTPUTS = (Integer(8), Integer(8, False), Integer(2), Integer(1, False), Integer(16), Integer(16, False))


def expected(shape: RequantizeShape, row: dict[str, int]) -> int:
    """Return the result of one lane; Python's round() of a fraction is half to even."""
    fmt = shape.output
    r = round(Fraction((row["sum"] + row.get("bias", 0)) * row["multiplier"], 2 ** row["shift"]))
    if row.get("activate") and shape.activation == "relu":
        r = max(r, 0)
    if row.get("activate") and shape.activation == "squared_relu":
        m = fmt.hi.bit_length()
        q = min(max(r, 0), 2**m - 1)
        r = round(Fraction(q * q, 2**m))
    return min(max(r + row["zero_point"], fmt.lo), fmt.hi)


def draw(shape: RequantizeShape, rng: random.Random, lanes: int, shares: bool) -> list[dict[str, int]]:
    """Draw the inputs of a row of lanes: extremes, exact halves, and such that the result is in range."""
    lo, hi = -(1 << (shape.sum_bits - 1)), (1 << (shape.sum_bits - 1)) - 1
    fmt, top = shape.output, (1 << shape.multiplier_bits) - 1
    zero_point = rng.choice([0, fmt.lo, fmt.hi, rng.randint(fmt.lo, fmt.hi)])
    common = {"zero_point": zero_point, "activate": rng.getrandbits(1)}
    rows = []
    for _ in range(lanes):
        row = {"sum": rng.choice([lo, hi, 0, -1, rng.randint(lo, hi), rng.randint(lo, hi)]), **common}
        row["bias"] = rng.choice([lo, hi, 0, rng.randint(lo, hi)])
        row["multiplier"] = rng.choice([0, 1, 2, top, rng.randint(0, top), 1 << rng.randrange(shape.multiplier_bits)])
        size = abs(row["sum"] * row["multiplier"]).bit_length()
        # Around the size of the product all bits of the result matter, and halves happen.
        row["shift"] = rng.choice([0, 63, rng.randrange(64), *(min(max(size - k, 0), 63) for k in (-1, 0, 1, 2, 5, 8))])
        if rng.random() < 0.25:
            # An exact half, in range: an odd number of halves of the result's unit.
            shift = rng.randint(1, max(1, shape.sum_bits - fmt.bits - 2))
            half = (2 * rng.randint(-fmt.hi - 1, fmt.hi) + 1) << (shift - 1)
            row |= {"sum": min(max(half, lo), hi), "bias": 0, "multiplier": 1, "shift": shift}
        rows.append(row)
    if shares:
        rows = [row | {name: rows[0][name] for name in ("bias", "multiplier", "shift")} for row in rows]
    return [{k: v for k, v in row.items() if shape.bias or k != "bias"} for row in rows]


def drive(ctx, unit, widths: dict[str, int], rows: list[dict[str, int]]) -> None:
    """Set every input of the unit, packing lanes where the port has several."""
    for name, width in widths.items():
        port, packed = getattr(unit, name), 0
        for lane in range(len(port) // width):
            packed |= (rows[lane][name] & ((1 << width) - 1)) << (lane * width)
        ctx.set(port, packed)


def run(unit, widths, stream, out_bits, is_signed, go=1.0, seed=0) -> list[list[int]]:
    """Push rows through a unit that moves with probability `go`; return the rows that come out."""
    rng, results = random.Random(seed), []

    async def testbench(ctx) -> None:
        for t, rows in enumerate([*stream, *[stream[0]] * unit.latency]):
            drive(ctx, unit, widths, rows)
            ctx.set(unit.en, 0)
            while rng.random() >= go:
                await ctx.tick()
            if t >= unit.latency:
                codes = [(ctx.get(unit.o) >> (k * out_bits)) & ((1 << out_bits) - 1) for k in range(unit.lanes)]
                results.append([c - ((c >> (out_bits - 1)) << out_bits if is_signed else 0) for c in codes])
            ctx.set(unit.en, 1)
            await ctx.tick()

    clocked(unit, testbench)
    return results


def check(shape, lanes=1, shares=False, count=60, go=1.0, seed=0) -> None:
    """Compare a unit with `expected`."""
    rng = random.Random(seed)
    stream = [draw(shape, rng, lanes, shares) for _ in range(count)]
    unit = Requantize(shape, lanes, shares)
    widths = {"sum": shape.sum_bits, "bias": shape.sum_bits, "multiplier": shape.multiplier_bits, "shift": 6}
    widths |= {"zero_point": shape.output.bits, "activate": 1}
    widths = {name: width for name, width in widths.items() if name in unit.signature.members}
    results = run(unit, widths, stream, shape.output.bits, shape.output.signed, go, seed)
    for rows, result in zip(stream, results, strict=True):
        assert result == [expected(shape, row) for row in rows], rows


@pytest.mark.parametrize(("activation", "bias", "output"), [*product(ACTIVATIONS, (False, True), OUTPUTS)], ids=str)
def test_every_option_is_bit_true(activation, bias, output) -> None:
    check(RequantizeShape(24, output, 16, bias, activation), count=250)


@settings(max_examples=40)
@given(
    shape=st.builds(
        RequantizeShape,
        st.integers(2, 49),
        st.builds(Integer, st.integers(2, 16), st.booleans()),
        st.integers(2, 24),
        st.booleans(),
        st.sampled_from(ACTIVATIONS),
    ),
    seed=st.integers(0, 1 << 16),
)
def test_any_width_is_bit_true(shape, seed) -> None:
    check(shape, seed=seed)


@pytest.mark.parametrize("shift", range(8))
def test_all_small_sums_are_bit_true(shift) -> None:
    shape = RequantizeShape(6, Integer(3), 2)
    rows = [
        [{"sum": s, "multiplier": f, "shift": shift, "zero_point": z}]
        for s, f, z in product(range(-32, 32), range(4), (-4, 0, 3))
    ]
    widths = {"sum": 6, "multiplier": 2, "shift": 6, "zero_point": 3}
    results = run(Requantize(shape), widths, rows, 3, True)
    assert results == [[expected(shape, row[0])] for row in rows]


@settings(max_examples=15)
@given(
    activation=st.sampled_from(ACTIVATIONS),
    bias=st.booleans(),
    lanes=st.integers(1, 4),
    shares=st.booleans(),
    go=st.floats(0.3, 1.0),
    seed=st.integers(0, 1 << 16),
)
def test_lanes_keep_together_and_stop_with_enable(activation, bias, lanes, shares, go, seed) -> None:
    check(RequantizeShape(18, Integer(8), 12, bias, activation), lanes, shares, 40, go, seed)


@settings(max_examples=15)
@given(bits=st.integers(2, 30), lanes=st.integers(1, 3), shares=st.booleans(), seed=st.integers(0, 1 << 16))
def test_a_bias_is_added_exactly(bits, lanes, shares, seed) -> None:
    rng = random.Random(seed)
    lo, hi = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    picks = iter(lambda: rng.choice([lo, hi, 0, rng.randint(lo, hi)]), None)
    stream = [[{"sum": next(picks), "bias": next(picks)} for _ in range(lanes)] for _ in range(30)]
    results = run(BiasAdd(bits, lanes, shares), {"sum": bits, "bias": bits}, stream, bits + 1, True, 0.7, seed)
    expected_rows = [[row["sum"] + rows[0 if shares else k]["bias"] for k, row in enumerate(rows)] for rows in stream]
    assert results == expected_rows


@pytest.mark.parametrize(("activation", "bias"), [*product(ACTIVATIONS, (False, True))])
def test_latency_is_what_the_function_says(activation, bias) -> None:
    shape = RequantizeShape(20, Integer(8), 8, bias, activation)
    stages = 3 + (1 if bias else 0) + (1 if activation == "squared_relu" else 0)
    assert requantize_latency(activation, bias) == shape.latency == Requantize(shape, 2).latency == stages


def test_what_is_left_out_has_no_port() -> None:
    plain = set(Requantize(RequantizeShape(20, Integer(8))).signature.members)
    assert plain == {"en", "sum", "multiplier", "shift", "zero_point", "o"}
    full = set(Requantize(RequantizeShape(20, Integer(8), bias=True, activation="relu")).signature.members)
    assert full - plain == {"bias", "activate"}


def test_keys_tell_different_units_apart() -> None:
    shape = RequantizeShape(20, Integer(8))
    assert Requantize(shape, 2).key() == Requantize(RequantizeShape(20, Integer(8)), 2).key()
    assert len({Requantize(shape, n, s).key() for n in (1, 2) for s in (False, True)}) == 4
    assert len({BiasAdd(8, n, s).key() for n in (1, 2) for s in (False, True)}) == 4
