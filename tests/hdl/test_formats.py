"""Number formats: ranges, codes, rounding and clipping, against `ml_dtypes` and plain integers; every message."""

import copy
import pickle
import re
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rtloom.errors import InputError
from rtloom.hdl.formats import BIPOLAR, TERNARY, Format, Integer, parse_format, product_range, width_of, wire_format

OPERANDS = [*(f"int{n}" for n in range(2, 17)), *(f"uint{n}" for n in range(1, 17)), "ternary", "bipolar"]
WORLD = {name: np.dtype(getattr(ml_dtypes, name)) for name in ("int2", "int4", "uint2", "uint4")}
WORLD |= {name: np.dtype(name) for name in ("int8", "uint8", "int16", "uint16")}
operands = st.sampled_from(OPERANDS).map(parse_format)
wires = st.one_of(
    operands, st.builds(Integer, st.integers(1, 64)), st.builds(Integer, st.integers(1, 63), st.just(False))
)
any_int64 = hnp.arrays(np.int64, st.integers(1, 20), elements=st.integers(-(2**63), 2**63 - 1))
reals = hnp.arrays(np.float64, st.integers(1, 20), elements=st.floats(-1e6, 1e6))


def members(fmt: Format) -> list[int]:
    return {"ternary": [-1, 0, 1], "bipolar": [-1, 1]}.get(fmt.name) or list(range(fmt.lo, fmt.hi + 1))


@pytest.mark.parametrize("name", OPERANDS)
def test_a_format_is_found_by_its_name(name) -> None:
    fmt = parse_format(name)
    assert (fmt.name, str(fmt)) == (name, name)
    assert parse_format(fmt) is fmt
    assert wire_format(name) == fmt
    bits = int(re.sub(r"\D", "", name) or {"ternary": 2, "bipolar": 1}[name])
    assert fmt.bits == bits
    assert fmt.signed == (not name.startswith("u"))
    assert fmt.has_zero == (name != "bipolar")


@pytest.mark.parametrize("name", WORLD)
def test_integers_agree_with_the_worlds(name) -> None:
    fmt, world = parse_format(name), WORLD[name]
    info = ml_dtypes.iinfo(world)
    assert (fmt.lo, fmt.hi, fmt.bits) == (info.min, info.max, info.bits)
    values = np.arange(fmt.lo, fmt.hi + 1)
    # A sub-byte value lies in the low bits of its byte there.
    codes = values.astype(world).view(f"u{world.itemsize}").astype(np.uint64) & np.uint64((1 << fmt.bits) - 1)
    assert np.array_equal(fmt.encode(values), codes)
    assert np.array_equal(fmt.decode(codes), values)


@pytest.mark.parametrize("name", OPERANDS)
def test_every_value_has_its_own_code(name) -> None:
    fmt = parse_format(name)
    values = np.array(members(fmt))
    codes = fmt.encode(values)
    assert codes.dtype == np.uint64
    assert len(set(codes.tolist())) == len(values)
    assert codes.max() < 1 << fmt.bits
    assert np.array_equal(fmt.decode(codes), values)
    assert fmt.contains(values).all()
    assert np.array_equal(fmt.check(values, "x"), values)


@given(fmt=wires, values=any_int64)
def test_clip_gives_the_nearest_value(fmt, values) -> None:
    clipped = fmt.clip(values)
    assert fmt.contains(clipped).all()
    for value, got in zip(values.tolist(), clipped.tolist(), strict=True):
        inside = min(max(value, fmt.lo), fmt.hi)
        assert got == (inside or 1 if fmt is BIPOLAR else inside)
    assert np.array_equal(fmt.decode(fmt.encode(clipped)), clipped)


@given(fmt=wires, values=any_int64)
def test_contains_is_membership(fmt, values) -> None:
    expected = [fmt.lo <= v <= fmt.hi and (v != 0 or fmt.has_zero) for v in values.tolist()]
    assert fmt.contains(values).tolist() == expected


