"""Exponential and reciprocal of the attention family: every input of every shape against the real functions."""

import itertools

import numpy as np
import pytest

from rtloom.generators.attention.functions import RECIPROCAL_BITS, exponential_shape, reciprocal_shape
from rtloom.hdl.piecewise_shape import PiecewiseShape

ACCURACIES = range(6, 16)
FRACTIONS = range(4, 13)


@pytest.mark.parametrize("kind", ["table", "polynomial"])
@pytest.mark.parametrize("accuracy", ACCURACIES)
def test_every_exponential_is_as_accurate_as_it_says(kind: str, accuracy: int) -> None:
    for fraction, bits in itertools.product(FRACTIONS, range(max(accuracy, 8), 21)):
        shape = exponential_shape(kind, accuracy, fraction, bits)
        x = np.arange(1 << fraction)
        real, y = 2.0 ** (-x / (1 << fraction)), shape.evaluate(x)
        # The function is scaled by as much as is room for, which normalisation takes out again.
        most = (1 << bits) - 1 - (1 << max(bits - accuracy - 1, 0))
        allowed = 2.0 ** (bits - accuracy) + 1
        if isinstance(shape, PiecewiseShape) and not shape.rest_bits:
            # Points without pieces between are moved like pieces: by a common factor, which is taken out as well.
            most = ((y / real).max() + (y / real).min()) / 2
            allowed = 1.0
        assert np.abs(y - most * real).max() <= allowed, (fraction, bits)
        assert y.max() < 1 << bits
        assert y.min() >= (1 << (bits - 1)) - allowed - (1 << bits) * 2.0 ** -(accuracy + 1)
        assert shape.y_range == (y.min(), y.max())


@pytest.mark.parametrize("kind", ["table", "polynomial"])
@pytest.mark.parametrize("accuracy", ACCURACIES)
def test_exponentials_are_not_larger_than_they_need_be(kind: str, accuracy: int) -> None:
    shape = exponential_shape(kind, accuracy, 12, 20)
    if isinstance(shape, PiecewiseShape):
        # Half of the segments have four times the error.
        assert shape.segments <= 2 ** (accuracy // 2)
        assert shape.x_bits == 12
    else:
        assert shape.degree <= 4
        assert shape.degree < exponential_shape(kind, 15, 12, 20).degree or accuracy > 13


def test_the_exponential_hardly_rises() -> None:
    for kind, accuracy in itertools.product(("table", "polynomial"), ACCURACIES):
        y = exponential_shape(kind, accuracy, 10, 16).evaluate(np.arange(1 << 10))
        # Pieces that meet at slightly different heights may rise by that.
        assert np.diff(y).max() <= 2.0 ** (16 - accuracy)


def test_the_reciprocal_of_every_input() -> None:
    shape = reciprocal_shape()
    x = np.arange(1 << shape.x_bits)
    y = shape.evaluate(x) / 2**RECIPROCAL_BITS
    assert shape.x_bits == 14
    assert np.abs(y - 1 / (1 + x / len(x))).max() <= 2**-14
    # Whatever is cut off below x makes the result too large, by less than a unit of x.
    assert np.abs(y * (1 + x / len(x)) - 1).max() <= 2**-13
    assert (y * (1 + (x + 1) / len(x)) - 1).max() <= 2**-13
    assert 0.5 < y.min() < 0.5 + 2**-14
    assert 1 - 2**-14 < y.max() <= 1
