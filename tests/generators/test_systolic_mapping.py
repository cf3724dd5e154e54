"""The systolic mapping: tensors of any size become beats that mean the product, and come back."""

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtloom.errors import InputError
from rtloom.generators.systolic.family import SYSTOLIC
from rtloom.generators.systolic.params import SystolicParams

from .beat_model import consume

DATAFLOWS = ["output_stationary", "weight_stationary", "input_stationary"]
PARAMS = SystolicParams.parse({"rows": 4, "cols": 3})


@st.composite
def arrays(draw: st.DrawFn) -> SystolicParams:
    """Draw a small array without epilogue."""
    small = st.integers(1, 5)
    formats = st.sampled_from(["int8", "uint4", "ternary", "bipolar", "int3"])
    dataflow = draw(st.sampled_from(DATAFLOWS))
    kept = {} if dataflow == "output_stationary" else {"accumulator_rows": draw(st.integers(1, 9))}
    return SystolicParams.parse(
        kept
        | {
            "rows": draw(small),
            "cols": draw(small),
            "reduce": draw(st.integers(1, 3)),
            "dataflow": dataflow,
            "a_format": draw(formats),
            "b_format": draw(formats),
        }
    )


@given(params=arrays(), shape=st.tuples(*[st.integers(1, 14)] * 3), seed=st.integers(0, 99))
def test_beats_mean_the_product(params: SystolicParams, shape: tuple[int, int, int], seed: int) -> None:
    """Lowering, a model of the streams, and lifting give A x B for any shape, format and dataflow."""
    rng = np.random.default_rng(seed)
    m, k, n = shape
    a, b = params.a_format.random(rng, (m, k)), params.b_format.random(rng, (k, n))
    job = SYSTOLIC.lower(params, "gemm", a=a, b=b)
    beats = consume(params, job)
    assert len(beats) == job.outputs["c"]
    np.testing.assert_array_equal(SYSTOLIC.lift(params, job, {"c": {"data": beats}}), a @ b)
    assert job.work == m * k * n


@given(
    params=arrays(),
    seed=st.integers(0, 99),
    lead=st.sampled_from([((2,), ()), ((2, 3), ()), ((2,), (2,)), ((1, 2), (3, 1)), ((), (2,))]),
)
def test_leading_axes_broadcast_like_matmul(
    params: SystolicParams, seed: int, lead: tuple[tuple[int, ...], tuple[int, ...]]
) -> None:
    """Batched products follow numpy.matmul."""
    rng = np.random.default_rng(seed)
    a, b = params.a_format.random(rng, (*lead[0], 3, 4)), params.b_format.random(rng, (*lead[1], 4, 5))
    job = SYSTOLIC.lower(params, "gemm", a=a, b=b)
    got = SYSTOLIC.lift(params, job, {"c": {"data": consume(params, job)}})
    np.testing.assert_array_equal(got, a @ b)


def test_a_pass_is_never_shorter_than_needed() -> None:
    """Streamed vectors are split evenly: 65 vectors over 64 places are 33 and 32, not 64 and 1."""
    params = SystolicParams.parse({"rows": 4, "cols": 4, "dataflow": "weight_stationary"})
    job = SYSTOLIC.lower(params, "gemm", a=np.ones((65, 4), int), b=np.ones((4, 4), int))
    assert job.plan.steps.tolist() == [33, 32]


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"a": np.ones((2, 3))}, "Systolic gemm must be given a and b; b is missing"),
        ({"a": [[1.5]], "b": [[1]]}, "Systolic a must hold integers, not 1.5"),
        ({"a": [[np.nan]], "b": [[1]]}, "Systolic a must hold integers, not nan"),
        ({"a": [[128]], "b": [[1]]}, "Systolic a must hold int8 values, -128 to 127, not 128"),
        ({"a": [["x"]], "b": [[1]]}, "Systolic a must hold numbers, not '<U1'"),
        ({"a": np.zeros((0, 3)), "b": np.zeros((3, 1))}, "Systolic a must not be empty, not (0, 3)"),
        ({"a": [1], "b": [[1]]}, "Systolic a must have at least 2 axes, not (1,)"),
        ({"a": [[1, 2]], "b": [[1]]}, "Systolic b must have 2 rows, as a has columns, not (1, 1)"),
        (
            {"a": np.ones((2, 1, 1)), "b": np.ones((3, 1, 1))},
            "Systolic b must have leading axes that broadcast with (2,), not (3,)",
        ),
        ({"a": [[1]], "b": [[1]], "bias": 1}, "Systolic bias must be left out: the design was built without bias"),
        (
            {"a": [[1]], "b": [[1]], "shift": 1},
            "Systolic shift must be left out: the design was built without requantize",
        ),
        (
            {"a": [[1]], "b": [[1]], "activate": 1},
            "Systolic activate must be left out: the design was built without activation",
        ),
        (
            {"a": [[1]], "b": [[1]], "c": 1},
            "Systolic gemm has no argument 'c'; it has a, b, bias, multiplier, shift, zero_point, activate",
        ),
        (
            {"a": np.ones((1, 65537)), "b": np.ones((65537, 1))},
            "Systolic K must be at most max_reduction=65536, not 65537",
        ),
    ],
)
def test_bad_tensors_get_one_line(tensors: dict[str, Any], message: str) -> None:
    """Each mistake names the tensor, the rule and the value."""
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        SYSTOLIC.lower(PARAMS, "gemm", **tensors)


@pytest.mark.parametrize(
    ("epilogue", "message"),
    [
        ({"shift": 1}, "Systolic multiplier must be given: the design requantizes"),
        ({"multiplier": 1, "shift": 64}, "Systolic shift must hold uint6 values, 0 to 63, not 64"),
        ({"multiplier": 65536, "shift": 1}, "Systolic multiplier must hold uint16 values, 0 to 65535, not 65536"),
        ({"multiplier": [1, 2], "shift": 1}, "Systolic multiplier must be one number or have shape (3,), not (2,)"),
        (
            {"multiplier": 1, "shift": 1, "zero_point": 200},
            "Systolic zero_point must hold int8 values, -128 to 127, not 200",
        ),
        (
            {"multiplier": 1, "shift": 1, "bias": 2**40},
            f"Systolic bias must hold int32 values, {-(2**31)} to {2**31 - 1}, not {2**40}",
        ),
    ],
)
def test_bad_epilogues_get_one_line(epilogue: dict[str, Any], message: str) -> None:
    """Epilogue values are checked against the units that the design has."""
    params = PARAMS.replace(bias=True, requantize=True)
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        SYSTOLIC.lower(params, "gemm", a=np.ones((1, 2)), b=np.ones((2, 3)), **epilogue)


def test_an_unknown_operation_is_named() -> None:
    """The operations are listed."""
    with pytest.raises(InputError, match=r"^Systolic operation must be gemm or conv2d, not 'fft'$"):
        SYSTOLIC.lower(PARAMS, "fft")
