"""Elementary functions in pieces: their errors against the real functions, over every input."""

import numpy as np
import pytest

from rtloom.hdl.elementary import exp2, reciprocal, reciprocal_root

BITS, RESULT_BITS = 12, 20


@pytest.mark.parametrize("table_bits", [3, 5, 7])
def test_powers_of_two(table_bits):
    x = np.arange(1 << BITS)
    real = 2.0 ** (RESULT_BITS - x / 2**BITS)
    # The chord of 2**-x over a piece of width h, moved to its middle, is off by (h ln 2)**2 / 16.
    bound = (np.log(2) / 2**table_bits) ** 2 / 16 * 2**RESULT_BITS + 1
    error = np.abs(exp2(BITS, 2.0**RESULT_BITS, table_bits).evaluate(x) - real).max()
    assert bound / 3 < error < bound


@pytest.mark.parametrize("table_bits", [3, 5, 7])
def test_reciprocals(table_bits):
    x = np.arange(1 << BITS)
    real = 2.0**RESULT_BITS / (1 + x / 2**BITS)
    # The second derivative of 1 / (1 + x) is at most 2.
    bound = 2 / 4**table_bits / 16 * 2**RESULT_BITS + 1
    error = np.abs(reciprocal(BITS, RESULT_BITS, table_bits).evaluate(x) - real).max()
    assert bound / 3 < error < bound


@pytest.mark.parametrize("table_bits", [3, 5, 7])
def test_reciprocal_roots(table_bits):
    x = np.arange(2 << BITS)
    odd, mantissa = x >> BITS, x & ((1 << BITS) - 1)
    real = 2.0**BITS / np.sqrt((1 + mantissa / 2**BITS) * 2.0**odd)
    # The second derivative of 1 / sqrt(v) is at most 3/4.
    bound = 0.75 / 4**table_bits / 16 * 2**BITS + 1
    assert np.abs(reciprocal_root(BITS, table_bits).evaluate(x) - real).max() < bound
