"""The LUT mapping: tensors of any size become beats that mean the product, and come back."""

import re
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rtloom
from rtloom.errors import InputError
from rtloom.generators.lut.family import LUT
from rtloom.generators.lut.params import LutParams
from rtloom.generators.lut.tiling import group_count
from rtloom.generators.spec import presets
from rtloom.verif import goldens
from rtloom.verif.places import expected_beats, places_of

from .lut_beat_model import consume

PRESETS = [name for name, preset in presets().items() if preset.family is LUT]
PARAMS = LutParams.parse({"n": 8})


@st.composite
def tiles(draw: st.DrawFn) -> LutParams:
    """Draw a small tile without addend and requantisation; the family's own rules throw some away."""
    few = st.integers(1, 3)
    step = (k := draw(few)) * (lookup := draw(st.integers(2, 6)))
    unit = draw(st.sampled_from(["lut", "lut", "lut", "add", "mac"]))
    raw: dict[str, Any] = {
        "m": draw(few),
        "n": draw(st.integers(1, 8)),
        "k": k,
        "lookup": lookup,
        "unit": unit,
        "weight_format": draw(
            st.sampled_from(["int2", "int3", "int8", "uint1", "uint2", "uint4", "ternary", "bipolar"])
        ),
        "a_format": draw(st.sampled_from(["int4", "int8", "uint8", "int16", "uint16"])),
        "group": draw(st.sampled_from([None, step, 2 * step])),
        "segments": draw(st.sampled_from([None, 1, 2, 4])),
        "zero_points": draw(st.booleans()),
        "packed_ternary": draw(st.booleans()),
        "max_reduction": 64,
    }
    if unit != "mac":
        raw["planes"] = draw(st.sampled_from([1, 1, 2, 3, 4, 8]))
    if unit == "lut":
        raw["table"] = draw(st.sampled_from(["remapped", "half", "full"]))
        raw["precompute"] = draw(st.sampled_from(["shared", "private", "streamed"]))
        raw["table_scale"] = draw(st.sampled_from(["exact", "table", "group"]))
    raw |= {name: raw["group"] is not None and draw(st.booleans()) for name in ("weight_scales", "activation_scales")}
    # What does not go together is turned off in turn, so that few draws are thrown away.
    for fallback in ({}, {"packed_ternary": False}, {"zero_points": False}, {"planes": 1}, {"table_scale": "exact"}):
        raw |= {name: value for name, value in fallback.items() if name in raw}
        try:
            return LutParams.parse(raw)
        except InputError:
            continue
    return LutParams.parse(raw | {"segments": 1})


def arguments(params: LutParams, shape: tuple[int, int, int], rng: np.random.Generator) -> dict[str, Any]:
    """Draw the arguments of a GEMM; the first row of A is all minimum."""
    m, k, n = shape
    groups = group_count(params, k)
    tensors: dict[str, Any] = {
        "a": params.a_format.random(rng, (m, k)),
        "w": params.weight_format.random(rng, (n, k)),
    }
    tensors["a"][0] = params.a_format.lo
    if params.zero_points:
        tensors["weight_zero"] = params.weight_format.random(rng, (n, groups))
    for name, rows in (("weight_scale", n), ("activation_scale", m)):
        if getattr(params, f"{name}s"):
            tensors[name] = rng.integers(1, params.scale_format.hi + 1, (rows, groups))
    return tensors


def product(tensors: dict[str, Any], group: int | None) -> np.ndarray:
    """Return the exact, scaled sum over the groups."""
    a, w = tensors["a"], tensors["w"]
    size = group or a.shape[1]
    total = 0
    for g, at in enumerate(range(0, a.shape[1], size)):
        zero = np.asarray(tensors.get("weight_zero", np.zeros((len(w), g + 1), int)))[:, g]
        part = a[:, at : at + size] @ (w[:, at : at + size] - zero[:, np.newaxis]).T
        for name, axis in (("weight_scale", 0), ("activation_scale", 1)):
            if name in tensors:
                part = part * np.expand_dims(tensors[name][:, g], axis)
        total = total + part
    return np.asarray(total)


