"""The vector mapping: tensors of any size become beats that mean the operation, and come back; scales from reals."""

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rtloom
from rtloom.errors import InputError
from rtloom.generators.spec import presets
from rtloom.generators.vector import scales
from rtloom.generators.vector.examples import draw_arguments
from rtloom.generators.vector.family import VECTOR
from rtloom.generators.vector.params import UNITS, VectorParams
from rtloom.verif import goldens

PRESETS = [name for name, preset in presets().items() if preset.family is VECTOR]


def parse(unit: str, **raw: Any) -> VectorParams:
    return VectorParams.parse({"unit": unit, **raw})


@st.composite
def units(draw: st.DrawFn) -> VectorParams:
    """Draw units of few lanes."""
    unit = draw(st.sampled_from(UNITS))
    raw = {"lanes": 2 * draw(st.integers(1, 3)) if unit == "rope" else draw(st.integers(1, 6))}
    if unit == "rope":
        raw["pairing"] = draw(st.sampled_from(["adjacent", "halves"]))
    return parse(unit, **raw)


SHAPES = st.lists(st.integers(1, 3), max_size=2).map(tuple)


@given(params=units(), leading=SHAPES, half=st.integers(1, 10), each=st.booleans(), seed=st.integers(0, 99))
def test_beats_mean_the_vectors(
    params: VectorParams, leading: tuple[int, ...], half: int, each: bool, seed: int
) -> None:
    """The golden model of one beat after the other, put together, is that of the tensor; padding is no matter."""
    shape = (*leading, 2 * half if params.unit == "rope" else 2 * half - 1)
    rng = np.random.default_rng(seed)
    tensors = {"x": params.x_format.random(rng, shape), **draw_arguments(params, shape, rng, each=each, corners=False)}
    job = VECTOR.lower(params, params.unit, **tensors)
    data, last = job.inputs["x"]["data"], job.inputs["x"]["last"]
    assert job.outputs["o"] == len(data) == job.plan.vectors * job.plan.beats
    assert len(job.inputs["scale"]["shift"]) == last.sum() == job.plan.vectors
    assert job.work == tensors["x"].size * params.products
    beats = np.split(np.arange(len(data)), np.flatnonzero(last)[:-1] + 1)
    results = np.concatenate([_one_vector(params, job.inputs, b, v) for v, b in enumerate(beats)])
    lifted = VECTOR.lift(params, job, {"o": {"data": results.reshape(-1, params.lanes)}})
    np.testing.assert_array_equal(lifted, goldens.compute(VECTOR, params, params.unit, tensors))


def _one_vector(params: VectorParams, inputs: dict[str, Any], beats: np.ndarray, vector: int) -> np.ndarray:
    """Return the golden results of one vector's beats, lane by lane, as the wires carry them."""
    data = inputs["x"]["data"][beats]
    given = {name: int(value[vector, 0]) for name, value in inputs["scale"].items()}
    if params.unit == "rope":
        half = params.lanes // 2
        halves = params.pairing == "halves"
        pairs = data.reshape(-1, 2, half).transpose(0, 2, 1) if halves else data.reshape(-1, half, 2)
        turns = {name: value[beats].reshape(-1) for name, value in inputs["angles"].items()}
        # Pairs side by side are what a design with `adjacent` takes.
        plain = params.replace(pairing="adjacent")
        turned = goldens.compute(VECTOR, plain, "rope", {"x": pairs.reshape(-1), **turns, **given})
        turned = turned.reshape(-1, half, 2)
        return (turned.transpose(0, 2, 1) if halves else turned).reshape(-1)
    flat, used = data.reshape(-1), data.size
    if params.holds and params.lanes > 1:
        assert (inputs["x"]["count"][beats[:-1]] == params.lanes).all()
        used += int(inputs["x"]["count"][beats[-1], 0]) - params.lanes
    beside = {name: value[beats].reshape(-1)[:used] for name, value in inputs.get("affine", {}).items()}
    o = goldens.compute(VECTOR, params, params.unit, {"x": flat[:used], **beside, **given})
    return np.concatenate([o, np.zeros(data.size - used, dtype=int)])


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("size", ["small", "ragged", "corner"])
def test_examples_go_through_lowering_and_golden(name: str, size: str) -> None:
    """Every preset's examples give all that the design asks for, and results that differ."""
    params = rtloom.load(name).params
    operation, tensors = VECTOR.example(params, size, 6)
    job = VECTOR.lower(params, operation, **tensors)
    assert len(np.unique(goldens.compute(VECTOR, params, operation, tensors))) > 3
    again = VECTOR.example(params, size, 6)[1]
    assert all(np.array_equal(again[key], tensors[key]) for key in tensors)
    if size != "corner":
        assert (job.plan.length % params.lanes == 0) == (size == "small")
    ports = {port.name: port for port in VECTOR.ports(params) if port.direction == "in"}
    for stream, port in ports.items():
        beats = job.inputs[stream]
        assert sorted(beats) == sorted([f.name for f in port.fields] + ["last"] * port.last)
        raw = port.unpack(port.pack(beats))
        assert all(np.array_equal(raw[field.name], beats[field.name]) for field in port.fields)


