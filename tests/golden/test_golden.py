"""The golden models against the world: float64, scipy, and arithmetic on Python integers written a second time."""

import itertools
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import correlate

from rtloom.errors import InputError
from rtloom.generators.systolic.params import SystolicParams
from rtloom.hdl.formats import parse_format
from rtloom.verif.golden import convolution, gemm, systolic
from rtloom.verif.golden.requantize import requantize, round_shift, scale

FORMATS = [
    "int2",
    "int3",
    "int4",
    "int7",
    "int8",
    "int13",
    "int16",
    "uint1",
    "uint5",
    "uint8",
    "uint16",
    "ternary",
    "bipolar",
]


def python_narrow(value: int, bits: int, overflow: str) -> int:
    half = 1 << (bits - 1)
    if overflow == "saturate":
        return max(-half, min(half - 1, value))
    return (value + half) % (2 * half) - half if overflow == "wrap" else value


def python_gemm(a, b, step: int, bits: int, overflow: str) -> list[list[int]]:
    """Second definition: loops over Python integers."""
    out = []
    for row in a.tolist():
        line = []
        for column in b.T.tolist():
            total, terms = 0, [p * q for p, q in zip(row, column, strict=True)]
            for at in range(0, len(terms), step):
                total = python_narrow(total + sum(terms[at : at + step]), bits, overflow)
            line.append(total)
        out.append(line)
    return out


def python_requantize(
    x: int,
    multiplier: int,
    shift: int,
    zero_point: int,
    lo: int,
    hi: int,
    activation: str,
) -> int:
    """Second definition: `round` of a fraction rounds half to even."""
    r = round(Fraction(x * multiplier, 2**shift))
    m = hi.bit_length()
    if activation == "relu":
        r = max(r, 0)
    if activation == "squared_relu":
        r = round(Fraction(min(max(r, 0), 2**m - 1) ** 2, 2**m))
    return max(lo, min(hi, r + zero_point))


def test_imports_no_hardware() -> None:
    code = "import rtloom.verif.golden.systolic, sys; assert not {'amaranth', 'cocotb'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(("a_name", "b_name"), list(itertools.product(FORMATS, FORMATS[::3])))
def test_gemm_equals_float64_at_random_and_at_the_extremes(a_name: str, b_name: str) -> None:
    rng = np.random.default_rng(1)
    fa, fb = parse_format(a_name), parse_format(b_name)
    params = SystolicParams.parse({"a_format": a_name, "b_format": b_name, "max_reduction": 100})
    for k in (1, 7, 100):
        for a, b in [
            (fa.random(rng, (3, k)), fb.random(rng, (k, 5))),
            (np.full((3, k), fa.lo), np.full((k, 5), fb.lo)),
            (np.full((3, k), fa.hi), np.full((k, 5), fb.lo)),
        ]:
            c = systolic.compute(params, "gemm", a=a, b=b)
            assert c.dtype == np.int64
            np.testing.assert_array_equal(c, (a.astype(float) @ b.astype(float)).astype(np.int64))


def test_batched_gemm_broadcasts() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.integers(-128, 128, (2, 3, 4, 5)), rng.integers(-128, 128, (3, 5, 6))
    c = systolic.compute(SystolicParams(), "gemm", a=a, b=b)
    np.testing.assert_array_equal(c, np.einsum("xymk,ykn->xymn", a, b))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.tuples(*[st.integers(1, 9)] * 3),
    step=st.integers(1, 10),
    bits=st.integers(4, 20),
    overflow=st.sampled_from(["saturate", "wrap"]),
    formats=st.tuples(*[st.sampled_from(FORMATS)] * 2),
)
def test_narrow_accumulators_equal_python_integers(seed, shape, step, bits, overflow, formats) -> None:
    rng = np.random.default_rng(seed)
    a = parse_format(formats[0]).random(rng, (shape[0], shape[1]))
    b = parse_format(formats[1]).random(rng, (shape[1], shape[2]))
    got = gemm.accumulate(a, b, step=step, bits=bits, overflow=overflow)
    assert got.tolist() == python_gemm(a, b, step, bits, overflow)


def test_saturation_depends_on_the_step() -> None:
    a, b = np.array([[127, 127, -127]]), np.array([[1], [1], [1]])
    assert gemm.accumulate(a, b, step=1, bits=8, overflow="saturate").item() == 0
    assert gemm.accumulate(a, b, step=3, bits=8, overflow="saturate").item() == 127


