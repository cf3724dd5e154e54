"""The LUT family's table path against digits on Python fractions and the recipe that T-MAC published."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rtloom.generators.lut.params import LutParams
from rtloom.hdl.formats import parse_format
from rtloom.verif.golden.lut import compute
from rtloom.verif.golden.lut_tables import table_values

WEIGHTS = ["int2", "int3", "int4", "int8", "uint1", "uint2", "uint4", "uint8", "ternary", "bipolar"]
ACTIVATIONS = ["int4", "int8", "int16", "uint4", "uint8", "uint16"]


def design(**raw) -> LutParams:
    return LutParams.parse(raw)


def python_digits(name: str, w: int) -> tuple[list[tuple[int, int]], int, int]:
    """Digits of a weight with what each counts, then rest and factor: factor * w = sum + rest."""
    if name == "bipolar":
        return [(w, 1)], 0, 1
    if name == "ternary":
        return [(1 if w >= 0 else -1, 1), (1 if w > 0 else -1, 1)], 0, 2
    bits = int(name.lstrip("uint"))
    code = w if name.startswith("u") else w + 2 ** (bits - 1)
    rest = 2**bits - 1 if name.startswith("u") else -1
    return [(2 * (code >> p & 1) - 1, 2**p) for p in range(bits)], rest, 2


def python_exponent(peak: int) -> int:
    return next(e for e in itertools.count() if round(Fraction(peak, 2**e)) <= 127)


def python_group(params: LutParams, row: list[int], weights: list[int], zero: int) -> int:
    """Second definition of a group's product: one table after the other, digit by digit, on fractions."""
    starts = range(0, len(row), params.lookup)
    peaks = [sum(map(abs, row[at : at + params.lookup])) for at in starts]
    total = Fraction(0)
    for at, peak in zip(starts, peaks, strict=True):
        elements = row[at : at + params.lookup]
        largest = max(peaks) if params.table_scale == "group" else peak
        unit = 1 if params.table_scale == "exact" else 2 ** python_exponent(largest)
        coded = [python_digits(params.weight_format.name, w) for w in weights[at : at + params.lookup]]
        _, rest, factor = coded[0]
        for plane in zip(*(digits for digits, _, _ in coded), strict=True):
            signed = sum(digit * x for (digit, _), x in zip(plane, elements, strict=True))
            total += Fraction(plane[0][1] * unit * round(Fraction(signed, unit)), factor)
        total += Fraction((rest - factor * zero) * unit * round(Fraction(sum(elements), unit)), factor)
    assert total.denominator == 1
    return int(total)


def python_gemm(params: LutParams, a, w, zero, weight_scale, activation_scale) -> list[list[int]]:
    """Second definition of the scaled sum over groups; `zero`, `weight_scale` (N, G), `activation_scale` (M, G)."""
    size = params.group or a.shape[1]
    parts = [slice(at, at + size) for at in range(0, a.shape[1], size)]
    return [
        [
            sum(
                python_group(params, row[part], weights[part], int(zero[n, g]))
                * int(weight_scale[n, g])
                * int(activation_scale[m, g])
                for g, part in enumerate(parts)
            )
            for n, weights in enumerate(w.tolist())
        ]
        for m, row in enumerate(a.tolist())
    ]


def extremes(form, shape: tuple[int, int]) -> list[np.ndarray]:
    """All-zero (where there is one), all-minimum, all-maximum and alternating signs, both ways round."""
    place = np.add.outer(np.zeros(shape[0], int), np.arange(shape[1]))
    flat = [np.full(shape, value) for value in ([0] if form.has_zero else []) + [form.lo, form.hi]]
    return [*flat, np.where(place % 2, form.lo, form.hi), np.where(place % 2, form.hi, form.lo)]


