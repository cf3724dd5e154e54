"""Bit planes: digits, powers of two and the rest are the weight again, for all weights of every format."""

from itertools import product

import pytest

from rtloom.generators.lut.params import LutParams
from rtloom.generators.lut.planes import Digits, PlaneCode, plane_code
from rtloom.hdl.formats import parse_format

FORMATS = [*(f"int{b}" for b in range(2, 9)), *(f"uint{b}" for b in range(1, 9)), "ternary", "bipolar"]


def unsigned_code(name: str, weight: int) -> int:
    """Return the code whose bits are signed digits: from 0 on, as the weights are ordered."""
    return weight - parse_format(name).lo


def signed_digits(name: str, weight: int) -> list[tuple[int, ...]]:
    """Return every choice of digits -1, +1 for a weight, lowest plane first."""
    if name == "ternary":
        return [pair for pair in product((-1, 1), repeat=2) if sum(pair) == 2 * weight]
    if name == "bipolar":
        return [(weight,)]
    code = unsigned_code(name, weight)
    return [tuple(2 * (code >> p & 1) - 1 for p in range(parse_format(name).bits))]


def binary_digits(name: str, weight: int) -> list[tuple[int, ...]]:
    """Return the bits 0, 1 of a weight: of its two's complement, and of bipolar weights 1 for -1."""
    if name == "bipolar":
        return [(int(weight == -1),)]
    return [tuple(weight >> p & 1 for p in range(parse_format(name).bits))]


def restored(code: PlaneCode, digits: tuple[int, ...]) -> int:
    """Return what the code makes of digits: `factor` times the weight."""
    signed = [-digit if negative else digit for digit, negative in zip(digits, code.negative, strict=True)]
    return 2**code.base * sum(d * 2**s for d, s in zip(signed, code.shifts, strict=True)) + code.rest


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("digits", ["signed", "binary"])
def test_planes_make_up_every_weight(name: str, digits: Digits) -> None:
    fmt = parse_format(name)
    code = plane_code(fmt, digits)
    weights = [w for w in range(fmt.lo, fmt.hi + 1) if fmt.contains(w)]
    assert len(weights) == (1 << fmt.bits) - (name == "ternary")
    seen = set()
    for weight in weights:
        choices = (signed_digits if digits == "signed" else binary_digits)(name, weight)
        assert choices
        for choice in choices:
            assert len(choice) == code.count == fmt.bits
            assert restored(code, choice) == code.factor * weight
            seen.add(choice)
    unused = (name, digits) == ("ternary", "binary")
    assert len(seen) == (1 << fmt.bits) - unused


@pytest.mark.parametrize("name", [f"uint{b}" for b in range(1, 9)])
@pytest.mark.parametrize("digits", ["signed", "binary"])
def test_a_zero_point_changes_the_rest_only(name: str, digits: Digits) -> None:
    fmt = parse_format(name)
    code = plane_code(fmt, digits)
    choose = signed_digits if digits == "signed" else binary_digits
    for weight, zero in product(fmt.corners(), repeat=2):
        (choice,) = choose(name, int(weight))
        assert restored(code, choice) + code.zero_point * zero == code.factor * (weight - zero)


@pytest.mark.parametrize("name", FORMATS)
def test_half_tables_need_a_row_sum_where_digits_are_not_balanced(name: str) -> None:
    """Ternary and bipolar weights are sums of -1 and +1 already; others are off by a constant."""
    assert (plane_code(parse_format(name), "signed").rest == 0) == (name in ("ternary", "bipolar"))
    assert (plane_code(parse_format(name), "binary").rest == 0) == (name != "bipolar")


def test_only_the_sign_is_subtracted() -> None:
    assert plane_code(parse_format("int4"), "binary").negative == (False, False, False, True)
    assert plane_code(parse_format("uint4"), "binary").negative == (False, False, False, False)
    assert plane_code(parse_format("int4"), "signed").negative == (False, False, False, False)


@pytest.mark.parametrize(
    ("raw", "passes"),
    [
        ({}, 2),
        ({"planes": 2}, 1),
        ({"weight_format": "int8"}, 8),
        ({"weight_format": "int8", "planes": 4}, 2),
        ({"weight_format": "bipolar"}, 1),
        ({"weight_format": "ternary"}, 2),
        ({"unit": "mac", "weight_format": "int8"}, 1),
        ({"unit": "add", "weight_format": "uint3"}, 3),
    ],
)
def test_a_pass_for_each_group_of_planes(raw: dict[str, object], passes: int) -> None:
    assert LutParams.parse(raw).passes == passes
