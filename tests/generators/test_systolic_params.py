"""The systolic parameters: derived widths hold every sum, and each mistake gets one line."""

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtloom.errors import InputError
from rtloom.generators.systolic.params import SystolicParams

NAMES = ", ".join(SystolicParams.model_fields)
FORMATS = st.sampled_from(["int2", "int8", "int16", "uint1", "uint8", "ternary", "bipolar"])


@given(a=FORMATS, b=FORMATS, k=st.integers(1, 5000))
def test_no_sum_overflows_the_derived_accumulator(a: str, b: str, k: int) -> None:
    """The extreme sums of K products fit; one bit less would not hold them."""
    params = SystolicParams.parse({"a_format": a, "b_format": b, "max_reduction": k})
    corners = np.array(
        [x * y for x in (params.a_format.lo, params.a_format.hi) for y in (params.b_format.lo, params.b_format.hi)]
    )
    lo, hi = int(min(corners.min() * k, 0)), int(max(corners.max() * k, 0))
    assert params.sum_format.lo <= lo
    assert hi <= params.sum_format.hi
    assert lo < params.sum_format.lo // 2 or hi > params.sum_format.hi // 2


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"rows": 0}, "Systolic rows must be an integer from 1 to 256, not 0"),
        ({"rows": 257}, "Systolic rows must be an integer from 1 to 256, not 257"),
        ({"cols": "8"}, "Systolic cols must be an integer from 1 to 256, not '8'"),
        ({"cols": 1.5}, "Systolic cols must be an integer from 1 to 256, not 1.5"),
        ({"rows": True}, "Systolic rows must be an integer from 1 to 256, not True"),
        ({"bias": 1}, "Systolic bias must be true or false, not 1"),
        ({"accumulator_bits": 3}, "Systolic accumulator_bits must be an integer from 4 to 48 or null, not 3"),
        (
            {"dataflow": "row_stationary"},
            "Systolic dataflow must be output_stationary, weight_stationary or input_stationary, not 'row_stationary'",
        ),
        (
            {"a_format": "int99"},
            "Systolic a_format must be int2 to int16, uint1 to uint16, ternary or bipolar, not 'int99'",
        ),
        ({"b_format": 8}, "Systolic b_format must be int2 to int16, uint1 to uint16, ternary or bipolar, not 8"),
        ({"row": 8}, f"Systolic has no parameter 'row'; it has {NAMES}"),
        (
            {"accumulator_bits": 8},
            "Systolic accumulator_bits must be at least 32 for max_reduction=65536 unless it saturates or wraps, not 8",
        ),
        ({"overflow": "wrap"}, "Systolic accumulator_bits must be given where overflow is wrap"),
        ({"activation": "relu"}, "Systolic activation must be none unless requantize is true, not 'relu'"),
        (
            {"requantize": True, "output_format": "ternary"},
            "Systolic output_format must be an integer format, not 'ternary'",
        ),
        (
            {"output_format": "int4"},
            "Systolic output_format must be left at int8 in a design without requantize, not 'int4'",
        ),
        ({"multiplier_bits": 8}, "Systolic multiplier_bits must be left at 16 in a design without requantize, not 8"),
        (
            {"accumulator_rows": 4},
            "Systolic accumulator_rows must be left at 64 in a design that is output_stationary, not 4",
        ),
        (
            {"overflow": "wrap", "accumulator_bits": 9, "max_reduction": 4},
            "Systolic max_reduction must be left at 65536 in a design that may wrap, not 4",
        ),
        (
            {"a_format": "int16", "b_format": "int16", "max_reduction": 1 << 20},
            "Systolic max_reduction must give a sum of at most 48 bits, not 1048576",
        ),
    ],
)
def test_bad_parameters_get_one_line(raw: dict[str, Any], message: str) -> None:
    """Each mistake names the parameter, the rule and the value."""
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        SystolicParams.parse(raw)


def test_parameters_are_frozen_and_identified() -> None:
    """Equal parameters have equal digests, others not, and fields cannot be assigned."""
    params = SystolicParams.parse({"rows": 4})
    assert params.digest == SystolicParams.parse(params.to_dict()).digest != params.replace(cols=4).digest
    with pytest.raises(Exception, match="frozen"):
        params.rows = 5  # type: ignore[misc]


def test_operands_without_zero_travel_as_ternary() -> None:
    """Padding must add nothing: one of the operands on the wire has a zero."""
    params = SystolicParams.parse({"a_format": "bipolar", "b_format": "bipolar"})
    assert (params.a_wire.name, params.b_wire.name) == ("ternary", "bipolar")
    assert SystolicParams.parse({"a_format": "bipolar"}).a_wire.name == "bipolar"
