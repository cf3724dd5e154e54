"""Convolution as matrix products against a loop over its definition and against scipy.signal."""

import itertools
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal

from rtloom.errors import InputError
from rtloom.generators.convolution import (
    ConvolutionShape,
    assemble,
    choose_merge,
    convolution_gemms,
    im2col,
    weight_matrix,
)
from rtloom.hdl.formats import BIPOLAR, TERNARY, Integer

INT8 = Integer(8)


def by_definition(x, w, stride, padding, groups):
    """One output at a time: the sum of products, zeros outside the image."""
    (top, bottom), (left, right) = padding
    batch, height, width = x.shape[:3]
    tall, wide, share, outputs = w.shape
    rows = (height + top + bottom - tall) // stride[0] + 1
    cols = (width + left + right - wide) // stride[1] + 1
    y = np.zeros((batch, rows, cols, outputs), dtype=np.int64)
    for b, i, j, o in np.ndindex(*y.shape):
        first = o // (outputs // groups) * share
        for u, v, c in np.ndindex(tall, wide, share):
            row, col = i * stride[0] + u - top, j * stride[1] + v - left
            if 0 <= row < height and 0 <= col < width:
                y[b, i, j, o] += x[b, row, col, first + c] * w[u, v, c, o]
    return y


def by_gemms(x, w, stride, padding, groups, merge):
    shape = ConvolutionShape.of(x.shape, w.shape, stride, padding, groups)
    gemms = convolution_gemms(x, w, stride, padding, groups, merge)
    covered = [channel for *_, part in gemms for channel in range(part.start, part.stop)]
    assert covered == list(range(shape.outputs))
    return assemble([a @ b for a, b, _ in gemms], shape)