def test_large_products_do_not_pass_through_float() -> None:
    a = np.full((1, 1 << 12), 65535)
    b = np.full((1 << 12, 1), 1 << 26) + 1
    assert gemm.exact_product(a, b).item() == 65535 * ((1 << 26) + 1) * (1 << 12)
    with pytest.raises(
        InputError,
        match=r"^Golden product must stay below 2\^63, not reach 18446744073709551616$",
    ):
        gemm.exact_product(np.full((1, 4), 1 << 31), np.full((4, 1), 1 << 31))


def test_a_sum_that_cannot_be_is_reported() -> None:
    with pytest.raises(InputError, match=r"^Golden sum must fit in 8 bits, not reach 128$"):
        gemm.narrow(np.array([127, 128]), 8, "exact")


@pytest.mark.parametrize("k", [1, 2, 1000, 4096])
@pytest.mark.parametrize(
    ("a_name", "b_name"),
    [("int8", "int8"), ("uint16", "int16"), ("bipolar", "bipolar"), ("uint1", "uint1")],
)
def test_derived_accumulator_holds_the_extremes(k: int, a_name: str, b_name: str) -> None:
    params = SystolicParams.parse({"a_format": a_name, "b_format": b_name, "max_reduction": k})
    for x, y in itertools.product(("lo", "hi"), repeat=2):
        a = np.full((1, k), getattr(params.a_format, x))
        b = np.full((k, 1), getattr(params.b_format, y))
        assert systolic.compute(params, "gemm", a=a, b=b).item() == k * int(a[0, 0]) * int(b[0, 0])


@settings(max_examples=300, deadline=None)
@given(
    x=st.one_of(
        st.integers(-(2**48), 2**48 - 1),
        st.sampled_from([-(2**48), 2**48 - 1, 0, 1, -1]),
    ),
    multiplier=st.one_of(st.integers(0, 2**24 - 1), st.just(2**24 - 1)),
    shift=st.integers(0, 63),
    out=st.sampled_from(["int2", "int8", "uint1", "uint8", "int16", "uint16"]),
    zero=st.integers(0, 1),
    activation=st.sampled_from(["none", "relu", "squared_relu"]),
)
def test_requantize_equals_python_fractions(x, multiplier, shift, out, zero, activation) -> None:
    form = parse_format(out)
    got = requantize(
        np.array([x]),
        multiplier=multiplier,
        shift=shift,
        zero_point=zero,
        lo=form.lo,
        hi=form.hi,
        activation=activation,
    )
    assert got.tolist() == [python_requantize(x, multiplier, shift, zero, form.lo, form.hi, activation)]


@settings(max_examples=200, deadline=None)
@given(
    values=st.lists(st.integers(-(2**62) + 1, 2**62 - 1), min_size=1, max_size=4),
    shift=st.integers(0, 63),
)
def test_round_shift_is_exact_up_to_the_bound_of_int64(values, shift) -> None:
    assert round_shift(np.array(values), shift).tolist() == [round(Fraction(v, 2**shift)) for v in values]


def test_ties_go_to_even() -> None:
    assert round_shift(np.arange(-10, 11, 2), 2).tolist() == [
        -2,
        -2,
        -2,
        -1,
        0,
        0,
        0,
        1,
        2,
        2,
        2,
    ]


def test_wide_and_narrow_arithmetic_agree() -> None:
    x = np.random.default_rng(3).integers(-(2**37), 2**37, 500)
    narrow, wide = scale(x, 12345, 21), scale(np.append(x, 2**50), 12345, 21)
    assert narrow.dtype == np.int64
    assert wide.dtype == object
    assert narrow.tolist() == wide.tolist()[:-1]


def test_scale_for_each_channel() -> None:
    params = SystolicParams.parse(
        {
            "bias": True,
            "requantize": True,
            "activation": "relu",
            "output_format": "uint8",
        }
    )
    a, b = np.array([[3, 4], [-5, 6]]), np.array([[10, -20], [30, 40]])
    got = systolic.compute(
        params,
        "gemm",
        a=a,
        b=b,
        bias=[7, -9],
        multiplier=[3, 5],
        shift=[2, 4],
        zero_point=1,
    )
    expected = [
        [
            python_requantize(x + q, m, s, 1, 0, 255, "relu")
            for x, q, m, s in zip(row, [7, -9], [3, 5], [2, 4], strict=True)
        ]
        for row in (a @ b).tolist()
    ]
    assert got.tolist() == expected
    off = systolic.compute(params, "gemm", a=a, b=b, multiplier=1, shift=0, activate=False)
    assert off.tolist() == np.clip(a @ b, 0, 255).tolist()


