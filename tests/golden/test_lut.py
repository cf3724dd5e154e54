"""The LUT family's golden model against loops, float64 and the direct convolution."""

import itertools
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest

from rtloom.errors import InputError
from rtloom.generators.lut.params import LutParams
from rtloom.verif.golden.convolution import convolve
from rtloom.verif.golden.lut import compute, framing

WEIGHTS = ["int2", "int3", "int4", "int8", "uint1", "uint2", "uint4", "uint8", "ternary", "bipolar"]
ACTIVATIONS = ["int4", "int8", "int16", "uint4", "uint8", "uint16"]


def design(**raw) -> LutParams:
    return LutParams.parse(raw)


def extremes(form, shape: tuple[int, int]) -> list[np.ndarray]:
    """All-minimum, all-maximum, all-zero (where there is one) and the like, and alternating signs."""
    return [
        *(np.full(shape, value) for value in form.corners()),
        np.tile(np.resize([form.lo, form.hi], shape[1]), (shape[0], 1)),
    ]


def test_imports_no_hardware() -> None:
    code = "import rtloom.verif.golden.lut, sys; assert not {'amaranth', 'cocotb'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(("w_name", "a_name"), list(itertools.product(WEIGHTS, ACTIVATIONS)))
@pytest.mark.parametrize("unit", ["lut", "mac"])
def test_exact_product_equals_float64_at_random_and_at_the_extremes(w_name, a_name, unit) -> None:
    rng = np.random.default_rng(1)
    params = design(weight_format=w_name, a_format=a_name, unit=unit, max_reduction=100)
    fa, fw = params.a_format, params.weight_format
    for k in (1, 7, 100):
        pairs = [(fa.random(rng, (3, k)), fw.random(rng, (5, k)))]
        for a, w in [*pairs, *itertools.product(extremes(fa, (2, k)), extremes(fw, (2, k)))]:
            got = compute(params, "gemm", a=a, w=w)
            assert got.dtype == np.int64
            np.testing.assert_array_equal(got, (a.astype(float) @ w.T.astype(float)).astype(np.int64))


def test_exact_product_equals_a_triple_loop_with_zero_points_and_scales() -> None:
    rng = np.random.default_rng(2)
    params = design(weight_format="uint3", zero_points=True, group=8, weight_scales=True, activation_scales=True)
    m, n, k = 3, 4, 21  # the last group is short
    a, w, zero = rng.integers(-128, 128, (m, k)), rng.integers(0, 8, (n, k)), rng.integers(0, 8, (n, 3))
    weight_scale, activation_scale = rng.integers(1, 256, (n, 3)), rng.integers(1, 256, (m, 3))
    expected = np.zeros((m, n), int)
    for i, j, x in itertools.product(range(m), range(n), range(k)):
        g = x // 8
        expected[i, j] += a[i, x] * (w[j, x] - zero[j, g]) * weight_scale[j, g] * activation_scale[i, g]
    scales = {"weight_scale": weight_scale, "activation_scale": activation_scale}
    np.testing.assert_array_equal(compute(params, "gemm", a=a, w=w, weight_zero=zero, **scales), expected)


def test_leading_axes_and_a_vector() -> None:
    rng = np.random.default_rng(3)
    params = design(group=8, activation_scales=True, addend="matrix")
    a, w = rng.integers(-128, 128, (2, 3, 4, 16)), rng.integers(-2, 2, (5, 16))
    scale, addend = rng.integers(1, 9, (2, 3, 4, 2)), rng.integers(-99, 99, (2, 3, 4, 5))
    got = compute(params, "gemm", a=a, w=w, activation_scale=scale, accumulator=addend)
    parts = a.reshape(2, 3, 4, 2, 8) * scale[..., np.newaxis]
    np.testing.assert_array_equal(got, parts.reshape(a.shape) @ w.T + addend)
    flat = compute(params, "gemm", a=a, w=w, activation_scale=scale.reshape(24, 2), accumulator=addend)
    np.testing.assert_array_equal(flat, got)
    for vector_scale in (scale[1, 2, 3], scale[1, 2, 3:]):
        vector = {"a": a[1, 2, 3], "activation_scale": vector_scale, "accumulator": addend[1, 2, 3]}
        np.testing.assert_array_equal(compute(params, "gemm", w=w, **vector), got[1, 2, 3])


