"""Training for weights of few bits: what is learnt, its gradients, and that integers compute the same."""

from dataclasses import replace

import numpy as np
import pytest

from rtloom.examples.digits.data import load_digits
from rtloom.examples.digits.network import CNN, MLP, forward
from rtloom.examples.digits.quantize import quantize
from rtloom.examples.digits.train import as_float, predict, train
from rtloom.examples.lut.layers import integer_layers
from rtloom.examples.lut.qat import FewBits, train_few_bits
from rtloom.generators.lut.params import LutParams
from rtloom.hdl.formats import Integer, parse_format
from rtloom.verif.golden.lut import compute

FORMATS = ["ternary", "int2", "int4"]
SHORT = {"mlp": replace(MLP, epochs=40), "cnn": replace(CNN, epochs=4)}


@pytest.fixture(scope="module")
def digits():
    return load_digits()


@pytest.fixture(scope="module", params=list(SHORT))
def trained(request, digits):
    """Return a network trained for a short while, and its weights."""
    network = SHORT[request.param]
    return network, train(network, digits.train_images, digits.train_labels)


def accuracy(network, weights, digits):
    return 100 * np.mean(predict(network, weights, digits.test_images) == digits.test_labels)


@pytest.mark.parametrize("name", FORMATS)
def test_matrices_are_values_of_the_format_times_a_step_for_each_column(trained, digits, name):
    network, weights = trained
    fmt = parse_format(name)
    learnt = train_few_bits(network, weights, fmt, digits.train_images, digits.train_labels, epochs=1)
    for (matrix, bias), step, layer, (before, _) in zip(
        learnt.weights, learnt.steps, network.layers, weights, strict=True
    ):
        assert matrix.dtype == bias.dtype == step.dtype == np.float32
        assert matrix.shape == before.shape
        assert step.shape == bias.shape == (layer.outputs,)
        assert (step > 0).all()
        values = np.rint(matrix / step)
        np.testing.assert_array_equal((values * step).astype(np.float32), matrix)
        assert set(np.unique(values)) == set(range(fmt.lo, fmt.hi + 1))


def test_the_first_steps_round_better_than_steps_that_clip_nothing(trained):
    _, weights = trained
    for name in FORMATS:
        form = FewBits(parse_format(name))
        first = form.result(form.begin(weights)).weights
        for (matrix, _), (rounded, _) in zip(weights, first, strict=True):
            widest = 2 * np.abs(matrix).max(axis=0) / (form.fmt.hi - form.fmt.lo)
            plain = np.clip(np.rint(matrix / widest), form.fmt.lo, form.fmt.hi) * widest
            errors = [np.square(each - matrix).sum(axis=0) for each in (rounded, plain)]
            assert (errors[0] <= errors[1] * (1 + 1e-4)).all()
            assert errors[0].sum() < 0.95 * errors[1].sum() or name == "int4"


def random_parameters(rng):
    return [rng.normal(size=(7, 5)), rng.normal(size=5), np.log(rng.uniform(0.2, 0.6, 5))]


def test_the_gradient_follows_a_matrix_and_its_step_exactly():
    """Scaled together they scale what is used, so along that direction the estimator is a true derivative."""
    rng = np.random.default_rng(1)
    form = FewBits(Integer(2))
    parameters = random_parameters(rng)
    used = form.used(parameters)
    slopes = [rng.normal(size=array.shape) for array in used]
    matrix, bias, log_step = form.back(parameters, slopes)
    expected = (slopes[0] * used[0]).sum(axis=0)
    np.testing.assert_allclose((matrix * parameters[0]).sum(axis=0) + log_step, expected, rtol=1e-12)
    np.testing.assert_array_equal(bias, slopes[1])


