"""Padding in all its forms, against the values that TensorFlow's documentation of SAME and VALID gives."""

import numpy as np
import pytest

from rtloom.verif.golden.convolution import pads


@pytest.mark.parametrize(
    ("padding", "expected"),
    [
        (2, ((2, 2), (2, 2))),
        ((1, 2), ((1, 1), (2, 2))),
        (np.array([1, 2]), ((1, 1), (2, 2))),
        (((0, 1), (2, 3)), ((0, 1), (2, 3))),
        ("valid", ((0, 0), (0, 0))),
    ],
)
def test_numbers_pairs_and_valid(padding, expected):
    assert pads(padding, (5, 6), (3, 3), 2) == expected


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "expected"),
    [
        ((5, 6), (3, 3), 1, ((1, 1), (1, 1))),
        ((5, 6), (3, 3), 2, ((1, 1), (0, 1))),
        ((4, 4), (1, 1), 2, ((0, 0), (0, 0))),
        ((13, 13), (6, 6), 5, ((1, 2), (1, 2))),
    ],
)
def test_same_keeps_the_size_and_puts_an_odd_zero_last(size, kernel, stride, expected):
    assert pads("same", size, kernel, stride) == expected
