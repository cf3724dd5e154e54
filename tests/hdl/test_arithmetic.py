"""Decoding, exact sums, narrowing and rounding, against Python's integers and fractions."""

from fractions import Fraction
from itertools import product

import pytest
from amaranth.hdl import Const, Shape, signed, unsigned
from hypothesis import given, settings
from hypothesis import strategies as st

from rtloom.errors import InputError
from rtloom.hdl.arithmetic import adder_tree, multiply_accumulate, round_half_even_shift, saturate, wrap
from rtloom.hdl.decode import decode, lanes
from rtloom.hdl.delay import Delay
from rtloom.hdl.formats import BIPOLAR, TERNARY, Integer

from .bench import clocked, evaluate

few = settings(max_examples=30)
shapes = st.builds(Shape, st.integers(1, 6), st.booleans())
formats = st.builds(Integer, st.integers(1, 7), st.booleans())


def values_of(shape) -> list[int]:
    lo = -(1 << (shape.width - 1)) if shape.signed else 0
    return list(range(lo, lo + (1 << shape.width)))


@pytest.mark.parametrize(
    "fmt", [TERNARY, BIPOLAR, *(Integer(n, s) for n in (1, 2, 5, 8) for s in (True, False))], ids=str
)
def test_decode_reads_every_code(fmt) -> None:
    codes = range(1 << fmt.bits) if fmt is not TERNARY else (0, 1, 3)
    members = [v for v in range(fmt.lo, fmt.hi + 1) if fmt is not BIPOLAR or v]
    values = evaluate(lambda raw: decode(fmt, raw), [unsigned(fmt.bits)], [(code,) for code in codes])
    assert sorted(values) == members
    # Two's complement, but for the sign alone, in which 0 is +1.
    expected = [(1, -1)[c] if fmt is BIPOLAR else c - (fmt.signed * (c >> (fmt.bits - 1)) << fmt.bits) for c in codes]
    assert values == expected


def test_lanes_begin_in_the_lowest_bits() -> None:
    vector = Const(0b_1000_0111_1111_0001, 16)
    assert [evaluate(lambda k=k: lanes(Integer(4), vector, 4)[k], [], [()]) for k in range(4)] == [[1], [-1], [7], [-8]]
    assert [evaluate(lambda k=k: lanes(BIPOLAR, vector, 3)[k], [], [()]) for k in range(3)] == [[-1], [1], [1]]


@few
@given(shape=st.lists(shapes, min_size=1, max_size=9), data=st.data())
def test_an_adder_tree_is_exact(shape, data) -> None:
    rows = data.draw(st.lists(st.tuples(*(st.sampled_from(values_of(s)) for s in shape)), min_size=1, max_size=20))
    rows += [tuple(min(values_of(s)) for s in shape), tuple(max(values_of(s)) for s in shape)]
    assert evaluate(lambda *values: adder_tree(values), shape, rows) == [sum(row) for row in rows]


def test_multiply_accumulate_is_exact() -> None:
    rows = list(product((-16, -1, 0, 15), (-8, -3, 0, 7), (0, 5, 15)))
    kinds = [signed(5), signed(4), unsigned(4)]
    assert evaluate(multiply_accumulate, kinds, rows) == [t + a * b for t, a, b in rows]


@few
@given(shape=shapes, fmt=formats)
def test_saturate_gives_the_nearest_value(shape, fmt) -> None:
    values = values_of(shape)
    expected = [min(max(v, fmt.lo), fmt.hi) for v in values]
    assert evaluate(lambda v: saturate(v, fmt), [shape], [(v,) for v in values]) == expected


@few
@given(shape=shapes, fmt=formats)
def test_wrap_is_modular(shape, fmt) -> None:
    values = values_of(shape)
    expected = [(v - fmt.lo) % (1 << fmt.bits) + fmt.lo for v in values]
    assert evaluate(lambda v: wrap(v, fmt), [shape], [(v,) for v in values]) == expected


@few
@given(shape=shapes, shift=st.integers(0, 9))
def test_a_constant_shift_rounds_half_to_even(shape, shift) -> None:
    values = values_of(shape)
    # Python's round() of a fraction is half to even.
    expected = [round(Fraction(v, 1 << shift)) for v in values]
    assert evaluate(lambda v: round_half_even_shift(v, shift), [shape], [(v,) for v in values]) == expected


@pytest.mark.parametrize("shape", [signed(5), unsigned(5), signed(1)], ids=str)
def test_a_variable_shift_rounds_half_to_even(shape) -> None:
    rows = list(product(values_of(shape), range(8)))
    expected = [round(Fraction(v, 1 << s)) for v, s in rows]
    assert evaluate(round_half_even_shift, [shape, unsigned(3)], rows) == expected


@pytest.mark.parametrize("cycles", [0, 1, 3])
def test_a_delay_moves_with_enable_only(cycles) -> None:
    delay = Delay(4, cycles)
    seen, given_ = [], []

    async def testbench(ctx) -> None:
        for t in range(40):
            enabled = t % 3 != 1
            ctx.set(delay.i, t % 16)
            ctx.set(delay.en, enabled)
            if enabled:
                given_.append(t % 16)
                seen.append(ctx.get(delay.o))
            await ctx.tick()

    clocked(delay, testbench)
    assert seen == [0] * cycles + given_[: len(given_) - cycles]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Delay(0, 1), "Delay width must be positive, not 0"),
        (lambda: Delay(8, -1), "Delay cycles must not be negative, not -1"),
    ],
)
def test_impossible_delays_are_refused(make, message) -> None:
    with pytest.raises(InputError, match=f"^{message}$"):
        make()