@given(
    params=tiles(),
    shape=st.tuples(st.integers(1, 7), st.integers(1, 64), st.integers(1, 17)),
    seed=st.integers(0, 99),
)
def test_beats_mean_the_product(params: LutParams, shape: tuple[int, int, int], seed: int) -> None:
    """Lowering, a model of the streams, and lifting give the product; through INT8 tables that of the golden model."""
    m, k, n = shape
    tensors = arguments(params, shape, np.random.default_rng(seed))
    job = LUT.lower(params, "gemm", **tensors)
    beats = consume(params, job)
    assert len(beats) == job.outputs["o"]
    assert job.work == m * k * n
    exact = params.table_scale == "exact"
    expected = product(tensors, params.group) if exact else goldens.compute(LUT, params, "gemm", tensors)
    np.testing.assert_array_equal(LUT.lift(params, job, {"o": {"data": beats}}), expected)


@given(
    params=tiles(),
    shape=st.tuples(st.integers(1, 7), st.integers(1, 64), st.integers(1, 17)),
    seed=st.integers(0, 99),
)
def test_every_beat_can_be_sent(params: LutParams, shape: tuple[int, int, int], seed: int) -> None:
    """Streams carry the fields, lanes and values that the ports describe."""
    job = LUT.lower(params, "gemm", **arguments(params, shape, np.random.default_rng(seed)))
    ports = {port.name: port for port in LUT.ports(params) if port.direction == "in"}
    assert sorted(job.inputs) == sorted(ports)
    for name, port in ports.items():
        beats = job.inputs[name]
        assert sorted(beats) == sorted([f.name for f in port.fields] + ["last"] * port.last)
        for field in port.fields:
            assert beats[field.name].shape[1:] == (field.lanes,)
            assert field.format.contains(beats[field.name].astype(np.int64)).all()
        raw = port.unpack(port.pack(beats))
        assert all(np.array_equal(raw[field.name], beats[field.name]) for field in port.fields)


EPILOGUES: list[dict[str, Any]] = [
    {"addend": "bias"},
    {"addend": "matrix"},
    {"requantize": True, "activation": "relu"},
    {"addend": "matrix", "requantize": True, "output_format": "uint4"},
]


@pytest.mark.parametrize("built", EPILOGUES)
def test_the_epilogue_travels_with_its_results(built: dict[str, Any]) -> None:
    """What `epilogue` carries beside each beat of `o` belongs to the results in that beat."""
    params = LutParams.parse({"m": 2, "n": 6, "segments": 3, **built})
    _, tensors = LUT.example(params, "ragged", 4)
    job = LUT.lower(params, "gemm", **tensors)
    m, n = len(tensors["a"]), len(tensors["w"])
    places = places_of(LUT, params, job)
    given: dict[str, np.ndarray] = {
        "addend": np.broadcast_to(tensors.get("bias", tensors.get("accumulator", 0)), (m, n)),
        "multiplier": np.broadcast_to(tensors.get("multiplier", 0), (m, n)),
        "shift": np.broadcast_to(tensors.get("shift", 0), (m, n)),
    }
    beats = job.inputs["epilogue"]
    for name in given.keys() & beats.keys():
        values, counts = expected_beats(places, job, given[name].astype(np.int64))["o"]["data"]
        sent = beats[name] if beats[name].shape[1] == params.lanes else np.tile(beats[name], (1, params.m))
        np.testing.assert_array_equal(sent[counts], values[counts])
    for name in ("zero_point", "activate"):
        assert name not in beats or (beats[name] == tensors[name]).all()


@pytest.mark.parametrize("lead", [(), (3,), (2, 3), (1, 2, 2)])
def test_leading_axes_are_rows(lead: tuple[int, ...]) -> None:
    """Any number of axes before K are M; none is a GEMV. Scales of rows come flat or with these axes."""
    params = LutParams.parse({"n": 4, "group": 8, "activation_scales": True})
    rng = np.random.default_rng(1)
    a, w = params.a_format.random(rng, (*lead, 13)), params.weight_format.random(rng, (5, 13))
    scales = rng.integers(1, 256, (*lead, 2))
    for given_scales in (scales, scales.reshape(-1, 2)):
        job = LUT.lower(params, "gemm", a=a, w=w, activation_scale=given_scales)
        got = LUT.lift(params, job, {"o": {"data": consume(params, job)}})
        parts = [a[..., :8] @ w[:, :8].T, a[..., 8:] @ w[:, 8:].T]
        np.testing.assert_array_equal(got, sum(part * scales[..., g, np.newaxis] for g, part in enumerate(parts)))