@given(fmt=operands, numbers=reals, scale=st.sampled_from([1.0, 0.5, 0.125, 4.0]))
def test_quantize_rounds_half_to_even_and_clips(fmt, numbers, scale) -> None:
    # Scales are powers of two, so that the quotient is exact and Python's round() decides the halves.
    rounded = [round(Fraction(x) / Fraction(scale)) for x in numbers.tolist()]
    expected = fmt.clip(np.array(rounded, dtype=np.int64))
    assert np.array_equal(fmt.quantize(numbers, scale), expected)


def test_quantize_takes_a_scale_for_each_channel_and_huge_numbers() -> None:
    int8 = Integer(8)
    assert int8.quantize([[1.0, 2.5], [3.5, -1e300]], [1.0, 1.0]).tolist() == [[1, 2], [4, -128]]
    assert int8.quantize([10.0, 10.0], [1.0, 4.0]).tolist() == [10, 2]
    assert int8.quantize(1e300, 1e-300).tolist() == 127


@pytest.mark.parametrize("name", OPERANDS)
def test_corners_and_random_values_are_members(name) -> None:
    fmt = parse_format(name)
    corners = fmt.corners()
    assert {fmt.lo, fmt.hi} <= set(corners.tolist()) <= set(members(fmt))
    assert corners.tolist() == sorted(set(corners.tolist()))
    draws = fmt.random(np.random.default_rng(1), (40, 50))
    assert draws.shape == (40, 50)
    assert fmt.contains(draws).all()
    if fmt.bits <= 4:
        counts = [int((draws == v).sum()) for v in members(fmt)]
        assert min(counts) > 0.7 * 2000 / len(members(fmt))


@given(lo=st.integers(-(2**70), 0), hi=st.integers(0, 2**70))
def test_width_of_is_the_fewest_bits(lo, hi) -> None:
    bits, signed = width_of(lo, hi)

    def holds(n: int) -> bool:
        return -(2 ** (n - 1)) <= lo and hi < 2 ** (n - 1) if signed else hi < 2**n

    assert signed == (lo < 0)
    assert bits >= 1
    assert holds(bits)
    assert bits == 1 or not holds(bits - 1)


@given(a=operands.filter(lambda f: f.bits <= 5), b=operands.filter(lambda f: f.bits <= 5))
def test_product_range_is_reached_and_never_left(a, b) -> None:
    products = [x * y for x in members(a) for y in members(b)]
    assert product_range(a, b) == (min(products), max(products))


@pytest.mark.parametrize("fmt", [Integer(8), Integer(3, is_signed=False), TERNARY, BIPOLAR], ids=str)
def test_formats_are_values(fmt) -> None:
    for twin in (copy.deepcopy(fmt), pickle.loads(pickle.dumps(fmt)), parse_format(fmt.name)):
        assert (twin, hash(twin), repr(twin)) == (fmt, hash(fmt), repr(fmt))
    assert fmt != Integer(9)
    with pytest.raises(AttributeError):
        fmt.bits = 3


def test_formats_show_how_they_are_made() -> None:
    assert [repr(f) for f in (Integer(8), Integer(4, is_signed=False), TERNARY, BIPOLAR)] == [
        "Integer(8, is_signed=True)",
        "Integer(4, is_signed=False)",
        "Ternary()",
        "Bipolar()",
    ]
    assert [f.describe() for f in (Integer(8), Integer(4, is_signed=False), TERNARY, BIPOLAR)] == [
        "-128 to 127",
        "0 to 15",
        "-1, 0 or 1",
        "-1 or 1",
    ]
    assert Integer(8).is_signed
    assert not Integer(8, is_signed=False).is_signed


@pytest.mark.parametrize("array", [np.array([True, False]), [1.0, 0.0], np.array([1, 0], dtype=np.uint64), [1, 0]])
def test_check_takes_integers_of_any_type(array) -> None:
    checked = Integer(2).check(array, "x")
    assert checked.dtype == np.int64
    assert checked.tolist() == [1, 0]


