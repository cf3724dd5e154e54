"""The sparse family's golden model against loops, fractions and the direct convolution."""

import itertools
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest

from rtloom.errors import InputError
from rtloom.generators.sparse.params import SparseParams
from rtloom.verif.golden.convolution import convolve
from rtloom.verif.golden.sparse import compute, framing, weights


def design(**raw) -> SparseParams:
    return SparseParams.parse(raw)


def test_imports_no_hardware() -> None:
    code = "import rtloom.verif.golden.sparse, sys; assert not {'amaranth', 'cocotb'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("bits", ["8", "4", "2", "4,8", "2,4,8", "2,3,4,8"])
@pytest.mark.parametrize("a_name", ["int8", "int5", "int2"])
def test_the_product_equals_float64_at_random_and_at_the_extremes(bits: str, a_name: str) -> None:
    rng = np.random.default_rng(1)
    params = design(weight_bits=bits, a_format=a_name)
    fa, fw = params.a_format, params.carried_format
    for k in (1, 7, 100):
        pairs = [(fa.random(rng, (3, k)), fw.random(rng, (5, k)))]
        corners = [[np.full((2, k), value) for value in form.corners()] for form in (fa, fw)]
        for a, w in [*pairs, *itertools.product(*corners)]:
            got = compute(params, "gemm", a=a, w=w)
            assert got.dtype == np.int64
            np.testing.assert_array_equal(got, (a.astype(float) @ w.T.astype(float)).astype(np.int64))