@settings(max_examples=150, deadline=None)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1), shape=st.tuples(*[st.integers(1, 3)] * 2, st.integers(1, 40)))
def test_every_path_equals_python_fractions(data, seed, shape) -> None:
    rng, (m, n, k) = np.random.default_rng(seed), shape
    lookup, per_cycle = data.draw(st.integers(2, 6)), data.draw(st.integers(1, 2))
    grouped = data.draw(st.booleans())
    table_scale = data.draw(st.sampled_from(["exact", "table", *["group"] * grouped]))
    w_name = data.draw(st.sampled_from(WEIGHTS))
    raw = {
        "lookup": lookup,
        "k": per_cycle,
        "weight_format": w_name,
        "a_format": data.draw(st.sampled_from(ACTIVATIONS)),
        "table_scale": table_scale,
        "group": lookup * per_cycle * data.draw(st.integers(1, 3)) if grouped else None,
        "weight_scales": grouped and data.draw(st.booleans()),
        "activation_scales": grouped and data.draw(st.booleans()),
        "zero_points": w_name.startswith("uint") and data.draw(st.booleans()),
        "max_reduction": 40,
    }
    assume(table_scale == "exact" or raw["a_format"] not in {"int4", "uint4"})
    params = design(**raw)
    corner = data.draw(st.booleans())
    a = rng.choice(params.a_format.corners(), (m, k)) if corner else params.a_format.random(rng, (m, k))
    w = params.weight_format.random(rng, (n, k))
    groups = -(-k // (params.group or k))
    zero = params.weight_format.random(rng, (n, groups)) if params.zero_points else np.zeros((n, groups), int)
    weight_scale = rng.integers(1, 256, (n, groups)) if params.weight_scales else np.ones((n, groups), int)
    activation_scale = rng.integers(1, 256, (m, groups)) if params.activation_scales else np.ones((m, groups), int)
    units = {
        "weight_zero": (params.zero_points, zero),
        "weight_scale": (params.weight_scales, weight_scale),
        "activation_scale": (params.activation_scales, activation_scale),
    }
    given_units = {name: value for name, (built, value) in units.items() if built}
    got = compute(params, "gemm", a=a, w=w, **given_units)
    assert got.tolist() == python_gemm(params, a, w, zero, weight_scale, activation_scale)


@pytest.mark.parametrize("table_scale", ["table", "group"])
@pytest.mark.parametrize("a_name", ["int8", "uint8", "int16", "uint16"])
@pytest.mark.parametrize("w_name", ["int2", "int8", "uint4", "ternary", "bipolar"])
def test_tables_at_the_corners_equal_python_and_fit_the_widest_sum(w_name, a_name, table_scale) -> None:
    zero_points = w_name.startswith("uint")
    options = {"weight_scales": True, "activation_scales": True, "group": 8, "max_reduction": 20}
    params = design(weight_format=w_name, a_format=a_name, table_scale=table_scale, zero_points=zero_points, **options)
    scale = params.scale_format.hi
    for a, w in itertools.product(extremes(params.a_format, (1, 20)), extremes(params.weight_format, (1, 20))):
        for zero in [params.weight_format.lo, params.weight_format.hi] if zero_points else [0]:
            given_zero = {"weight_zero": zero} if zero_points else {}
            got = compute(params, "gemm", a=a, w=w, weight_scale=scale, activation_scale=scale, **given_zero)
            scales = np.full((1, 3), scale)
            assert got.tolist() == python_gemm(params, a, w, np.full((1, 3), zero), scales, scales)
            assert a.any() or not got.any()


def test_a_tie_at_the_limit_takes_the_next_power_of_two() -> None:
    # 255 / 2 = 127.5 rounds to the even 128, which INT8 tables of both signs do not hold; 253 / 2 rounds to 126.
    for value, stands_for in [(127, 127), (253, 252), (254, 254), (255, 256), (509, 508), (510, 512)]:
        assert table_values(np.array([[value, 0]]), 2, shared=False)[0, 0].tolist() == [
            -stands_for,
            stands_for,
            -stands_for,
            stands_for,
        ]


def test_a_shared_scale_is_that_of_the_largest_table() -> None:
    a = np.array([[1000, 0, 3, 0]])
    assert table_values(a, 2, shared=True)[0, :, 3].tolist() == [1000, 0]
    assert table_values(a, 2, shared=False)[0, :, 3].tolist() == [1000, 3]


def tmac_tables(activations: np.ndarray) -> np.ndarray:
    """T-MAC's lut_ctor for g=4: sums for odd indices, the mirrored ones negated; (tables, 16) of (K,)."""
    b = activations.reshape(-1, 4).astype(float)
    lut = np.zeros((len(b), 16))
    for g in range(1, 16, 2):
        lut[:, g] = b[:, 0] + sum(b[:, i] if g >> i & 1 else -b[:, i] for i in (1, 2, 3))
    for g in range(0, 16, 2):
        lut[:, g] = -lut[:, 15 - g]
    return lut


def tmac(activations, codes, bits: int, act_group: int, scale_of, bias_from: str = "sums") -> np.ndarray:
    """T-MAC's mpGEMV in float: 1/2 (plane 0 + bias) + plane 1 + 2 plane 2 + 4 plane 3 for weights code - 2**(bits-1).

    The published bias sums lut[0] before it is quantised (`sums`); our unit has nothing but its tables (`tables`).
    """
    total = np.zeros(len(codes))
    for at in range(0, len(activations), act_group):
        lut = tmac_tables(activations[at : at + act_group])
        scale = scale_of(np.abs(activations[at : at + act_group]).reshape(-1, 4).sum(axis=1).max())
        quantized = np.clip(np.rint(lut / scale), -128, 127)
        bias = lut[:, 0].sum() if bias_from == "sums" else scale * quantized[:, 0].sum()
        nibbles = codes[:, at : at + act_group].reshape(len(codes), -1, 4)
        for p, alpha in enumerate([0.5, 1, 2, 4][:bits]):
            index = (nibbles >> p & 1) @ [1, 2, 4, 8]
            plane = scale * quantized[np.arange(len(lut)), index].sum(axis=1)
            total += alpha * (plane + bias) if p == 0 else alpha * plane
    return total


def published_scale(peak: float) -> float:
    return peak / 127 if peak else 1.0


def power_of_two(peak: float) -> float:
    return next(2.0**e for e in range(20) if np.rint(peak / 2.0**e) <= 127)


@pytest.mark.parametrize("bits", [1, 2, 3, 4])
def test_published_recipe_with_exact_tables_is_the_integer_product(bits: int) -> None:
    rng = np.random.default_rng(6)
    a, codes = rng.integers(-31, 32, 128), rng.integers(0, 2**bits, (16, 128))
    params = design(weight_format=f"uint{bits}", zero_points=True)
    exact = compute(params, "gemm", a=a, w=codes, weight_zero=2 ** (bits - 1))
    np.testing.assert_array_equal(exact, a @ (codes - 2 ** (bits - 1)).T)
    np.testing.assert_array_equal(tmac(a, codes, bits, 64, lambda _: 1.0), exact)


@pytest.mark.parametrize("a_name", ["int8", "int16", "uint8"])
@pytest.mark.parametrize(("table_scale", "act_group"), [("group", 64), ("group", 32), ("table", 4)])
@pytest.mark.parametrize("bits", [1, 2, 3, 4])
def test_published_recipe_with_our_scale_is_the_table_path_bit_for_bit(bits, table_scale, act_group, a_name) -> None:
    rng = np.random.default_rng(7)
    form = parse_format(a_name)
    codes = rng.integers(0, 2**bits, (16, 256))
    tables = {"table_scale": table_scale, "a_format": a_name, "group": 32 if table_scale == "table" else act_group}
    unsigned = design(weight_format=f"uint{bits}", zero_points=True, **tables)
    corners = [x[0] for x in extremes(form, (1, 256))]
    for a in [form.random(rng, (256,)), rng.choice(form.corners(), 256), *corners]:
        got = compute(unsigned, "gemm", a=a, w=codes, weight_zero=2 ** (bits - 1))
        np.testing.assert_array_equal(tmac(a, codes, bits, act_group, power_of_two, "tables"), got)
        if bits > 1:
            signed = design(weight_format=f"int{bits}", **tables)
            np.testing.assert_array_equal(compute(signed, "gemm", a=a, w=codes - 2 ** (bits - 1)), got)


@pytest.mark.parametrize("bits", [1, 2, 3, 4])
def test_both_scales_keep_within_the_rounding_of_their_entries(bits: int) -> None:
    rng = np.random.default_rng(8)
    params = design(weight_format=f"uint{bits}", zero_points=True, table_scale="group", group=64, a_format="int16")
    codes, zero = rng.integers(0, 2**bits, (32, 256)), 2 ** (bits - 1)
    for a in [rng.integers(-(2**15), 2**15, 256), rng.integers(-300, 300, 256)]:
        exact = a @ (codes - zero).T
        peaks = np.abs(a).reshape(4, 16, 4).sum(axis=2).max(axis=1)  # 4 groups of 16 tables
        rounding = [sum(16 * scale_of(peak) / 2 for peak in peaks) for scale_of in (published_scale, power_of_two)]
        # The planes count 1/2, 1, 2, 4; the unit rounds its row sum too, which counts 1/2.
        theirs = np.abs(tmac(a, codes, bits, 64, published_scale) - exact).max()
        ours = np.abs(compute(params, "gemm", a=a, w=codes, weight_zero=zero) - exact).max()
        assert 0 < theirs <= (2**bits - 1) / 2 * rounding[0] + 1e-6
        assert 0 < ours <= 2**bits / 2 * rounding[1]
        assert rounding[1] <= 2 * rounding[0]
