"""The quantisers of the LUT family: members of the format, errors within bounds, scales that the hardware takes."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtloom.errors import InputError
from rtloom.generators.lut.family import LUT
from rtloom.generators.lut.params import LutParams
from rtloom.generators.lut.quantize import dequantize, integer_scales, quantize_activations, quantize_weights
from rtloom.hdl.formats import Integer
from rtloom.verif import goldens

BITS = [1, 1.58, 2, 3, 4, 8]
INT8 = Integer(8)


def normal(seed: int, shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


cases = st.tuples(st.integers(1, 5), st.integers(1, 40), st.sampled_from([None, 1, 4, 16, 100]))


@given(case=cases, bits=st.sampled_from([2, 3, 4, 5, 8]), symmetric=st.booleans(), seed=st.integers(0, 99))
def test_rounding_is_no_worse_than_without_clipping(case, bits, symmetric, seed) -> None:
    n, k, group = case
    w = normal(seed, (n, k))
    q = quantize_weights(w, bits, group, symmetric)
    groups = -(-k // (group or k))
    assert q.format == Integer(bits, is_signed=symmetric)
    assert q.values.shape == (n, k)
    assert q.format.contains(q.values).all()
    assert q.scales.shape == (n, groups)
    assert (q.zeros is None) == symmetric
    for g in range(groups):
        part = slice(g * (group or k), (g + 1) * (group or k))
        span = np.abs(w[:, part]).max(axis=1) if symmetric else np.ptp(np.c_[w[:, part], np.zeros(n)], axis=1)
        step = span / q.format.hi
        # Rounding loses half a step; a rounded zero point moves the ends of the range by another half.
        bound = w[:, part].shape[1] * (step * (0.5 if symmetric else 1.0)) ** 2
        assert (np.square(q.dequantize() - w)[:, part].sum(axis=1) <= bound + 1e-12).all()


@given(case=cases, seed=st.integers(0, 99))
def test_one_bit_is_the_sign_and_the_mean_magnitude(case, seed) -> None:
    n, k, group = case
    w = normal(seed, (n, k))
    q = quantize_weights(w, 1, group)
    assert (q.format.name, q.zeros) == ("bipolar", None)
    np.testing.assert_array_equal(q.values, np.where(w < 0, -1, 1))
    for g, at in enumerate(range(0, k, group or k)):
        np.testing.assert_allclose(q.scales[:, g], np.abs(w[:, at : at + (group or k)]).mean(axis=1))


@given(case=cases, seed=st.integers(0, 99))
def test_ternary_is_that_of_bitnet(case, seed) -> None:
    """Round and clip to -1, 0, 1 after division by the mean magnitude."""
    n, k, group = case
    w = normal(seed, (n, k))
    q = quantize_weights(w, 1.58, group)
    assert q.format.name == "ternary"
    for g, at in enumerate(range(0, k, group or k)):
        part = slice(at, at + (group or k))
        mean = np.abs(w[:, part]).mean(axis=1, keepdims=True)
        np.testing.assert_allclose(q.scales[:, g], mean[:, 0])
        np.testing.assert_array_equal(q.values[:, part], np.clip(np.rint(w[:, part] / mean), -1, 1))


def test_more_bits_and_smaller_groups_lose_less() -> None:
    w = normal(1, (16, 256))
    errors = [np.square(quantize_weights(w, bits, 64).dequantize() - w).mean() for bits in BITS]
    assert errors == sorted(errors, reverse=True)
    # A uniform quantiser of a normal variable loses 11.9 % of its variance at 2 bits, 3.7 % at 3 and 1.2 % at 4.
    unsigned = [np.square(quantize_weights(w, bits, 64, symmetric=False).dequantize() - w).mean() for bits in (2, 3, 4)]
    np.testing.assert_allclose(unsigned, [0.13, 0.035, 0.009], rtol=0.15)
    by_group = [np.square(quantize_weights(w, 3, group).dequantize() - w).mean() for group in (16, 64, None)]
    assert by_group == sorted(by_group)


def test_values_on_the_grid_come_back() -> None:
    for bits in (2, 4, 8):
        fmt = Integer(bits)
        values = fmt.random(np.random.default_rng(bits), (4, 32))
        values[:, ::8] = fmt.lo
        values[:, 1::8] = fmt.hi
        np.testing.assert_array_equal(quantize_weights(values * 0.125, bits, 8).values, values)
        raised = (values - fmt.lo) * 0.25
        again = quantize_weights(raised, bits, 8, symmetric=False)
        np.testing.assert_allclose(again.dequantize(), raised, atol=1e-12)
        assert not again.zeros.any()


@pytest.mark.parametrize("bits", BITS)
def test_groups_of_zeros_stay_zero_and_have_a_scale_that_the_hardware_takes(bits) -> None:
    w = normal(2, (3, 8))
    w[1, 4:] = 0
    q = quantize_weights(w, bits, 4)
    assert not q.dequantize()[1, 4:].any()
    assert q.scales[1, 1] == 0
    assert integer_scales(q.scales, 8)[0].min() >= 1
    nothing = quantize_weights(np.zeros((2, 4)), bits)
    assert not nothing.dequantize().any()
    assert integer_scales(nothing.scales, 4) == (pytest.approx(np.ones((2, 1))), 1.0)


@given(scales=st.lists(st.floats(0, 1e6, allow_subnormal=False), min_size=1, max_size=20), bits=st.integers(2, 16))
def test_integer_scales_are_within_half_a_unit(scales, bits) -> None:
    integers, unit = integer_scales(scales, bits)
    assert (integers.min() >= 1, integers.max() < 1 << bits) == (True, True)
    kept = np.asarray(scales) >= unit / 2
    assert (np.abs(integers * unit - scales)[kept] <= unit / 2 * (1 + 1e-9)).all()
    assert max(scales) == 0 or integers[int(np.argmax(scales))] == (1 << bits) - 1


@given(lead=st.sampled_from([(), (3,), (2, 3)]), k=st.integers(1, 40), group=st.sampled_from([None, 4, 100]))
@pytest.mark.parametrize("name", ["int4", "int8", "int16"])
def test_activations_keep_their_largest_value(name, lead, k, group) -> None:
    fmt = Integer(int(name[3:]))
    a = normal(k, (*lead, k))
    values, scales = quantize_activations(a, fmt, group)
    assert values.shape == a.shape
    assert fmt.contains(values).all()
    assert scales.shape == (*lead, -(-k // (group or k)))
    back = dequantize(values, scales, group)
    spread = np.repeat(scales, group or k, axis=-1)[..., :k]
    assert (np.abs(back - a) <= spread / 2 * (1 + 1e-9)).all()
    largest = np.unravel_index(np.argmax(np.abs(a)), a.shape)
    assert abs(values[largest]) == fmt.hi


def test_unsigned_activations_make_zero_of_negative_ones() -> None:
    values, scales = quantize_activations([[-1.0, 0.5, 2.0]], Integer(8, is_signed=False))
    assert values.tolist() == [[0, 64, 255]]
    assert scales.tolist() == [[2 / 255]]


def test_a_quantised_layer_is_near_the_real_one() -> None:
    """Values and integer scales through the golden model of a design: the error is that of the formats alone."""
    params = LutParams.parse({"weight_format": "int4", "group": 32, "weight_scales": True, "activation_scales": True})
    a, w = normal(3, (6, 100)), normal(4, (10, 100))
    q = quantize_weights(w, 4, 32)
    values, scales = quantize_activations(a, INT8, 32)
    (weight_scale, unit_w), (activation_scale, unit_a) = integer_scales(q.scales, 8), integer_scales(scales, 8)
    tensors = {"a": values, "w": q.values, "weight_scale": weight_scale, "activation_scale": activation_scale}
    got = goldens.compute(LUT, params, "gemm", tensors) * (unit_w * unit_a)
    reference = dequantize(values, scales, 32) @ q.dequantize().T
    np.testing.assert_allclose(got, reference, atol=0.01 * np.abs(reference).max())
    assert np.sqrt(np.square(got - a @ w.T).mean() / np.square(a @ w.T).mean()) < 0.15


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: quantize_weights([1.0], 2), "LUT w must have 2 axes, (N, K), not (1,)"),
        (lambda: quantize_weights([[np.inf]], 2), "LUT w must hold finite numbers, not inf"),
        (lambda: quantize_weights([["a"]], 2), "LUT w must hold numbers, not '<U1'"),
        (lambda: quantize_weights(np.zeros((0, 2)), 2), "LUT w must not be empty, not (0, 2)"),
        (lambda: quantize_weights([[1.0]], 9), "LUT bits must be 1, 1.58 or 2 to 8, not 9"),
        (lambda: quantize_weights([[1.0]], 2.5), "LUT bits must be 1, 1.58 or 2 to 8, not 2.5"),
        (lambda: quantize_weights([[1.0]], 1, symmetric=False), "LUT symmetric must be true with 1 bits, not False"),
        (lambda: quantize_weights([[1.0]], 2, 0), "LUT group must be an integer of at least 1, not 0"),
        (lambda: quantize_activations(1.0, INT8), "LUT a must have at least 1 axis, not ()"),
        (lambda: quantize_activations([np.nan], INT8), "LUT a must hold finite numbers, not nan"),
        (lambda: integer_scales([-1.0], 8), "LUT scales must be at least 0, not -1.0"),
    ],
)
def test_bad_arguments_get_one_line(act, message) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        act()