CHECKS = [
    (Integer(8), [1, 128], "A must hold int8 values, -128 to 127, not 128"),
    (Integer(8, is_signed=False), [-1], "A must hold uint8 values, 0 to 255, not -1"),
    (TERNARY, [[0, 2]], "A must hold ternary values, -1, 0 or 1, not 2"),
    (TERNARY, [-(2**63)], "A must hold ternary values, -1, 0 or 1, not -9223372036854775808"),
    (BIPOLAR, [1, 0], "A must hold bipolar values, -1 or 1, not 0"),
    (Integer(8), [0.5, 1.0], "A must hold integers, not 0.5"),
    (Integer(8), [1.0, np.nan], "A must hold integers, not nan"),
    (Integer(8), [-np.inf], "A must hold integers, not -inf"),
    (Integer(8), [], "A must not be empty, not (0,)"),
    (Integer(8), np.zeros((0, 3)), "A must not be empty, not (0, 3)"),
    (Integer(8), ["x"], "A must hold numbers, not '<U1'"),
    (Integer(8), [1j], "A must hold numbers, not 'complex128'"),
    (Integer(8), [None], "A must hold numbers, not 'object'"),
    (Integer(8), np.array([2**63], dtype=np.uint64), "A must hold int8 values, -128 to 127, not 9223372036854775808"),
    (Integer(8), [1e20], "A must hold int8 values, -128 to 127, not 100000000000000000000"),
    (Integer(64), [-1e20], f"A must hold int64 values, {-(2**63)} to {2**63 - 1}, not -100000000000000000000"),
    (Integer(8), np.int64(300), "A must hold int8 values, -128 to 127, not 300"),
]


@pytest.mark.parametrize(("fmt", "array", "message"), CHECKS)
def test_check_names_the_rule_and_the_value(fmt, array, message) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        fmt.check(array, "A")


OPERAND_RULE = "A format must be int2 to int16, uint1 to uint16, ternary or bipolar, not "
WIRE_RULE = "Manifest format must be int1 to int64, uint1 to uint63, ternary or bipolar, not "
NO_OPERANDS = ("int1", "int17", "uint0", "uint17", "float8", "INT8", "int8 ", "", 8, None)
REFUSALS = [
    *((lambda n=n: parse_format(n, "A format"), OPERAND_RULE + repr(n)) for n in NO_OPERANDS),
    (lambda: parse_format(Integer(17), "A format"), OPERAND_RULE + "'int17'"),
    (lambda: parse_format("int99"), OPERAND_RULE.replace("A format", "Format") + "'int99'"),
    *((lambda n=n: wire_format(n), WIRE_RULE + repr(n)) for n in ("int65", "uint64", "int0", "fp8", "", 8, None)),
    (lambda: Integer(0), "Integer bits must be between 1 and 64, not 0"),
    (lambda: Integer(65), "Integer bits must be between 1 and 64, not 65"),
    (lambda: Integer(64, is_signed=False), "Integer bits must be between 1 and 63, not 64"),
    (lambda: Integer(8).quantize([1.0, np.nan]), "Array to quantize must hold finite numbers only, not nan"),
    (lambda: Integer(8).quantize([np.inf]), "Array to quantize must hold finite numbers only, not inf"),
    (lambda: Integer(8).quantize([1.0], 0.0), "Scale must be positive and finite, not 0.0"),
    (lambda: Integer(8).quantize([1.0, 2.0], [1.0, -2.0]), "Scale must be positive and finite, not -2.0"),
    (lambda: Integer(8).quantize([1.0], np.nan), "Scale must be positive and finite, not nan"),
]


@pytest.mark.parametrize(("refused", "message"), REFUSALS)
def test_what_is_no_format_or_number_is_refused(refused, message) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        refused()
