"""The demo's networks: data, float arithmetic, gradients, and training that gives the same bits every time."""

import hashlib
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from rtloom.errors import ToolError
from rtloom.examples.digits import train as training
from rtloom.examples.digits.data import load_digits, load_split_digits
from rtloom.examples.digits.network import CNN, MLP, Layer, Network, forward, input_shapes
from rtloom.examples.digits.train import predict, train
from rtloom.generators.convolution import ConvolutionShape, im2col

LAYERS = [
    Layer("dense", "dense", 5),
    Layer("same", "conv", 4, kernel=3, padding=1),
    Layer("half", "conv", 4, kernel=3, stride=2, padding=1),
    Layer("inside", "conv", 4, kernel=2, stride=3),
]


@pytest.fixture(scope="module")
def digits():
    return load_digits()


def test_held_out_images_are_360_and_hold_every_digit_alike(digits):
    assert digits.train_images.shape == (1437, 8, 8, 1)
    assert digits.test_images.shape == (360, 8, 8, 1)
    assert (digits.train_images.min(), digits.train_images.max()) == (0, 16)
    counts = np.bincount(digits.test_labels, minlength=10)
    assert counts.min() >= 34
    assert counts.max() <= 38
    again = load_digits()
    np.testing.assert_array_equal(digits.test_images, again.test_images)


def test_images_to_choose_by_are_neither_learnt_from_nor_judged_by(digits):
    split = load_split_digits()
    assert (len(split.train_images), len(split.validation_images), len(split.test_images)) == (1077, 360, 360)
    np.testing.assert_array_equal(split.validation_images, digits.test_images)
    np.testing.assert_array_equal(split.validation_labels, digits.test_labels)
    learnt = np.concatenate([split.train_images, split.test_images]).reshape(1437, -1)
    # No image is there twice, so that equal parts after sorting are equal parts.
    np.testing.assert_array_equal(np.unique(learnt, axis=0), np.unique(digits.train_images.reshape(1437, -1), axis=0))
    assert len(np.unique(learnt, axis=0)) == len(learnt)
    counts = np.bincount(split.test_labels, minlength=10)
    assert (counts.min(), counts.max()) == (35, 37)
    np.testing.assert_array_equal(split.test_images, load_split_digits().test_images)


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_scatter_is_the_transpose_of_columns(layer):
    rng = np.random.default_rng(1)
    x = rng.integers(-9, 10, (2, 7, 6, 3)).astype(np.float32)
    seen = layer.columns(x)
    assert seen.shape == (2 * int(np.prod(layer.output_shape(x.shape[1:])[:2])), layer.reduction(x.shape[1:]))
    gradient = rng.integers(-9, 10, seen.shape).astype(np.float32)
    # Small integers: both inner products are exact.
    assert np.vdot(seen, gradient) == np.vdot(x, layer.scatter(gradient, x.shape))


@pytest.mark.parametrize("layer", LAYERS[1:], ids=lambda layer: layer.name)
def test_columns_of_a_convolution_have_the_order_of_the_array(layer):
    x = np.random.default_rng(2).integers(-9, 10, (2, 7, 6, 3))
    kernels = (layer.kernel, layer.kernel, 3, layer.outputs)
    shape = ConvolutionShape.of(x.shape, kernels, layer.stride, layer.padding)
    assert shape.output_shape[1:] == layer.output_shape(x.shape[1:])
    np.testing.assert_array_equal(layer.columns(x.astype(np.float32)), im2col(x, shape, 0))


def test_layers_keep_an_8x8_array_busy():
    for network in (MLP, CNN):
        for layer, shape in zip(network.layers, input_shapes(network), strict=True):
            assert layer.reduction(shape) >= 8
            assert layer.outputs % 8 == 0 or layer is network.layers[-1]


@pytest.mark.parametrize("kind", ["dense", "conv"])
def test_gradients_equal_differences(kind):
    first = Layer("first", kind, 4, kernel=3, stride=2, padding=1) if kind == "conv" else Layer("first", kind, 6)
    network = Network("tiny", "tiny", 1, (first, Layer("last", "dense", 10, relu=False)))
    rng = np.random.default_rng(3)
    parameters = [p.astype(np.float64) for p in training._initial(network, rng)]
    images, labels = rng.random((5, 8, 8, 1)), rng.integers(0, 10, 5)

    def loss():
        scores = forward(network, training._pairs(parameters), images)[-1].reshape(5, 10)
        return np.mean(np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(5), labels])

    for parameter, gradient in zip(parameters, training._gradients(network, parameters, images, labels), strict=True):
        assert gradient.shape == parameter.shape
        for index in rng.integers(0, parameter.size, 12):
            kept = parameter.flat[index]
            parameter.flat[index] = kept + 1e-5
            above = loss()
            parameter.flat[index] = kept - 1e-5
            below = loss()
            parameter.flat[index] = kept
            assert gradient.flat[index] == pytest.approx((above - below) / 2e-5, rel=1e-3, abs=1e-6)


def test_images_are_moved_by_one_pixel_at_most():
    images = np.zeros((200, 8, 8, 1), dtype=np.float32)
    images[:, 3, 4] = 1
    moved = training.shifted(images, np.random.default_rng(4))
    _, rows, cols, _ = np.nonzero(moved)
    assert set(rows) == {2, 3, 4}
    assert set(cols) == {3, 4, 5}


def digest(weights):
    total = hashlib.sha256()
    for matrix, bias in weights:
        total.update(matrix.tobytes() + bias.tobytes())
    return total.hexdigest()


def test_two_trainings_give_the_same_bits(digits):
    for network in (replace(MLP, epochs=4), replace(CNN, epochs=1)):
        first, second = (digest(train(network, digits.train_images, digits.train_labels)) for _ in range(2))
        assert first == second


SCRIPT = """
from dataclasses import replace
from rtloom.examples.digits.data import load_digits
from rtloom.examples.digits.network import CNN
from rtloom.examples.digits.train import train
d = load_digits()
for matrix, bias in train(replace(CNN, epochs=1), d.train_images, d.train_labels):
    print(matrix.tobytes().hex(), bias.tobytes().hex())
"""


def test_the_number_of_threads_changes_nothing(digits, monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    other = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True).stdout
    here = train(replace(CNN, epochs=1), digits.train_images, digits.train_labels)
    assert other.split() == [array.tobytes().hex() for pair in here for array in pair]


def test_training_learns(digits):
    weights = train(replace(MLP, epochs=60), digits.train_images, digits.train_labels)
    right = predict(MLP, weights, digits.test_images) == digits.test_labels
    assert np.mean(right) > 0.9


@pytest.mark.parametrize(
    ("module", "package"), [("sklearn.datasets", "scikit-learn"), ("threadpoolctl", "threadpoolctl")]
)
def test_a_missing_package_is_one_clear_line(module, package, monkeypatch, digits):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ToolError, match=rf"^{package} must be installed for the demo: pip install 'rtloom\[demo\]'$"):
        train(MLP, load_digits().train_images, digits.train_labels)