@pytest.mark.parametrize(
    ("stride", "padding"), [(1, 0), (2, 1), ((1, 2), "same"), (1, ((0, 2), (1, 0))), ((3, 1), (2, 1))]
)
def test_convolution_equals_the_direct_definition(stride, padding) -> None:
    rng = np.random.default_rng(4)
    params = design(weight_format="uint4", zero_points=True, max_reduction=18)
    x, w, zero = rng.integers(-128, 128, (2, 6, 5, 3)), rng.integers(0, 16, (3, 2, 3, 4)), rng.integers(0, 16, 4)
    got = compute(params, "conv2d", x=x, w=w, stride=stride, padding=padding, weight_zero=zero)
    direct = convolve(x, w - zero, stride=stride, padding=padding, step=1, bits=40, overflow="exact")
    np.testing.assert_array_equal(got, direct)


@pytest.mark.parametrize("table_scale", ["exact", "group"])
def test_convolution_reduces_over_height_width_channel(table_scale: str) -> None:
    rng = np.random.default_rng(5)
    params = design(group=8, table_scale=table_scale, weight_scales=True, activation_scales=True, addend="matrix")
    x, w = rng.integers(-128, 128, (2, 4, 4, 3)), rng.integers(-2, 2, (2, 3, 3, 5))
    rows = np.array([x[b, i : i + 2, j : j + 3].ravel() for b, i, j in np.ndindex(2, 3, 2)])
    matrix = w.reshape(18, 5).T
    scales = {"weight_scale": rng.integers(1, 9, (5, 3)), "activation_scale": rng.integers(1, 9, (12, 3))}
    addend = rng.integers(-99, 99, (2, 3, 2, 5))
    expected = compute(params, "gemm", a=rows, w=matrix, accumulator=addend.reshape(12, 5), **scales)
    got = compute(params, "conv2d", x=x, w=w, accumulator=addend, **scales)
    np.testing.assert_array_equal(got, expected.reshape(2, 3, 2, 5))
    scales["activation_scale"] = scales["activation_scale"].reshape(2, 3, 2, 3)
    np.testing.assert_array_equal(compute(params, "conv2d", x=x, w=w, accumulator=addend, **scales), got)


def test_epilogue_adds_scales_rounds_and_activates() -> None:
    params = design(addend="bias", requantize=True, activation="relu", output_format="uint8")
    a, w, bias = np.array([[100, 90], [-50, 7]]), np.array([[1, -2], [-1, 1], [1, 1]]), [7, -9, 3]
    multiplier, shift = [3, 5, 1], [2, 3, 0]
    scale = {"bias": bias, "multiplier": multiplier, "shift": shift, "zero_point": 1}
    sums = (a @ w.T + bias).tolist()
    rounded = [[round(Fraction(x * m, 2**s)) for x, m, s in zip(r, multiplier, shift, strict=True)] for r in sums]
    got = compute(params, "gemm", a=a, w=w, **scale)
    assert got.tolist() == [[min(max(x, 0) + 1, 255) for x in row] for row in rounded]
    off = compute(params, "gemm", a=a, w=w, activate=0, **scale)
    assert off.tolist() == [[min(max(x + 1, 0), 255) for x in row] for row in rounded]
    assert got.tolist() != off.tolist()


def test_last_comes_with_the_last_segment_of_each_tile() -> None:
    params = design(n=16, segments=4)
    ends = np.array([False, True, True, False, False, True])
    got = framing(params, {"a": {"last": ends}})
    assert list(got) == ["o"]
    assert got["o"].tolist() == [False, False, False, True] * 3