def test_one_number_serves_all_groups() -> None:
    """Scales and zero points may be one number, zero points one for each row of W."""
    raw = {"weight_format": "uint4", "n": 4, "group": 8, "weight_scales": True, "zero_points": True}
    params = LutParams.parse(raw)
    rng = np.random.default_rng(2)
    a, w = params.a_format.random(rng, (3, 20)), params.weight_format.random(rng, (5, 20))
    zeros = np.arange(5)
    for zero, full in ((3, np.full((5, 3), 3)), (zeros, np.repeat(zeros, 3).reshape(5, 3))):
        short = LUT.lower(params, "gemm", a=a, w=w, weight_zero=zero, weight_scale=7)
        long = LUT.lower(params, "gemm", a=a, w=w, weight_zero=full, weight_scale=np.full((5, 3), 7))
        for name, values in short.inputs["scales"].items():
            np.testing.assert_array_equal(values, long.inputs["scales"][name])


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), ((2, 1), "same"), (1, ((1, 0), (2, 1)))])
def test_convolution_is_a_product(stride: Any, padding: Any) -> None:
    """Beats mean the convolution of the golden model, addends of the result's shape included."""
    params = LutParams.parse({"n": 4, "weight_format": "int3", "a_format": "uint8"})
    rng = np.random.default_rng(3)
    tensors = {"x": params.a_format.random(rng, (2, 5, 4, 3)), "w": params.weight_format.random(rng, (3, 2, 3, 5))}
    job = LUT.lower(params, "conv2d", **tensors, stride=stride, padding=padding)
    got = LUT.lift(params, job, {"o": {"data": consume(params, job)}})
    options = {"stride": stride, "padding": padding}
    np.testing.assert_array_equal(got, goldens.compute(LUT, params, "conv2d", tensors | options))
    assert job.work == got.size * 18


def test_a_matrix_may_be_added_to_a_convolution() -> None:
    """The accumulator has the convolution's shape and is laid out as its result."""
    params = LutParams.parse({"n": 4, "addend": "matrix"})
    rng = np.random.default_rng(5)
    addend = rng.integers(-99, 99, (2, 3, 4, 6))
    job = LUT.lower(params, "conv2d", x=np.zeros((2, 4, 5, 1)), w=np.zeros((2, 2, 1, 6)), accumulator=addend)
    np.testing.assert_array_equal(LUT.lift(params, job, {"o": {"data": job.inputs["epilogue"]["addend"]}}), addend)


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("size", ["small", "ragged", "corner"])
def test_examples_go_through_lowering_and_golden(name: str, size: str) -> None:
    """Every preset's examples give all that the design asks for, and results that differ."""
    spec = rtloom.load(name)
    operation, tensors = LUT.example(spec.params, size, 6)
    job = LUT.lower(spec.params, operation, **tensors)
    expected = goldens.compute(LUT, spec.params, operation, tensors)
    assert len(np.unique(expected)) > 5
    again = LUT.example(spec.params, size, 6)[1]
    assert all(np.array_equal(again[key], tensors[key]) for key in tensors)
    tiling = job.plan.tiling
    several = tiling.tiles_m * tiling.tiles_n > 1
    assert several == (size != "small")
    assert LUT.cycles(spec.params, job) > job.plan.lookups


def test_corner_examples_hold_the_rows_that_break_tables() -> None:
    """All zero, all minimum and alternating extremes are among the rows of both operands."""
    _, tensors = LUT.example(PARAMS, "corner", 0)
    for name, fmt in (("a", PARAMS.a_format), ("w", PARAMS.weight_format)):
        rows = tensors[name].tolist()
        length = len(rows[0])
        assert [0] * length in rows
        assert [fmt.lo] * length in rows
        assert [fmt.lo if i % 2 == 0 else fmt.hi for i in range(length)] in rows