def test_an_unknown_size_of_example_is_named() -> None:
    with pytest.raises(InputError, match=r"^Example size must be small, ragged, corner, not 'huge'$"):
        VECTOR.example(parse("gelu"), "huge", 0)


def test_elements_with_the_same_scales_are_one_long_vector() -> None:
    """No lane stays empty at the end of a row, unless the next row is scaled otherwise."""
    params = parse("gelu")
    x, given = np.zeros((7, 5), int), scales.activation_scales(params, 0.1, 0.1)
    assert VECTOR.lower(params, "gelu", x=x, **given).outputs["o"] == 9
    given["shift"] = np.full(7, given["shift"])
    assert VECTOR.lower(params, "gelu", x=x, **given).outputs["o"] == 14


SCALED = {"multiplier": 1, "shift": 0}
ACTIVATED = SCALED | {"input_multiplier": 1, "input_shift": 0, "correction": 1}
TURNED = SCALED | {"cos": 1, "sin": 0}
ROWS = np.zeros((2, 4), int)
GELU = ["x", "input_multiplier", "input_shift", "multiplier", "correction", "shift"]
ODD = "Vector x must have an even number of elements along its last axis, not (3,)"
PAIRS = "Vector cos must broadcast to (2, 2), one for each pair, not (3,)"
GAMMA = "Vector rmsnorm must be given x and gamma and multiplier and shift; gamma is missing"
BAD = [
    ("gelu", {}, {"x": [1], **SCALED}, f"Vector gelu must be given {' and '.join(GELU)}; input_multiplier is missing"),
    (
        "gelu",
        {},
        {"x": [1], **ACTIVATED, "a": 1},
        f"Vector gelu has no argument 'a'; it has {', '.join(GELU)}, zero_point",
    ),
    (
        "softmax",
        {},
        {"x": [1], **SCALED, "zero_point": 1},
        "Vector softmax has no argument 'zero_point'; it has x, multiplier, shift",
    ),
    ("softmax", {}, {"x": [0.5], **SCALED}, "Vector x must hold integers, not 0.5"),
    ("softmax", {}, {"x": [128], **SCALED}, "Vector x must hold int8 values, -128 to 127, not 128"),
    ("softmax", {}, {"x": 1, **SCALED}, "Vector x must have at least 1 axis, not ()"),
    ("softmax", {}, {"x": np.zeros((2, 0)), **SCALED}, "Vector x must not be empty, not (2, 0)"),
    (
        "softmax",
        {"max_length": 3},
        {"x": ROWS, **SCALED},
        "Vector x must have at most max_length=3 elements along its last axis, not (2, 4)",
    ),
    ("softmax", {}, {"x": ROWS, **SCALED, "shift": 64}, "Vector shift must hold uint6 values, 0 to 63, not 64"),
    (
        "softmax",
        {},
        {"x": ROWS, **SCALED, "shift": [1, 2, 3]},
        "Vector shift must be one number or have shape (2,), one for each vector, not (3,)",
    ),
    ("rope", {}, {"x": [1, 2, 3], **TURNED}, ODD),
    ("rope", {}, {"x": ROWS, **TURNED, "cos": [1, 2, 3]}, PAIRS),
    ("rope", {}, {"x": ROWS, **TURNED, "sin": 40000}, "Vector sin must hold int16 values, -32768 to 32767, not 40000"),
    ("rmsnorm", {}, {"x": ROWS, **SCALED}, GAMMA),
    (
        "rmsnorm",
        {},
        {"x": ROWS, **SCALED, "gamma": 1, "beta": 1},
        "Vector rmsnorm has no argument 'beta'; it has x, gamma, epsilon, multiplier, shift, zero_point",
    ),
]
PER_LANE = [
    ({"gamma": [1, 2]}, "Vector gamma must be one number or have shape (4,), not (2,)"),
    ({"gamma": 1, "beta": [[1]]}, "Vector beta must be one number or have shape (4,), not (1, 1)"),
]