CONVOLUTIONS = [
    {"x": (2, 6, 5, 3), "w": (3, 3, 3, 4)},
    {"x": (1, 7, 7, 2), "w": (3, 2, 2, 5), "stride": 2, "padding": 1},
    {"x": (2, 8, 9, 4), "w": (1, 1, 4, 3), "stride": (3, 2)},
    {"x": (1, 6, 6, 4), "w": (3, 3, 2, 6), "groups": 2, "padding": ((0, 2), (1, 0))},
    {"x": (2, 5, 5, 3), "w": (3, 3, 1, 3), "groups": 3, "padding": (2, 1), "stride": (2, 1)},
    {"x": (1, 3, 3, 1), "w": (3, 3, 1, 1)},
]


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolution_equals_scipy(case: dict) -> None:
    rng = np.random.default_rng(4)
    x, w = rng.integers(-128, 128, case["x"]), rng.integers(-128, 128, case["w"])
    options = {k: v for k, v in case.items() if k not in "xw"}
    got = systolic.compute(SystolicParams(), "conv2d", x=x, w=w, **options)
    stride, groups = (
        convolution.pair(options.get("stride", 1)),
        options.get("groups", 1),
    )
    padded = np.pad(x, ((0, 0), *convolution.pads(options.get("padding", 0)), (0, 0))).astype(float)
    per = w.shape[3] // groups
    for o in range(w.shape[3]):
        channels = slice(o // per * w.shape[2], (o // per + 1) * w.shape[2])
        for image in range(x.shape[0]):
            full = correlate(
                padded[image, :, :, channels],
                w[..., o].astype(float),
                mode="valid",
                method="direct",
            )[..., 0]
            np.testing.assert_array_equal(got[image, :, :, o], full[:: stride[0], :: stride[1]])


@pytest.mark.parametrize("overflow", ["saturate", "wrap"])
@pytest.mark.parametrize("step", [1, 3, 4, 100])
def test_convolution_saturates_in_the_order_of_the_kernel(overflow: str, step: int) -> None:
    rng = np.random.default_rng(5)
    x, w = rng.integers(-128, 128, (1, 4, 5, 2)), rng.integers(-128, 128, (2, 3, 2, 3))
    got = convolution.convolve(x, w, step=step, bits=16, overflow=overflow)
    for i, j, o in itertools.product(range(3), range(3), range(3)):
        terms = x[0, i : i + 2, j : j + 3, :].reshape(1, -1)
        assert got[0, i, j, o] == python_gemm(terms, w[..., o].reshape(-1, 1), step, 16, overflow)[0][0]


BAD = [
    ({"operation": "fft"}, r"^Systolic operation must be gemm or conv2d, not 'fft'$"),
    (
        {"operation": "gemm", "a": [[200]], "b": [[1]]},
        r"^Systolic a must hold int8 values, -128 to 127, not 200$",
    ),
    (
        {"operation": "gemm", "a": [[1]], "b": [[0.5]]},
        r"^Systolic b must hold integers, not 0\.5$",
    ),
    (
        {"operation": "gemm", "a": [[1]]},
        r"^Systolic gemm missing 1 required keyword-only argument: 'b'$",
    ),
    (
        {"operation": "gemm", "a": [[1]], "b": [[1]], "bias": [1]},
        r"^Systolic bias must not be given unless the array is built with bias=true$",
    ),
    (
        {
            "operation": "conv2d",
            "x": np.ones((1, 3, 3, 2), int),
            "w": np.ones((3, 3, 3, 1), int),
        },
        r"^conv2d w must have 2 input channels per group, as x and groups say, not 3$",
    ),
    (
        {
            "operation": "conv2d",
            "x": np.ones((1, 3, 3, 2), int),
            "w": np.ones((4, 3, 2, 1), int),
        },
        r"^conv2d w must be no larger than the padded image, 3x3, not \(4, 3\)$",
    ),
    (
        {
            "operation": "conv2d",
            "x": np.ones((1, 3, 3, 2), int),
            "w": np.ones((3, 3, 1, 3), int),
            "groups": 2,
        },
        r"^conv2d groups must divide the 3 output channels, not 2$",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_input_is_one_line(arguments: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        systolic.compute(SystolicParams(), **arguments)


def test_zero_point_is_one_number() -> None:
    params = SystolicParams.parse({"requantize": True})
    with pytest.raises(InputError, match=r"^Systolic zero_point must be one number, not \(2,\)$"):
        systolic.compute(params, "gemm", a=[[1]], b=[[1]], zero_point=[1, 2])