ONE = {"a": [[1]], "w": [[1]]}
BIAS, MATRIX = {"addend": "bias"}, {"addend": "matrix"}
SCALED = {"group": 4, "weight_scales": True, "activation_scales": True}
ONES = {"a": np.ones((2, 8), int), "w": np.ones((3, 8), int)}
IMAGE = {"x": np.ones((1, 3, 3, 2), int)}
BAD = [
    ({}, "fft", {}, r"LUT operation must be gemm or conv2d, not 'fft'"),
    ({}, "gemm", {"a": [[1]]}, r"LUT gemm must be given a and w; w is missing"),
    ({}, "gemm", {**ONE, "b": 1}, r"LUT gemm has no argument 'b'; it has a, w, weight_zero, weight_scale, .*activate"),
    ({}, "conv2d", {**IMAGE, "w": 1, "groups": 1}, r"LUT conv2d has no argument 'groups'; it has x, w, stride, .*"),
    ({}, "gemm", {"a": [[200]], "w": [[1]]}, r"LUT a must hold int8 values, -128 to 127, not 200"),
    ({}, "gemm", {"a": [[1]], "w": [[2]]}, r"LUT w must hold int2 values, -2 to 1, not 2"),
    ({"weight_format": "ternary"}, "gemm", {"a": [[1]], "w": [[-2]]}, r"LUT w must hold ternary values, .*, not -2"),
    ({"weight_format": "bipolar"}, "gemm", {"a": [[1]], "w": [[0]]}, r"LUT w must hold bipolar values, .*, not 0"),
    ({}, "gemm", {"a": 1, "w": [[1]]}, r"LUT a must have at least 1 axis, not \(\)"),
    ({}, "gemm", {"a": [[1]], "w": [1]}, r"LUT w must have 2 axes, \(N, K\), not \(1,\)"),
    ({}, "gemm", {"a": [[1]], "w": [[1, 1]]}, r"LUT w must have 1 columns, as a has, not \(1, 2\)"),
    ({"max_reduction": 7}, "gemm", ONES, r"LUT K must be at most max_reduction=7, not 8"),
    ({"max_reduction": 7}, "conv2d", {**IMAGE, "w": np.ones((2, 2, 2, 1), int)}, r"LUT K must be at most .*=7, not 8"),
    ({}, "conv2d", {"x": [[1]], "w": [[1]]}, r"LUT x must have 4 axes, not \(1, 1\)"),
    ({}, "conv2d", {**IMAGE, "w": [[1]]}, r"LUT w must have 4 axes, not \(1, 1\)"),
    ({}, "conv2d", {**IMAGE, "w": np.ones((1, 1, 3, 1), int)}, r"LUT w must have 2 input channels, as x has, not .*"),
    ({}, "gemm", {**ONE, "weight_zero": 0}, r"LUT weight_zero must be left out: .* built without zero_points"),
    ({}, "gemm", {**ONE, "weight_scale": 1}, r"LUT weight_scale must be left out: .* built without weight_scales"),
    ({}, "gemm", {**ONE, "bias": 0}, r"LUT bias must be left out: the design was built without addend=bias"),
    (BIAS, "gemm", {**ONE, "accumulator": 0}, r"LUT accumulator must be left out: .* built without addend=matrix"),
    ({}, "gemm", {**ONE, "shift": 0}, r"LUT shift must be left out: the design was built without requantize"),
    ({}, "gemm", {**ONE, "activate": 1}, r"LUT activate must be left out: the design was built without activation"),
    (SCALED, "gemm", ONES, r"LUT weight_scale must be given: the design was built with weight_scales"),
    (MATRIX, "gemm", ONES, r"LUT accumulator must be given: the design was built with addend=matrix"),
    ({"requantize": True}, "gemm", ONES, r"LUT multiplier must be given: the design requantizes"),
    (SCALED, "gemm", {**ONES, "weight_scale": 0, "activation_scale": 1}, r"LUT weight_scale must be at least 1, not 0"),
    (
        SCALED,
        "gemm",
        {**ONES, "weight_scale": 1, "activation_scale": [[1, 1], [1, 0]]},
        r"LUT activation_scale must be at least 1, not 0",
    ),
    (
        SCALED,
        "gemm",
        {**ONES, "weight_scale": [1, 1, 1], "activation_scale": 1},
        r"LUT weight_scale must be one number or have shape \(3, 2\), not \(3,\)",
    ),
    (
        SCALED,
        "gemm",
        {**ONES, "weight_scale": 256, "activation_scale": 1},
        r"LUT weight_scale must hold uint8 values, 0 to 255, not 256",
    ),
    (
        {"weight_format": "uint2", "zero_points": True, "group": 4},
        "gemm",
        {**ONES, "weight_zero": [1, 1]},
        r"LUT weight_zero must be one number or have shape \(3,\) or \(3, 2\), not \(2,\)",
    ),
    (BIAS, "gemm", {**ONES, "bias": [1]}, r"LUT bias must be one number or have shape \(3,\), not \(1,\)"),
    (MATRIX, "gemm", {**ONES, "accumulator": [1]}, r"LUT accumulator must have shape \(2, 3\), not \(1,\)"),
    (
        {"requantize": True},
        "gemm",
        {**ONES, "multiplier": [1, 2], "shift": 0},
        r"LUT multiplier must be one number or have shape \(3,\), not \(2,\)",
    ),
    (
        {"requantize": True, "activation": "relu"},
        "gemm",
        {**ONES, "multiplier": 1, "shift": 0, "activate": 2},
        r"LUT activate must hold uint1 values, 0 to 1, not 2",
    ),
]


@pytest.mark.parametrize(("raw", "operation", "tensors", "message"), BAD)
def test_bad_input_is_one_line(raw: dict, operation: str, tensors: dict, message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}$"):
        compute(design(**raw), operation, **tensors)