@pytest.mark.parametrize(("unit", "raw", "tensors", "message"), BAD)
def test_bad_tensors_get_one_line_of_mapping_and_golden(
    unit: str, raw: dict[str, Any], tensors: dict[str, Any], message: str
) -> None:
    params = parse(unit, **raw)
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        VECTOR.lower(params, unit, **tensors)
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        goldens.compute(VECTOR, params, unit, tensors)


@pytest.mark.parametrize(("given", "message"), PER_LANE)
def test_gamma_and_beta_have_a_number_for_each_element(given: dict[str, Any], message: str) -> None:
    params = parse("layernorm")
    for refused in (VECTOR.lower, lambda p, o, **t: goldens.compute(VECTOR, p, o, t)):
        with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
            refused(params, "layernorm", x=ROWS, **SCALED, **given)


def test_a_unit_computes_nothing_else() -> None:
    message = "^Vector operation must be gelu, what the unit computes, not 'silu'$"
    with pytest.raises(InputError, match=message):
        VECTOR.lower(parse("gelu"), "silu", x=[1])
    with pytest.raises(InputError, match=message):
        goldens.compute(VECTOR, parse("gelu"), "silu", {"x": [1]})


@pytest.mark.parametrize("bits", [8, 16, 24])
@pytest.mark.parametrize("real", [1e-9, 1e-4, 0.03, 1.0, 17.0, 127.0])
def test_multipliers_are_as_near_as_they_can_be(bits: int, real: float) -> None:
    params = parse("rope", multiplier_bits=bits, angle_format="int4")
    given = scales.rope_scales(params, real, 0.25)
    made = float(given["multiplier"]) / 2.0 ** float(given["shift"])
    assert abs(made / real - 1) < 2.0 ** -(bits - 1)
    several = scales.rope_scales(params, np.full((2, 3), real), 0.25)
    assert (several["multiplier"] == given["multiplier"]).all()
    assert several["shift"].shape == (2, 3)


WRONG = [
    (scales.softmax_scales, "softmax", (0.0,), "Vector x_scale must be positive and finite, not 0.0"),
    (scales.softmax_scales, "softmax", (np.nan,), "Vector x_scale must be positive and finite, not nan"),
    (scales.activation_scales, "gelu", (1.0, [1.0, -2.0]), "Vector o_scale must be positive and finite, not -2.0"),
    (scales.norm_scales, "rmsnorm", (8, np.inf, 1), "Vector x_scale must be positive and finite, not inf"),
    (scales.rope_scales, "gelu", (1, 1), "Vector unit must be rope for these scales, not 'gelu'"),
    (scales.rope_angles, "gelu", (1, 1), "Vector unit must be rope for these scales, not 'gelu'"),
    (scales.norm_scales, "gelu", (1, 1, 1), "Vector unit must be layernorm or rmsnorm for these scales, not 'gelu'"),
    (scales.activation_scales, "rope", (1, 1), "Vector unit must be gelu or silu for these scales, not 'rope'"),
    (
        scales.activation_scales,
        "silu",
        (2.0**24, 1.0),
        "Vector scales must need multipliers below 2**16, as multiplier_bits says, not 262144.0",
    ),
]


@pytest.mark.parametrize(("make", "unit", "given", "message"), WRONG)
def test_scales_that_cannot_be_are_one_line(make: Any, unit: str, given: tuple[Any, ...], message: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        make(parse(unit), *given)
