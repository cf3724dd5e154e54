"""The packers of the LUT family: weights to indices and back, tables and their exponents, by their definitions."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtloom.errors import InputError
from rtloom.generators.lut.activations import table_exponents, table_sums
from rtloom.generators.lut.params import LutParams
from rtloom.generators.lut.ranges import table_exponent
from rtloom.generators.lut.weights import pack_weights, unpack_weights

from .test_lut_mapping import tiles


@given(params=tiles(), shape=st.tuples(st.integers(1, 17), st.integers(1, 64)), seed=st.integers(0, 99))
def test_unpacking_is_the_way_back(params: LutParams, shape: tuple[int, int], seed: int) -> None:
    w = params.weight_format.random(np.random.default_rng(seed), shape)
    np.testing.assert_array_equal(unpack_weights(params, pack_weights(params, w), shape), w)


def packed(w: list[list[int]], **raw: object) -> list[list[int]]:
    """Return the beats of a small tile of one segment."""
    params = LutParams.parse({"m": 1, "n": len(w), "segments": 1, "max_reduction": 64, **raw})
    (beats,) = pack_weights(params, w).values()
    return beats.tolist()


def test_planes_follow_each_other_lowest_first() -> None:
    """Codes of int2 are w + 2: 1, 0, 3, 2; the highest bit of plane 1 is 1 and inverts the others of its index."""
    w = [[-1, -2, 1, 0]]
    assert packed(w, table="half") == [[0b0101], [0b1100]]
    assert packed(w) == [[0b0101], [0b1011]]
    assert packed(w, planes=2) == [[0b10110101]]
    assert packed(w, table="half", planes=2) == [[0b11000101]]


def test_binary_digits_are_the_code() -> None:
    """Full tables and adders read two's complement, the highest plane of which is negative."""
    w = [[-1, -2, 1, 0]]
    assert packed(w, table="full") == [[0b0101], [0b0011]]
    assert packed(w, unit="add") == [[0b0101], [0b0011]]
    assert packed(w, unit="mac") == w


def test_signs_are_bits() -> None:
    """A digit 1 is +1 in half tables; the format's code 1 is -1."""
    w = [[1, 1, -1, -1]]
    assert packed(w, weight_format="bipolar") == [[0b0011]]
    assert packed(w, weight_format="bipolar", table="full") == [[0b1100]]
    assert packed([[-1, -1, 1, 1]], weight_format="bipolar") == [[0b1011]]


def test_ternary_digits_add_up_to_twice_the_weight() -> None:
    """+1 is ++, -1 is --, and 0 is +1 in the first plane, -1 in the second."""
    w = [[1, 0, -1, 0]]
    assert packed(w, weight_format="ternary", table="half") == [[0b1011], [0b0001]]
    assert packed(w, weight_format="ternary", table="full") == [[0b0101], [0b0100]]


def test_trits_are_base_three_lowest_first() -> None:
    """Two columns of four weights fill two bytes; weights of zero make up the second."""
    w = [[-1, 0, 1, 1], [0, -1, -1, 1]]
    trits = [0, 1, 2, 2, 1, 0, 0, 2, 1, 1]
    expected = [sum(t * 3**i for i, t in enumerate(trits[at : at + 5])) for at in (0, 5)]
    raw = {"weight_format": "ternary", "packed_ternary": True, "planes": 2, "table": "half"}
    assert packed(w, **raw) == [expected]


def test_segments_lag_behind() -> None:
    """Segment s takes pass t - s from beat t; zeros before, and steps of zeros after, until the last one is through."""
    w = [[1], [1], [1]]
    got = packed(w, n=3, segments=3, lookup=2, weight_format="uint1", table="full")
    assert got == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0]]


def test_lanes_are_columns_then_tables() -> None:
    """Lane c*k+t of a beat holds table t of column c; a step takes k tables."""
    w = [[1, 0, 0, 1], [1, 1, 0, 0]]
    assert packed(w, k=2, lookup=2, weight_format="uint1", table="full") == [[0b01, 0b10, 0b11, 0b00]]


@pytest.mark.parametrize(
    ("w", "message"),
    [
        ([[2]], "LUT w must hold int2 values, -2 to 1, not 2"),
        ([1], "LUT w must have 2 axes, (N, K), not (1,)"),
    ],
)
def test_bad_weights_get_one_line(w: list[object], message: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        pack_weights(LutParams.parse({}), w)


@pytest.mark.parametrize("lookup", [2, 3, 4, 6])
def test_tables_hold_every_sum(lookup: int) -> None:
    """Entry by entry: the highest activation is always subtracted in half tables."""
    a = np.random.default_rng(0).integers(-128, 128, lookup)
    signs = [[1 if e >> i & 1 else -1 for i in range(lookup - 1)] + [-1] for e in range(1 << (lookup - 1))]
    assert table_sums(a, lookup, symmetric=True).tolist() == [int(np.dot(row, a)) for row in signs]
    bits = [[e >> i & 1 for i in range(lookup)] for e in range(1 << lookup)]
    assert table_sums(a, lookup, symmetric=False).tolist() == [int(np.dot(row, a)) for row in bits]


def test_exponents_are_those_of_the_ranges() -> None:
    """The rule for many sums at once is the rule for one, at every limit and beside it."""
    near = [(255 << e) // 2 + d for e in range(14) for d in (-1, 0, 1)]
    values = np.array([0, 1, 126, 127, 128, *near, 6 * 65535])
    assert table_exponents(values).tolist() == [table_exponent(int(v)) for v in values]
    for value, exponent in zip(values.tolist(), table_exponents(values).tolist(), strict=True):
        assert np.rint(value / 2**exponent) <= 127
        assert exponent == 0 or np.rint(value / 2 ** (exponent - 1)) > 127