def test_the_gradient_passes_rounding_and_stops_at_clipping():
    form = FewBits(Integer(2))
    parameters = [np.array([[0.2], [-1.4], [-2.5], [1.6]]), np.zeros(1), np.zeros(1)]
    matrix, _, log_step = form.back(parameters, [np.ones((4, 1)), np.zeros(1)])
    assert matrix.ravel().tolist() == [1, 1, 0, 0]
    # What rounding adds to 0.2 and -1.4, and the values that clipped ones take.
    np.testing.assert_allclose(log_step, -0.2 + 0.4 - 2 + 1)


def test_training_gives_the_same_bits_and_leaves_the_float_weights(trained, digits):
    network, weights = trained
    before = [array.copy() for pair in weights for array in pair]
    again = [
        train_few_bits(network, weights, Integer(2), digits.train_images, digits.train_labels, epochs=1)
        for _ in range(2)
    ]
    for first, second in zip(*(each.weights for each in again), strict=True):
        assert [array.tobytes() for array in first] == [array.tobytes() for array in second]
    for array, kept in zip([array for pair in weights for array in pair], before, strict=True):
        np.testing.assert_array_equal(array, kept)


LEARNT = {
    # Measured: 55.3 % becomes 93.1 %, 66.4 % 94.2 %; 64.2 % becomes 93.3 %, 78.3 % 93.9 %.
    ("mlp", "ternary"): (70, 89),
    ("mlp", "int2"): (80, 90),
    ("cnn", "ternary"): (80, 89),
    ("cnn", "int2"): (87, 90),
}


@pytest.mark.parametrize("name", ["ternary", "int2"])
def test_training_regains_what_rounding_loses(trained, digits, name):
    network, weights = trained
    data = (digits.train_images, digits.train_labels)
    worse, better = LEARNT[network.name, name]
    rounded = train_few_bits(network, weights, parse_format(name), *data, epochs=0)
    assert accuracy(network, rounded.weights, digits) < worse
    learnt = train_few_bits(network, weights, parse_format(name), *data, epochs=network.epochs // 2)
    assert accuracy(network, learnt.weights, digits) > better


def test_ternary_weights_come_near_the_float_network(digits):
    """The convolutional network, trained as long as in the demo. Measured: 99.17 % float, 98.61 % ternary."""
    data = (digits.train_images, digits.train_labels)
    weights = train(CNN, *data)
    learnt = train_few_bits(CNN, weights, parse_format("ternary"), *data, epochs=CNN.epochs // 2)
    assert accuracy(CNN, learnt.weights, digits) >= 97.5


@pytest.mark.parametrize("name", FORMATS)
def test_integers_see_what_the_learnt_network_sees(trained, digits, name):
    network, weights = trained
    fmt = parse_format(name)
    learnt = train_few_bits(network, weights, fmt, digits.train_images, digits.train_labels, epochs=1)
    layers = integer_layers(network, learnt, fmt, digits.train_images, 16)
    params = LutParams(weight_format=name, addend="bias", requantize=True, activation="relu")
    x = digits.test_images
    for layer, (matrix, _), step in zip(layers, learnt.weights, learnt.steps, strict=True):
        np.testing.assert_allclose(layer.weights.reshape(matrix.shape) * step, matrix, rtol=1e-6)
        tensors = layer.tensors(x)
        if layer.layer.kind == "dense":
            assert tensors["w"].shape == (layer.layer.outputs, tensors["a"].shape[1])
        y = compute(params, layer.operation, **tensors)
        x = y.reshape(len(y), 1, 1, -1) if y.ndim == 2 else y
    scores = forward(network, learnt.weights, as_float(digits.test_images))[-1].reshape(360, 10)
    agree = np.argmax(x.reshape(360, 10), axis=1) == np.argmax(scores, axis=1)
    assert agree.mean() >= 0.97


def test_steps_that_are_not_given_take_the_whole_format(trained, digits):
    network, weights = trained
    for layer in quantize(network, weights, digits.train_images, weight_format=Integer(4)):
        assert layer.weights.max() <= 7
        assert (np.abs(layer.weights).reshape(-1, layer.layer.outputs).max(axis=0) == 7).all()
