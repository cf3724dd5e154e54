"""The systolic RTL against golden, bit for bit, and its cycles against the formula, to the cycle."""

import numpy as np
import pytest

import rtloom
from rtloom.generators.spec import Spec, presets
from rtloom.generators.systolic.family import SYSTOLIC
from rtloom.generators.systolic.params import SystolicParams

LARGE = 32
"""Arrays above this many rows are simulated by the benchmarks."""


def spec_of(**params: object) -> Spec:
    """Return a spec without a file; `accumulator_rows` only where the dataflow has them."""
    if params.get("dataflow", "output_stationary") == "output_stationary":
        params.pop("accumulator_rows", None)
    return Spec("systolic_test", SYSTOLIC, SystolicParams.parse(params))


@pytest.mark.parametrize("name", [name for name, preset in presets().items() if preset.family is SYSTOLIC])
@pytest.mark.parametrize("size", ["small", "ragged", "corner"])
def test_presets_equal_golden_and_their_timing(name: str, size: str) -> None:
    """Every preset computes its examples exactly, in exactly the predicted cycles."""
    spec = rtloom.load(name)
    if spec.params.rows > LARGE and size != "small":
        pytest.skip("one size is enough for an array of this size")
    operation, tensors = spec.family.example(spec.params, size, 7)
    rtloom.simulate(spec, operation, check=True, **tensors)


PAIRS = [
    ("int8", "int8"),
    ("uint8", "uint8"),
    ("uint8", "int8"),
    ("int4", "int8"),
    ("ternary", "int8"),
    ("int2", "uint4"),
    ("bipolar", "bipolar"),
    ("uint1", "int5"),
]


@pytest.mark.parametrize(("a_format", "b_format"), PAIRS)
@pytest.mark.parametrize("dataflow", ["output_stationary", "weight_stationary"])
@pytest.mark.parametrize("pipeline", [0, 3])
def test_a_pe_multiplies_every_pair_of_operands(a_format: str, b_format: str, dataflow: str, pipeline: int) -> None:
    """All pairs of operand values, up to 8 x 8 bits, through the multiplier of one PE column."""
    spec = spec_of(
        rows=1,
        cols=16,
        a_format=a_format,
        b_format=b_format,
        dataflow=dataflow,
        pipeline=pipeline,
        accumulator_rows=256,
        max_reduction=4,
    )
    values = {
        name: fmt.decode(np.arange(1 << fmt.bits, dtype=np.uint64))
        for name, fmt in (("a", spec.params.a_format), ("b", spec.params.b_format))
    }
    values = {name: v[getattr(spec.params, f"{name}_format").contains(v)] for name, v in values.items()}
    got, _ = rtloom.simulate(spec, a=values["a"][:, None], b=values["b"][None, :])
    np.testing.assert_array_equal(got, np.multiply.outer(values["a"], values["b"]))


@pytest.mark.parametrize("dataflow", ["output_stationary", "weight_stationary", "input_stationary"])
@pytest.mark.parametrize("job", ["wide", "long"])
def test_there_are_no_bubbles(dataflow: str, job: str) -> None:
    """Many full tiles one after the other keep every multiplier busy but for one fill and one drain."""
    spec = spec_of(rows=4, cols=4, dataflow=dataflow, accumulator_rows=16)
    m, k, n = (64, 16, 64) if job == "wide" else (16, 256, 16)
    rng = np.random.default_rng(0)
    a, b = rng.integers(-128, 128, (m, k)), rng.integers(-128, 128, (k, n))
    _, report = rtloom.simulate(spec, a=a, b=b, check=True)
    ideal = m * k * n // 16
    fill = 4 * (spec.params.rows + spec.params.cols)
    assert ideal < report.cycles <= ideal + fill


def test_a_short_reduction_waits_for_the_drain() -> None:
    """Tiles of one step each take `rows` cycles: that many rows leave."""
    spec = spec_of(rows=8, cols=2)
    _, report = rtloom.simulate(spec, a=np.ones((80, 1), int), b=np.ones((1, 2), int), check=True)
    assert 80 <= report.cycles <= 80 + 30


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (33, 2), (70, 1), (2, 17)])
@pytest.mark.parametrize("dataflow", ["output_stationary", "weight_stationary", "input_stationary"])
@pytest.mark.parametrize("broadcast", [1, 3, 256])
def test_odd_shapes(shape: tuple[int, int], dataflow: str, broadcast: int) -> None:
    """Rows and columns need not be equal, even, or multiples of a broadcast segment."""
    spec = spec_of(rows=shape[0], cols=shape[1], dataflow=dataflow, broadcast=broadcast, accumulator_rows=5)
    operation, tensors = spec.family.example(spec.params, "ragged", 1)
    rtloom.simulate(spec, operation, check=True, **tensors)


@pytest.mark.parametrize("stalls", ["both", "back_pressure", "freeze", "slow_input"])
@pytest.mark.parametrize("dataflow", ["output_stationary", "weight_stationary", "input_stationary"])
def test_stalls_change_nothing_but_time(stalls: str, dataflow: str) -> None:
    """Idle inputs and back-pressure, epilogue included."""
    spec = spec_of(rows=3, cols=4, dataflow=dataflow, accumulator_rows=4, bias=True, requantize=True, activation="relu")
    operation, tensors = spec.family.example(spec.params, "ragged", 1)
    rtloom.simulate(spec, operation, check=True, stalls=stalls, **tensors)


@pytest.mark.parametrize("dataflow", ["output_stationary", "weight_stationary", "input_stationary"])
def test_one_column_takes_its_epilogue_once_a_tile(dataflow: str) -> None:
    """With one column a tile has one channel: its epilogue beat serves all rows, unless channels are streamed."""
    spec = spec_of(rows=2, cols=1, dataflow=dataflow, accumulator_rows=4, bias=True)
    operation, tensors = spec.family.example(spec.params, "ragged", 1)
    rtloom.simulate(spec, operation, check=True, **tensors)