def random_case(seed, size, kernel, channels, outputs, groups):
    rng = np.random.default_rng(seed)
    x = INT8.random(rng, (2, *size, channels))
    return x, INT8.random(rng, (*kernel, channels // groups, outputs))


EDGES = list(itertools.product([(1, 1), (2, 1), (3, 2)], [((0, 0), (0, 0)), ((1, 1), (1, 1)), ((0, 2), (3, 1))]))


@pytest.mark.parametrize(("stride", "padding"), EDGES)
@pytest.mark.parametrize("kernel", [(1, 1), (3, 3), (2, 3), (4, 1)])
@pytest.mark.parametrize(("groups", "channels", "outputs"), [(1, 3, 5), (2, 4, 6), (4, 4, 4), (3, 3, 6)])
def test_equals_the_definition_however_groups_are_merged(stride, padding, kernel, groups, channels, outputs):
    x, w = random_case(1, (5, 4), kernel, channels, outputs, groups)
    expected = by_definition(x, w, stride, padding, groups)
    for merge in range(1, groups + 1):
        np.testing.assert_array_equal(by_gemms(x, w, stride, padding, groups, merge), expected)


@given(
    seed=st.integers(0, 2**32),
    size=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.tuples(*[st.tuples(st.integers(1, 3), st.integers(1, 3))] * 2),
    groups=st.integers(1, 3),
    shares=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    merge=st.integers(1, 4),
)
def test_equals_the_definition_at_random(seed, size, kernel, stride, padding, groups, shares, merge):
    x, w = random_case(seed, size, kernel, groups * shares[0], groups * shares[1], groups)
    expected = by_definition(x, w, stride, padding, groups)
    np.testing.assert_array_equal(by_gemms(x, w, stride, padding, groups, merge), expected)


@pytest.mark.parametrize(("ours", "theirs"), [("valid", "valid"), (((2, 2), (1, 1)), "full"), ("same", "same")])
def test_equals_scipy(ours, theirs):
    x, w = random_case(2, (9, 7), (3, 2) if ours != "same" else (3, 3), 4, 3, 1)
    y = by_gemms(x, w, 1, ours, 1, 1)
    for b, o in np.ndindex(2, 3):
        parts = [signal.correlate2d(x[b, :, :, c], w[:, :, c, o], mode=theirs) for c in range(4)]
        np.testing.assert_array_equal(y[b, :, :, o], np.sum(parts, axis=0))


def test_depthwise_equals_scipy():
    x, w = random_case(3, (6, 6), (3, 3), 5, 5, 5)
    y = by_gemms(x, w, 1, 1, 5, 2)
    for c in range(5):
        np.testing.assert_array_equal(y[1, :, :, c], signal.correlate2d(x[1, :, :, c], w[:, :, 0, c], mode="same"))


@pytest.mark.parametrize(("size", "kernel", "stride"), list(itertools.product(range(1, 9), range(1, 5), range(1, 4))))
def test_same_gives_the_size_divided_by_the_stride_with_the_fewest_zeros(size, kernel, stride):
    shape = ConvolutionShape.of((1, size, size, 1), (kernel, kernel, 1, 1), stride, "same")
    (before, after), _ = shape.padding
    places = -(-size // stride)
    assert shape.output_height == shape.output_width == places
    assert 0 <= after - before <= 1
    assert before + after == 0 or before + after + size == (places - 1) * stride + kernel


def test_columns_run_over_row_then_column_then_channel():
    x = np.arange(2 * 2 * 2).reshape(1, 2, 2, 2)
    w = np.arange(2 * 2 * 2 * 3).reshape(2, 2, 2, 3)
    shape = ConvolutionShape.of(x.shape, w.shape)
    assert im2col(x, shape, 0).tolist() == [list(range(8))]
    assert weight_matrix(w, shape, 0).tolist() == w.reshape(8, 3).tolist()


def test_numpy_numbers_lists_and_arrays_are_sizes_too():
    forms = [(np.int64(2), np.array([1, 1])), ([2, 2], [[1, 1], [1, 1]]), (np.array([2, 2]), np.int32(1))]
    shapes = {ConvolutionShape.of((1, 8, 8, 4), (3, 3, 2, 8), *form, np.int64(2)) for form in forms}
    assert shapes == {ConvolutionShape.of((1, 8, 8, 4), (3, 3, 2, 8), (2, 2), ((1, 1), (1, 1)), 2)}


def test_sizes_of_a_layer():
    shape = ConvolutionShape.of((10, 8, 6, 4), (3, 3, 2, 8), (2, 1), 1, 2)
    assert shape.output_shape == (10, 4, 6, 8)
    assert (shape.places, shape.reduction, shape.group_outputs) == (240, 18, 4)
    assert shape.macs == 240 * 18 * 8


def array_cycles(m, k, n, rows=8, cols=8):
    """Tiles of an output-stationary array, each as long as its reduction."""
    return -(-m // rows) * -(-n // cols) * max(k, rows)


def test_merge_fills_an_array_that_depthwise_leaves_idle():
    shape = ConvolutionShape.of((1, 8, 8, 16), (3, 3, 1, 16), 1, 1, 16)
    # One group: 16 products of N = 1 at 9 cycles a tile. More groups lengthen K as much as they fill columns.
    assert choose_merge(shape, INT8, array_cycles) == 1
    short = ConvolutionShape.of((1, 8, 8, 16), (1, 2, 1, 16), 1, 0, 16)
    # K = 2 leaves 6 of the 8 cycles that a tile drains for: four groups fill them.
    assert choose_merge(short, INT8, array_cycles) == 4
    assert choose_merge(short, TERNARY, array_cycles) == 4


def test_merge_counts_the_ragged_rest():
    shape = ConvolutionShape.of((1, 1, 1, 7), (1, 1, 1, 7), 1, 0, 7)
    asked = []
    assert choose_merge(shape, INT8, lambda m, k, n: asked.append((m, k, n)) or {3: 1.0, 1: 5.0}.get(k, 9.0)) == 3
    assert set(asked) == {(1, k, k) for k in range(1, 8)}


def test_weights_without_zero_are_not_merged():
    shape = ConvolutionShape.of((1, 4, 4, 8), (1, 1, 1, 8), 1, 0, 8)
    assert choose_merge(shape, BIPOLAR, lambda m, k, n: -k) == 1


def test_padding_needs_a_zero():
    plain = ConvolutionShape.of((1, 4, 4, 1), (3, 3, 1, 1))
    padded = ConvolutionShape.of((1, 4, 4, 1), (3, 3, 1, 1), padding=((0, 0), (0, 1)))
    plain.check_zero(BIPOLAR)
    padded.check_zero(INT8)
    message = "Convolution padding must be 0 for bipolar, which has no zero, not ((0, 0), (0, 1))"
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        padded.check_zero(BIPOLAR)


X, W = (2, 8, 8, 4), (3, 3, 4, 6)
X_AXES = "Convolution x must have 4 axes of at least 1: batch, height, width, channels, not "
W_AXES = (
    "Convolution w must have 4 axes of at least 1: kernel height, kernel width, input channels per group, "
    "output channels, not "
)
STRIDE = "Convolution stride must be an integer of at least 1, or two: vertical, horizontal, not "
PADDING = (
    "Convolution padding must be 'same', 'valid', an integer of at least 0, two (vertical, horizontal) or "
    "((top, bottom), (left, right)), not "
)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((8, 8, 4), W), X_AXES + "(8, 8, 4)"),
        (((0, 8, 8, 4), W), X_AXES + "(0, 8, 8, 4)"),
        ((X, (3, 4, 6)), W_AXES + "(3, 4, 6)"),
        ((X, (3, 3, 0, 6)), W_AXES + "(3, 3, 0, 6)"),
        ((X, W, 0), STRIDE + "0"),
        ((X, W, (1, 2, 3)), STRIDE + "(1, 2, 3)"),
        ((X, W, 1.0), STRIDE + "1.0"),
        ((X, W, True), STRIDE + "True"),
        ((X, W, 1, -1), PADDING + "-1"),
        ((X, W, 1, "full"), PADDING + "'full'"),
        ((X, W, 1, ((1, 2), 0.5)), PADDING + "((1, 2), 0.5)"),
        ((X, W, 1, (1, 1, 1, 1)), PADDING + "(1, 1, 1, 1)"),
        ((X, W, 1, 0, 0), "Convolution groups must be an integer of at least 1, not 0"),
        ((X, W, 1, 0, "two"), "Convolution groups must be an integer of at least 1, not 'two'"),
        ((X, W, 1, 0, 3), "Convolution groups must divide the 4 input channels, not 3"),
        ((X, W, 1, 0, 4), "Convolution groups must divide the 6 output channels, not 4"),
        ((X, W, 1, 0, 2), "Convolution w must have 2 input channels per group, as x and groups say, not 4"),
        (((1, 4, 4, 4), (3, 7, 4, 6), 1, 1), "Convolution w must be no larger than the padded image, 6x6, not (3, 7)"),
    ],
)
def test_wrong_sizes_are_one_clear_line(arguments, message):
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        ConvolutionShape.of(*arguments)
