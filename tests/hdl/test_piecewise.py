"""Piecewise functions: every input of the RTL against the shape, the shape against fractions, and error bounds."""

from fractions import Fraction

import numpy as np
import pytest

from rtloom.errors import InputError
from rtloom.hdl.piecewise import Piecewise
from rtloom.hdl.piecewise_shape import PiecewiseShape

from .bench import function_values


def falling(x: np.ndarray) -> np.ndarray:
    return 2.0 ** (12 - x / 1024)


def rising_through_zero(x: np.ndarray) -> np.ndarray:
    return 100 * np.sin(x / 40 - 1)


SHAPES = [
    PiecewiseShape.of(falling, 16, 6),
    PiecewiseShape.of(falling, 5, 3),
    PiecewiseShape.of(rising_through_zero, 1, 6),
    PiecewiseShape.of(rising_through_zero, 64, 0),
]


@pytest.mark.parametrize("shape", SHAPES)
def test_hardware_is_the_shape_for_every_input(shape: PiecewiseShape) -> None:
    unit = Piecewise(shape)
    x = np.arange(shape.segments << shape.rest_bits)
    assert function_values(unit, x) == shape.evaluate(x).tolist()


@pytest.mark.parametrize("shape", SHAPES)
def test_results_are_rounded_sums_of_the_pieces(shape: PiecewiseShape) -> None:
    for x in range(0, shape.segments << shape.rest_bits, 7):
        segment, rest = divmod(x, 1 << shape.rest_bits)
        exact = Fraction(shape.base[segment] + shape.slope[segment] * rest, 1 << shape.guard_bits)
        assert shape.evaluate(np.array([x]))[0] == exact.__floor__()


def test_the_error_falls_with_the_square_of_the_segments() -> None:
    errors = []
    for segments, rest in ((8, 9), (16, 8), (32, 7)):
        shape = PiecewiseShape.of(lambda x: 2.0 ** (24 - x / 4096), segments, rest)
        x = np.arange(4096)
        errors.append(np.abs(shape.evaluate(x) - 2.0 ** (24 - x / 4096)).max() / 2**24)
    # The chord of 2**-x is off by (h ln 2)**2 / 8, and by half of that when moved to its middle.
    bounds = [(np.log(2) / segments) ** 2 / 16 for segments in (8, 16, 32)]
    assert all(error < bound + 2**-23 for error, bound in zip(errors, bounds, strict=True))


def test_no_segment() -> None:
    with pytest.raises(InputError, match=r"^Piecewise segments must be positive, not 0$"):
        PiecewiseShape.of(falling, 0, 3)
