"""Polynomials: every input of the RTL against the shape, the shape against Horner's rule, and error bounds."""

from typing import Any

import numpy as np
import pytest

from rtloom.errors import InputError
from rtloom.hdl.polynomial import Polynomial
from rtloom.hdl.polynomial_shape import GUARD_BITS, PolynomialShape

from .bench import clocked, function_values


def falling(x: np.ndarray) -> np.ndarray:
    return 2.0 ** (18 - x / 1024)


def through_zero(x: np.ndarray) -> np.ndarray:
    return 100 * np.sin(x / 40 - 1)


SHAPES = [
    *(PolynomialShape.of(falling, degree, 10) for degree in (1, 2, 3, 4, 5)),
    PolynomialShape.of(through_zero, 3, 6),
    PolynomialShape.of(lambda x: -falling(x), 2, 10),
    PolynomialShape((5, -3, 0), 1),
]


@pytest.mark.parametrize("shape", SHAPES)
def test_hardware_is_the_shape_for_every_input(shape: PolynomialShape) -> None:
    unit = Polynomial(shape)
    x = np.arange(1 << shape.x_bits)
    assert function_values(unit, x) == shape.evaluate(x).tolist()
    assert unit.latency == shape.degree


def test_nothing_moves_without_enable() -> None:
    unit = Polynomial(SHAPES[1])
    seen: list[int] = []

    async def bench(ctx: Any) -> None:
        for x, en in ((0, 1), (0, 1), (1023, 0), (1023, 0), (1023, 1), (1023, 1)):
            ctx.set(unit.x, x)
            ctx.set(unit.en, en)
            await ctx.tick()
            seen.append(ctx.get(unit.o))

    clocked(unit, bench)
    first, last = SHAPES[1].evaluate(np.array([0, 1023])).tolist()
    assert seen[1:4] == [first] * 3
    assert seen[4:] == [first, last]


@pytest.mark.parametrize("shape", SHAPES)
def test_results_are_rounded_by_horners_rule(shape: PolynomialShape) -> None:
    results = []
    for x in range(1 << shape.x_bits):
        total = 0
        for coefficient in reversed(shape.coefficients):
            total = total * x // 2**shape.x_bits + coefficient
        results.append(total // 2**GUARD_BITS)
    assert shape.evaluate(np.arange(1 << shape.x_bits)).tolist() == results
    assert shape.y_range == (min(results), max(results))


def test_the_error_falls_with_the_degree() -> None:
    x = np.arange(1024)
    errors = [np.abs(shape.evaluate(x) - falling(x)).max() / 2**18 for shape in SHAPES[:5]]
    # A polynomial through n + 1 Chebyshev nodes is off by at most (ln 2)**(n+1) / ((n+1)! * 2**(2n+1)).
    bounds = [np.log(2) ** 2 / 2 / 8, np.log(2) ** 3 / 6 / 32, np.log(2) ** 4 / 24 / 128]
    assert all(error < bound + 2**-18 for error, bound in zip(errors, bounds, strict=False))
    assert all(error > bound / 2 for error, bound in zip(errors, bounds, strict=False))
    assert max(errors[3:]) < 2**-16


def test_no_degree() -> None:
    with pytest.raises(InputError, match=r"^Polynomial degree must be positive, not 0$"):
        PolynomialShape.of(falling, 0, 10)