def test_an_unknown_size_of_example_is_named() -> None:
    """The sizes are listed."""
    with pytest.raises(InputError, match=r"^Example size must be small, ragged, corner, not 'huge'$"):
        LUT.example(PARAMS, "huge", 0)


def test_short_groups_are_filled_up_with_steps_of_zeros() -> None:
    """Eight segments flush in seven beats of w, four steps of two passes: a sum has a step more, whatever K is."""
    params = LutParams.parse({"n": 64, "group": 4, "weight_scales": True})
    job = LUT.lower(params, "gemm", a=np.ones((2, 9)), w=np.ones((64, 9)), weight_scale=1)
    assert np.flatnonzero(job.inputs["a"]["ends"]).tolist() == [4, 9, 14]
    assert np.flatnonzero(job.inputs["a"]["last"]).tolist() == [14]
    assert (job.plan.lookups, len(job.inputs["w"]["index"])) == (30, 38)


@pytest.mark.parametrize(
    ("name", "peak"),
    [("lut-m2n64k4-w1a8", 512), ("lut-m2n64k4-w2a8", 256), ("lut-m2n32k8-w3a8-layer", 512 / 3)],
)
def test_peak_counts_the_planes_of_a_weight(name: str, peak: float) -> None:
    """A weight of W bits takes W passes, so that the peak may be a fraction."""
    assert LUT.peak(rtloom.load(name).params) == peak


def test_large_products_lower_in_seconds() -> None:
    """A 64x4096x1024 GEMM, a million beats of weights, stays in small types and takes seconds."""
    params = rtloom.load("lut-m2n64k4-w2a8").params
    rng = np.random.default_rng(0)
    a, w = params.a_format.random(rng, (64, 4096)), params.weight_format.random(rng, (1024, 4096))
    began = time.process_time()
    job = LUT.lower(params, "gemm", a=a, w=w)
    assert time.process_time() - began < 20
    assert len(job.inputs["w"]["index"]) == 32 * 16 * 1024 * 2 + 8
    assert (job.inputs["w"]["index"].dtype, job.inputs["a"]["data"].dtype) == (np.uint8, np.int8)


KNOWN = "weight_zero, weight_scale, activation_scale, bias, accumulator, multiplier, shift, zero_point, activate"


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"a": [1]}, "LUT gemm must be given a and w; w is missing"),
        ({"a": [[1]], "w": [[1]], "b": 1}, f"LUT gemm has no argument 'b'; it has a, w, {KNOWN}"),
        ({"a": [[1.5]], "w": [[1]]}, "LUT a must hold integers, not 1.5"),
        ({"a": [[128]], "w": [[1]]}, "LUT a must hold int8 values, -128 to 127, not 128"),
        ({"a": [[1]], "w": [[2]]}, "LUT w must hold int2 values, -2 to 1, not 2"),
        ({"a": [[1]], "w": [[np.nan]]}, "LUT w must hold integers, not nan"),
        ({"a": 1, "w": [[1]]}, "LUT a must have at least 1 axis, not ()"),
        ({"a": np.zeros((0, 2)), "w": [[1, 1]]}, "LUT a must not be empty, not (0, 2)"),
        ({"a": [1, 1], "w": [1, 1]}, "LUT w must have 2 axes, (N, K), not (2,)"),
        ({"a": [1, 1], "w": [[1], [1]]}, "LUT w must have 2 columns, as a has, not (2, 1)"),
        ({"a": np.ones(16385), "w": np.ones((1, 16385))}, "LUT K must be at most max_reduction=16384, not 16385"),
        *[
            ({"a": [1], "w": [[1]], name: 1}, f"LUT {name} must be left out: the design was built without {unit}")
            for name, unit in {
                "weight_zero": "zero_points",
                "weight_scale": "weight_scales",
                "activation_scale": "activation_scales",
                "bias": "addend=bias",
                "accumulator": "addend=matrix",
                "multiplier": "requantize",
                "shift": "requantize",
                "zero_point": "requantize",
                "activate": "activation",
            }.items()
        ],
    ],
)
def test_bad_tensors_get_one_line(tensors: dict[str, Any], message: str) -> None:
    """Each mistake names the tensor, the rule and the value."""
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        LUT.lower(PARAMS, "gemm", **tensors)


