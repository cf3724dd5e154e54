"""Post-training quantisation: integer scales to their error bound, layers to theirs."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtloom.errors import InputError
from rtloom.examples.digits.data import PIXEL_MAX, load_digits
from rtloom.examples.digits.network import CNN, MLP, forward
from rtloom.examples.digits.quantize import quantize, quantize_multiplier
from rtloom.examples.digits.train import as_float, train
from rtloom.generators.systolic.params import SystolicParams
from rtloom.verif.golden.systolic import compute

PARAMS = SystolicParams.parse({"bias": True, "requantize": True, "activation": "relu"})


@given(real=st.floats(2.0**-48, 65535), bits=st.just(16))
def test_a_scale_is_met_to_a_sixteen_bit_fraction(real, bits):
    multiplier, shift = quantize_multiplier(real, bits)
    assert 1 << (bits - 1) <= multiplier < 1 << bits or shift == 0
    assert 0 <= shift <= 63
    assert abs(Fraction(multiplier, 2**shift) / Fraction(real) - 1) <= Fraction(1, 2**bits)


@given(bits=st.integers(2, 24), data=st.data())
def test_a_scale_is_met_at_any_width(bits, data):
    real = data.draw(st.floats(2.0 ** (bits - 64), 2**bits - 1))
    multiplier, shift = quantize_multiplier(real, bits)
    assert 1 <= multiplier < 1 << bits
    assert 0 <= shift <= 63
    assert abs(Fraction(multiplier, 2**shift) / Fraction(real) - 1) <= Fraction(1, 2**bits)


def test_scales_at_the_edges():
    assert quantize_multiplier(1.0) == (32768, 15)
    assert quantize_multiplier(0.5) == (32768, 16)
    assert quantize_multiplier(1 - 2.0**-20) == (32768, 15)  # rounds up to a power of two
    assert quantize_multiplier(65535.0) == (65535, 0)
    assert quantize_multiplier(2.0**-63) == (1, 63)
    assert quantize_multiplier(2.0**-64 * 1.01) == (1, 63)


@pytest.mark.parametrize("real", [0.0, -1.0, 2.0**-64, 65535.5, float("inf"), float("nan")])
def test_scales_out_of_range_are_one_clear_line(real):
    with pytest.raises(InputError, match=rf"^Requantisation scale must be between 2\^-64 and 65535, not {real!r}$"):
        quantize_multiplier(real)


@pytest.fixture(scope="module", params=[replace(MLP, epochs=20), replace(CNN, epochs=3)], ids=lambda n: n.name)
def trained(request):
    """Return a network trained for a short while, its weights, the images and its int8 form."""
    digits = load_digits()
    weights = train(request.param, digits.train_images, digits.train_labels)
    return request.param, weights, digits, quantize(request.param, weights, digits.train_images)


def images_of(values):
    return values.reshape(len(values), 1, 1, -1) if values.ndim == 2 else values


def test_a_layer_errs_by_its_rounding_alone(trained):
    """Bound for the first layer: half a unit of output, of each weight, of the bias; 2^-16 of the scale."""
    network, weights, digits, layers = trained
    exact = forward(network, weights, as_float(digits.test_images))[0]
    first = layers[0]
    matrix, _ = weights[0]
    got = images_of(compute(PARAMS, first.operation, **first.tensors(digits.test_images))) * first.scale
    pixels = first.layer.columns(as_float(digits.test_images)).astype(np.float64)
    unit = np.abs(matrix).max(axis=0) / 127
    bound = unit / 2 * pixels.sum(axis=1, keepdims=True) + unit / PIXEL_MAX / 2
    bound = bound.reshape(exact.shape) + first.scale / 2 + np.abs(exact) * 2.0**-15 + 1e-5
    # Held-out images may leave the range that the others showed; there the output clips.
    inside = exact <= first.scale * 127
    assert inside.mean() > 0.999
    assert (np.abs(got - exact) <= bound)[inside].all()


def test_values_are_int8_and_use_the_range(trained):
    _, _, digits, layers = trained
    x = digits.train_images
    for layer in layers:
        assert np.abs(layer.weights).max() == 127
        assert (np.abs(layer.weights).reshape(-1, layer.layer.outputs).max(axis=0) == 127).all()
        assert (layer.multiplier >= 1 << 15).all()
        x = images_of(compute(PARAMS, layer.operation, **layer.tensors(x)))
        assert 122 <= np.abs(x).max() <= 128
        assert x.min() < -50 or layer.layer.relu


def test_eight_bits_see_what_the_float_network_sees(trained):
    network, weights, digits, layers = trained
    x = digits.test_images
    for layer in layers:
        x = images_of(compute(PARAMS, layer.operation, **layer.tensors(x)))
    scores = forward(network, weights, as_float(digits.test_images))[-1].reshape(360, 10)
    agree = np.argmax(x.reshape(360, 10), axis=1) == np.argmax(scores, axis=1)
    assert agree.mean() >= 0.97


def test_a_channel_of_zeros_stays_zero():
    weights = [(np.zeros((64, 64), np.float32), np.zeros(64, np.float32))]
    weights += [(np.ones((k, n), np.float32), np.ones(n, np.float32)) for k, n in ((64, 32), (32, 10))]
    weights[0][0][:, 1] = 0.5
    first = quantize(MLP, weights, np.ones((2, 8, 8, 1), dtype=np.int64))[0]
    assert (first.weights[:, 0] == 0).all()
    assert (first.weights[:, 1] == 127).all()


def test_multipliers_fit_a_narrower_array(trained):
    network, weights, digits, _ = trained
    for layer in quantize(network, weights, digits.train_images, 8):
        assert layer.multiplier.max() < 256