def test_scaled_weights_equal_a_triple_loop() -> None:
    rng = np.random.default_rng(2)
    params = design(weight_bits="2,3,4,8", scale_bits=3, zero_points=True)
    m, n, k, group = 3, 4, 75, 32  # the last group is short
    scale, zero = rng.integers(1, 8, (n, 3)), rng.integers(-4, 4, (n, 3))
    a, w = rng.integers(-128, 128, (m, k)), rng.integers(-12, 12, (n, k))
    expected = np.zeros((m, n), int)
    for i, j, x in itertools.product(range(m), range(n), range(k)):
        expected[i, j] += a[i, x] * (w[j, x] - zero[j, x // group]) * scale[j, x // group]
    scales = {"weight_scale": scale, "weight_zero": zero, "scale_group": group}
    np.testing.assert_array_equal(compute(params, "gemm", a=a, w=w, **scales), expected)
    one = compute(params, "gemm", a=a, w=w, weight_scale=5, weight_zero=-3)
    np.testing.assert_array_equal(one, a @ ((w + 3) * 5).T)
    columns = {"weight_scale": scale[:, :1], "weight_zero": zero[:, :1]}
    np.testing.assert_array_equal(weights(params, w, **columns), (w - zero[:, :1]) * scale[:, :1])


def test_leading_axes_and_a_vector() -> None:
    rng = np.random.default_rng(3)
    params = design(bias=True)
    a, w, bias = rng.integers(-128, 128, (2, 3, 4, 16)), rng.integers(-128, 128, (5, 16)), rng.integers(-99, 99, 5)
    got = compute(params, "gemm", a=a, w=w, bias=bias)
    np.testing.assert_array_equal(got, a @ w.T + bias)
    np.testing.assert_array_equal(compute(params, "gemm", a=a[1, 2, 3], w=w, bias=bias), got[1, 2, 3])
    np.testing.assert_array_equal(compute(params, "gemm", a=a, w=w), a @ w.T)


@pytest.mark.parametrize(
    ("stride", "padding"), [(1, 0), (2, 1), ((1, 2), "same"), (1, ((0, 2), (1, 0))), ((3, 1), (2, 1))]
)
def test_convolution_equals_the_direct_definition(stride, padding) -> None:
    rng = np.random.default_rng(4)
    params = design(weight_bits="4", scale_bits=3, length=8, max_reduction=18)
    x, w = rng.integers(-128, 128, (2, 6, 5, 3)), rng.integers(-8, 8, (3, 2, 3, 4))
    scale = rng.integers(1, 8, (4, 3))
    got = compute(params, "conv2d", x=x, w=w, stride=stride, padding=padding, weight_scale=scale, scale_group=8)
    scaled = w * scale[:, np.arange(18) // 8].T.reshape(w.shape)
    direct = convolve(x, scaled, stride=stride, padding=padding, step=1, bits=40, overflow="exact")
    np.testing.assert_array_equal(got, direct)


def test_epilogue_adds_scales_rounds_and_activates() -> None:
    params = design(bias=True, requantize=True, activation="relu", output_format="uint8")
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


def test_last_comes_with_the_last_channel_of_each_tile() -> None:
    params = design(length=16, group=4)
    got = framing(params, {"panels": {"last": np.array([False, True, True, False, False, True])}})
    assert list(got) == ["o"]
    assert got["o"].tolist() == [False, False, False, True] * 3


ONE = {"a": [[1]], "w": [[1]]}
ONES = {"a": np.ones((2, 40), int), "w": np.ones((3, 40), int)}
IMAGE = {"x": np.ones((1, 3, 3, 2), int)}
SCALED = {"weight_bits": "4", "scale_bits": 4, "zero_points": True}
UNITS = {
    "weight_scale": "scale_bits",
    "weight_zero": "zero_points",
    "scale_group": "scale_bits",
    "bias": "bias",
    "multiplier": "requantize",
    "shift": "requantize",
    "zero_point": "requantize",
    "activate": "activation",
}
ARGUMENTS = ", ".join(UNITS)
BAD = [
    ({}, "fft", {}, r"Sparse operation must be gemm or conv2d, not 'fft'"),
    ({}, "gemm", {"a": [[1]]}, r"Sparse gemm must be given a and w; w is missing"),
    ({}, "gemm", {**ONE, "b": 1}, rf"Sparse gemm has no argument 'b'; it has a, w, {ARGUMENTS}"),
    (
        {},
        "conv2d",
        {**IMAGE, "w": 1, "groups": 1},
        rf"Sparse conv2d has no .* it has x, w, stride, padding, {ARGUMENTS}",
    ),
    ({}, "gemm", {"a": [[200]], "w": [[1]]}, r"Sparse a must hold int8 values, -128 to 127, not 200"),
    ({"weight_bits": "2,4,8"}, "gemm", {"a": [[1]], "w": [[128]]}, r"Sparse w must hold int8 values, .*, not 128"),
    ({"weight_bits": "4"}, "gemm", {"a": [[1]], "w": [[8]]}, r"Sparse w must hold int4 values, -8 to 7, not 8"),
    ({}, "gemm", {"a": 1, "w": [[1]]}, r"Sparse a must have at least 1 axis, not \(\)"),
    ({}, "gemm", {"a": [[1]], "w": [1]}, r"Sparse w must have 2 axes, \(N, K\), not \(1,\)"),
    ({}, "gemm", {"a": [[1]], "w": [[1, 1]]}, r"Sparse w must have 1 columns, as a has, not \(1, 2\)"),
    ({"max_reduction": 39}, "gemm", ONES, r"Sparse K must be at most max_reduction=39, not 40"),
    ({"max_reduction": 7}, "conv2d", {**IMAGE, "w": np.ones((2, 2, 2, 1), int)}, r"Sparse K must be .*=7, not 8"),
    ({}, "conv2d", {"x": [[1]], "w": [[1]]}, r"Sparse x must have 4 axes, not \(1, 1\)"),
    ({}, "conv2d", {**IMAGE, "w": [[1]]}, r"Sparse w must have 4 axes, not \(1, 1\)"),
    ({}, "conv2d", {**IMAGE, "w": np.ones((1, 1, 3, 1), int)}, r"Sparse w must have 2 input channels, as x has, .*"),
    *[
        ({}, "gemm", {**ONE, name: 1}, rf"Sparse {name} must be left out: the design was built without {unit}")
        for name, unit in UNITS.items()
    ],
    (SCALED, "gemm", ONES, r"Sparse weight_scale must be given: the design was built with scale_bits"),
    ({"requantize": True}, "gemm", {**ONES, "shift": 1}, r"Sparse multiplier must be given: the design requantizes"),
    (SCALED, "gemm", {**ONES, "weight_scale": 0}, r"Sparse weight_scale must be at least 1, not 0"),
    (SCALED, "gemm", {**ONES, "weight_scale": 16}, r"Sparse weight_scale must hold uint4 values, 0 to 15, not 16"),
    (
        SCALED,
        "gemm",
        {**ONES, "weight_scale": [1, 1, 1]},
        r"Sparse weight_scale must be one number or have shape \(3, 1\), not \(3,\)",
    ),
    (
        SCALED,
        "gemm",
        {**ONES, "weight_scale": np.ones((3, 2)), "scale_group": 16},
        r"Sparse weight_scale must be one number or have shape \(3, 3\), not \(3, 2\)",
    ),
    (
        SCALED,
        "gemm",
        {**ONES, "weight_scale": np.ones((3, 2))},
        r"Sparse scale_group must be given where weight_scale has several numbers along K",
    ),
    *[
        (
            SCALED,
            "gemm",
            {**ONES, "weight_scale": 1, "scale_group": size},
            rf"Sparse scale_group must be a positive multiple of length=16, not {size}",
        )
        for size in (0, -16, 24, True, 16.0)
    ],
    (SCALED, "gemm", {**ONES, "weight_scale": 1, "weight_zero": 8}, r"Sparse weight_zero must hold int4 .*, not 8"),
    (
        SCALED,
        "gemm",
        {"a": [1], "w": [[7]], "weight_scale": 15, "weight_zero": -8},
        r"Sparse w must give weights of int8, -128 to 127, when scaled, not 225",
    ),
    ({"bias": True}, "gemm", {**ONES, "bias": [1]}, r"Sparse bias must be one number or have shape \(3,\), not \(1,\)"),
    (
        {"requantize": True, "activation": "relu"},
        "gemm",
        {**ONES, "multiplier": 1, "shift": 0, "activate": 2},
        r"Sparse activate must hold uint1 values, 0 to 1, not 2",
    ),
]


@pytest.mark.parametrize(("raw", "operation", "tensors", "message"), BAD)
def test_bad_input_is_one_line(raw: dict, operation: str, tensors: dict, message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}$"):
        compute(design(**raw), operation, **tensors)