SCALED = {"group": 4, "weight_format": "uint2", "weight_scales": True, "activation_scales": True, "zero_points": True}
ONES = {"weight_scale": 1, "activation_scale": 1}


@pytest.mark.parametrize(
    ("built", "given", "message"),
    [
        (SCALED, {}, "LUT weight_scale must be given: the design was built with weight_scales"),
        (
            SCALED,
            {"weight_scale": 1},
            "LUT activation_scale must be given: the design was built with activation_scales",
        ),
        (SCALED, ONES | {"weight_scale": 0}, "LUT weight_scale must be at least 1, not 0"),
        (SCALED, ONES | {"activation_scale": np.zeros((2, 2))}, "LUT activation_scale must be at least 1, not 0"),
        (SCALED, ONES | {"weight_scale": 256}, "LUT weight_scale must hold uint8 values, 0 to 255, not 256"),
        (
            SCALED,
            ONES | {"weight_scale": [1, 1, 1]},
            "LUT weight_scale must be one number or have shape (3, 2), not (3,)",
        ),
        (
            SCALED,
            ONES | {"activation_scale": np.ones((3, 2))},
            "LUT activation_scale must be one number or have shape (2, 2), not (3, 2)",
        ),
        (SCALED, ONES | {"weight_zero": 4}, "LUT weight_zero must hold uint2 values, 0 to 3, not 4"),
        (
            SCALED,
            ONES | {"weight_zero": [1, 2]},
            "LUT weight_zero must be one number or have shape (3,) or (3, 2), not (2,)",
        ),
        ({"addend": "matrix"}, {}, "LUT accumulator must be given: the design was built with addend=matrix"),
        ({"addend": "matrix"}, {"accumulator": 1}, "LUT accumulator must have the result's shape (2, 3), not ()"),
        (
            {"addend": "matrix", "max_reduction": 16},
            {"accumulator": np.full((2, 3), 1 << 20)},
            "LUT accumulator must hold int14 values, -8192 to 8191, not 1048576",
        ),
        ({"addend": "bias"}, {"bias": [1, 2]}, "LUT bias must be one number or have shape (3,), not (2,)"),
        ({"requantize": True}, {"shift": 1}, "LUT multiplier must be given: the design requantizes"),
        ({"requantize": True}, {"multiplier": 1}, "LUT shift must be given: the design requantizes"),
        (
            {"requantize": True},
            {"multiplier": 1, "shift": 64},
            "LUT shift must hold uint6 values, 0 to 63, not 64",
        ),
        (
            {"requantize": True},
            {"multiplier": 1, "shift": 1, "zero_point": [1, 2]},
            "LUT zero_point must be one number or have shape (1,), not (2,)",
        ),
    ],
)
def test_bad_scales_and_epilogues_get_one_line(built: dict[str, Any], given: dict[str, Any], message: str) -> None:
    """What goes with the operands is checked against the units that the design has."""
    params = LutParams.parse({"n": 4, **built})
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        LUT.lower(params, "gemm", a=np.ones((2, 7)), w=np.ones((3, 7)), **given)


def test_bad_convolutions_get_one_line() -> None:
    """Groups do not exist; sizes are checked as for the systolic family."""
    x, w = np.ones((1, 4, 4, 2)), np.ones((2, 2, 1, 3))
    message = f"LUT conv2d has no argument 'groups'; it has x, w, stride, padding, {KNOWN}"
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        LUT.lower(PARAMS, "conv2d", x=x, w=w, groups=2)
    message = "Convolution w must have 2 input channels per group, as x and groups say, not 1"
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        LUT.lower(PARAMS, "conv2d", x=x, w=w)


def test_an_unknown_operation_is_named() -> None:
    """The operations are listed."""
    with pytest.raises(InputError, match=r"^LUT operation must be gemm or conv2d, not 'fft'$"):
        LUT.lower(PARAMS, "fft")
