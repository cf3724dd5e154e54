"""Pruning of the digits networks: the right weights go, what is gone stays gone, and the rest learns."""

import numpy as np
import pytest

from rtloom.examples.digits.data import load_digits
from rtloom.examples.digits.network import CNN, MLP, Layer, Network, input_shapes
from rtloom.examples.digits.train import predict, train
from rtloom.examples.sparse.training import PATTERNS, Pattern, pruned, train_few_bits_on, train_on
from rtloom.hdl.formats import Integer

INT4 = Integer(4)
SMALL = Network("small", "small network", 5, (Layer("hidden", "dense", 12), Layer("scores", "dense", 10, relu=False)))


@pytest.fixture(scope="module")
def digits():
    return load_digits()


def drawn(network, seed=0):
    """Return random weights for a network."""
    rng = np.random.default_rng(seed)
    return [
        (
            rng.standard_normal((layer.reduction(shape), layer.outputs)).astype(np.float32),
            rng.standard_normal(layer.outputs).astype(np.float32),
        )
        for layer, shape in zip(network.layers, input_shapes(network), strict=True)
    ]


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.title)
@pytest.mark.parametrize("network", [MLP, CNN], ids=lambda network: network.name)
def test_the_largest_of_each_block_along_a_sum_are_kept(network, pattern):
    weights = drawn(network)
    for (matrix, bias), (fewer, same) in zip(weights, pruned(weights, pattern), strict=True):
        assert np.array_equal(bias, same)
        for begin in range(0, len(matrix), pattern.m):
            block, left = matrix[begin : begin + pattern.m], fewer[begin : begin + pattern.m]
            kept = left != 0
            assert (kept.sum(axis=0) == min(pattern.n, len(block))).all()
            assert np.array_equal(block[kept], left[kept])
            smallest = np.where(kept, np.abs(block), np.inf).min(axis=0)
            assert (np.where(kept, 0, np.abs(block)).max(axis=0) <= smallest).all()


def test_patterns_have_titles():
    assert [pattern.title for pattern in PATTERNS] == ["2:4", "1:4", "4:16"]
    assert Pattern(16, 16).title == "dense"


def test_what_is_pruned_stays_so_and_the_rest_learns(digits):
    learn = (digits.train_images, digits.train_labels)
    fewer = pruned(drawn(SMALL), PATTERNS[0])
    before = [(matrix.copy(), bias.copy()) for matrix, bias in fewer]
    trained = train_on(SMALL, fewer, *learn, epochs=3)
    for (matrix, bias), (given, given_bias), (was, was_bias) in zip(trained, fewer, before, strict=True):
        assert not matrix[was == 0].any()
        assert (matrix != was)[was != 0].mean() > 0.9
        assert (bias != was_bias).all()
        assert np.array_equal(given, was)
        assert np.array_equal(given_bias, was_bias)
    again = train_on(SMALL, fewer, *learn, epochs=3)
    assert all(
        np.array_equal(a, b) for one, two in zip(trained, again, strict=True) for a, b in zip(one, two, strict=True)
    )


def test_few_bits_keep_zeros_and_are_values_of_their_format(digits):
    fewer = pruned(drawn(SMALL), PATTERNS[1])
    learnt = train_few_bits_on(SMALL, fewer, INT4, digits.train_images, digits.train_labels, epochs=2)
    for (matrix, _), (was, _), step in zip(learnt.weights, fewer, learnt.steps, strict=True):
        codes = matrix / step
        np.testing.assert_allclose(codes, np.rint(codes), atol=1e-5)
        assert np.abs(codes).max() <= 8
        assert len(np.unique(np.rint(codes))) > 8
        assert not matrix[was == 0].any()


def test_training_brings_back_what_pruning_took(digits):
    learn = (digits.train_images, digits.train_labels)
    weights = train(SMALL, *learn)

    def right(form):
        return np.mean(predict(SMALL, form, digits.test_images) == digits.test_labels)

    fewer = pruned(weights, PATTERNS[0])
    trained = train_on(SMALL, fewer, *learn, epochs=5)
    learnt = train_few_bits_on(SMALL, trained, INT4, *learn, epochs=2)
    assert right(trained) > right(fewer) + 0.05
    assert right(learnt.weights) > right(fewer) + 0.05
