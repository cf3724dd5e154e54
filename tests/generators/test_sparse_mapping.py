"""The sparse mapping: tensors of any size become beats that mean the product, and come back."""

import re
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rtloom
from rtloom.errors import InputError
from rtloom.generators.sparse.compress import prune
from rtloom.generators.sparse.examples import draw_weights
from rtloom.generators.sparse.family import SPARSE
from rtloom.generators.sparse.params import SparseParams
from rtloom.generators.spec import presets
from rtloom.verif import goldens
from rtloom.verif.golden.sparse import weights
from rtloom.verif.places import expected_beats, places_of

from .sparse_beat_model import consume

PRESETS = [name for name, preset in presets().items() if preset.family is SPARSE]
PARAMS = SparseParams.parse({})
SCALES = ("weight_scale", "weight_zero", "scale_group")


@st.composite
def chains(draw: st.DrawFn) -> SparseParams:
    """Draw small chains without bias and requantisation."""
    block = draw(st.sampled_from([4, 8, 16]))
    rows, scale = draw(st.integers(1, 3)), draw(st.sampled_from([None, 1, 4, 7]))
    channels = 1 << draw(st.integers(0, block.bit_length() - 1))
    length = max(block, channels) * draw(st.integers(1, 2))
    bits = draw(st.sampled_from(["8", "4", "2", "4,8", "2,4,8", "2,3,4,8"]))
    zero_points, gemv = scale is not None and draw(st.booleans()), rows > 1 and draw(st.booleans())
    bitmap = draw(st.booleans()) and not (zero_points or gemv or "," in bits)
    return SparseParams.parse(
        {
            "rows": rows,
            "chains": draw(st.integers(1, 3)),
            "block": block,
            "length": length,
            "group": length // channels,
            "weight_bits": bits,
            "scale_bits": scale,
            "zero_points": zero_points,
            "bitmap": bitmap,
            "a_format": draw(st.sampled_from(["int8", "int3"])),
            "gemv": gemv,
            "max_reduction": 128,
        }
    )


def arguments(params: SparseParams, shape: tuple[int, int, int], seed: int) -> dict[str, Any]:
    """Draw the arguments of a GEMM."""
    m, k, n = shape
    rng = np.random.default_rng(seed)
    group = [None, params.length, 2 * params.length][seed % 3]
    drawn = draw_weights(params, (n, k), group, "corners" if seed % 5 == 0 else "random", rng)
    return drawn | {"a": params.a_format.random(rng, (m, k))}


SHAPES = st.tuples(st.integers(1, 5), st.integers(1, 128), st.integers(1, 40))


@given(params=chains(), shape=SHAPES, seed=st.integers(0, 99))
def test_beats_mean_the_product(params: SparseParams, shape: tuple[int, int, int], seed: int) -> None:
    """Lowering, a model of the streams, and lifting give the product; what is counted is what the beats take."""
    tensors = arguments(params, shape, seed)
    job = SPARSE.lower(params, "gemm", **tensors)
    beats, steps = consume(params, job)
    effective = weights(params, tensors["w"], **{name: tensors[name] for name in SCALES if name in tensors})
    np.testing.assert_array_equal(SPARSE.lift(params, job, {"o": {"data": beats}}), tensors["a"] @ effective.T)
    assert len(beats) == job.outputs["o"]
    assert job.work == shape[0] * np.count_nonzero(effective)
    assert np.maximum(job.plan.steps, 1).tolist() == steps
    last = goldens.framing(SPARSE, params, job)["o"]
    assert np.flatnonzero(last).tolist() == [(t + 1) * params.panel_rows - 1 for t in range(len(steps))]


@given(params=chains(), shape=SHAPES, seed=st.integers(0, 99))
def test_every_beat_can_be_sent(params: SparseParams, shape: tuple[int, int, int], seed: int) -> None:
    """Streams carry the fields, lanes and values that the ports describe."""
    job = SPARSE.lower(params, "gemm", **arguments(params, shape, seed))
    ports = {port.name: port for port in SPARSE.ports(params) if port.direction == "in"}
    assert sorted(job.inputs) == sorted(ports)
    for name, port in ports.items():
        beats = job.inputs[name]
        assert sorted(beats) == sorted([f.name for f in port.fields] + ["last"] * port.last)
        for field in port.fields:
            assert beats[field.name].shape[1:] == (field.lanes,)
            assert field.format.contains(beats[field.name].astype(np.int64)).all()
        raw = port.unpack(port.pack(beats))
        assert all(np.array_equal(raw[field.name], beats[field.name]) for field in port.fields)


@pytest.mark.parametrize("block", [4, 8, 16])
def test_a_block_of_n_weights_takes_n_of_m_steps(block: int) -> None:
    """Of every N up to M weights in each block the next N that there is decides, and so do the steps."""
    params = SparseParams.parse({"rows": 1, "chains": 2, "block": block, "length": block, "group": 1})
    rng = np.random.default_rng(block)
    assert params.kept == (0, *(1 << level for level in range(block.bit_length())))
    for n in range(block + 1):
        w = prune(rng.integers(1, 100, (params.channels, 6 * block)), n, block)
        job = SPARSE.lower(params, "gemm", a=np.ones(6 * block), w=w)
        steps = 6 * next(kept for kept in params.kept if kept >= n)
        assert job.plan.steps.tolist() == [steps]
        assert len(job.inputs["w"]["data"]) == steps
        assert len(job.inputs["index"]["index"]) == (0 if steps == 6 * block else steps)
        assert len(job.inputs["panels"]["kept"]) == (6 if n else 1)


def test_empty_panels_are_not_sent_and_empty_tiles_have_one() -> None:
    """Windows without weights are dropped; of a tile without any, one descriptor is left."""
    params = SparseParams.parse({"rows": 1, "chains": 1, "length": 8, "group": 2, "weight_bits": "4", "scale_bits": 3})
    w = np.zeros((12, 32), dtype=int)
    w[0, 9], w[9, 24:28] = 1, 2
    job = SPARSE.lower(params, "gemm", a=np.arange(32), w=w, weight_scale=3, scale_group=8)
    panels = {name: values.reshape(-1).tolist() for name, values in job.inputs["panels"].items()}
    assert panels == {"kept": [1, 0, 3], "rescale": [1, 0, 1], "last": [True, True, True]}
    assert job.inputs["a"]["data"].tolist() == [list(range(8, 16)), list(range(24, 32))]
    assert job.inputs["index"]["index"].tolist() == [[1, *[0] * 7]]
    assert [len(job.inputs[name][field]) for name, field in (("w", "data"), ("scales", "scale"))] == [5, 2]


def test_the_width_of_a_panel_is_the_least_that_holds_its_codes() -> None:
    """Also those of empty slots, which have the code of zero; beats of eight bits have no gaps within a tile."""
    raw = {"rows": 1, "chains": 1, "length": 8, "group": 8, "weight_bits": "2,3,4,8"}
    params = SparseParams.parse(raw)
    extremes = [-2, 1, -3, 3, -8, 7, -9, -128]
    w = np.repeat(extremes, 8)[np.newaxis]
    job = SPARSE.lower(params, "gemm", a=np.ones(64), w=w)
    assert job.inputs["panels"]["width"][:, 0].tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    # 34 bits for each lane, lowest first: 10 01 101 011 1000 0111 11110111 10000000.
    text = "10000000" + "11110111" + "0111" + "1000" + "011" + "101" + "01" + "10"
    assert job.inputs["w"]["bits"][:, 3].tolist() == [int(text.zfill(40)[at : at + 8], 2) for at in (32, 24, 16, 8, 0)]
    params = SparseParams.parse(raw | {"group": 4, "scale_bits": 1, "zero_points": True})
    w[:] = 5
    w[0, ::4] = 4
    codes = SPARSE.lower(params, "gemm", a=np.ones(64), w=w, weight_scale=1, weight_zero=5).inputs
    assert np.unique(codes["panels"]["width"]).tolist() == [2]


EPILOGUES: list[dict[str, Any]] = [
    {"bias": True},
    {"requantize": True, "activation": "relu"},
    {"bias": True, "requantize": True, "output_format": "uint4"},
    {"bias": True, "requantize": True, "gemv": True},
]


@pytest.mark.parametrize("built", EPILOGUES)
@pytest.mark.parametrize("rows", [1, 5])
def test_the_epilogue_travels_with_its_results(built: dict[str, Any], rows: int) -> None:
    """What `epilogue` carries beside each beat of `o` belongs to the results in that beat."""
    params = SparseParams.parse({"rows": 2, "chains": 3, "length": 8, "group": 2, **built})
    _, tensors = SPARSE.example(params, "ragged", 4)
    tensors["a"] = np.resize(tensors["a"], (rows, tensors["a"].shape[1]))
    job = SPARSE.lower(params, "gemm", **tensors)
    n = len(tensors["w"])
    places = places_of(SPARSE, params, job)
    beats = job.inputs["epilogue"]
    for name, field in (("bias", "addend"), ("multiplier", "multiplier"), ("shift", "shift")):
        if field not in beats:
            continue
        whole = np.broadcast_to(tensors[name], (rows, n)).astype(np.int64)
        values, counts = expected_beats(places, job, whole)["o"]["data"]
        sent = np.tile(beats[field], (1, params.lanes // beats[field].shape[1]))
        np.testing.assert_array_equal(sent[counts], values[counts])
    for name in ("zero_point", "activate"):
        assert name not in beats or (beats[name] == tensors[name]).all()


@pytest.mark.parametrize("lead", [(), (3,), (2, 3), (1, 2, 2)])
def test_leading_axes_are_rows(lead: tuple[int, ...]) -> None:
    """Any number of axes before K are M; none is a GEMV."""
    rng = np.random.default_rng(1)
    a, w = rng.integers(-128, 128, (*lead, 37)), rng.integers(-128, 128, (5, 37))
    job = SPARSE.lower(PARAMS, "gemm", a=a, w=w)
    got = SPARSE.lift(PARAMS, job, {"o": {"data": consume(PARAMS, job)[0]}})
    np.testing.assert_array_equal(got, a @ w.T)


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), ((2, 1), "same"), (1, ((1, 0), (2, 1)))])
def test_convolution_is_a_product(stride: Any, padding: Any) -> None:
    """Beats mean the convolution of the golden model."""
    rng = np.random.default_rng(3)
    x, w = (
        rng.integers(-128, 128, (2, 5, 4, 3)),
        rng.integers(-128, 128, (3, 2, 3, 5)) * (rng.random((3, 2, 3, 5)) < 0.3),
    )
    options = {"stride": stride, "padding": padding}
    job = SPARSE.lower(PARAMS, "conv2d", x=x, w=w, **options)
    got = SPARSE.lift(PARAMS, job, {"o": {"data": consume(PARAMS, job)[0]}})
    np.testing.assert_array_equal(got, goldens.compute(SPARSE, PARAMS, "conv2d", {"x": x, "w": w, **options}))
    assert job.work == got.size // 5 * np.count_nonzero(w)


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("size", ["small", "ragged", "corner"])
def test_examples_go_through_lowering_and_golden(name: str, size: str) -> None:
    """Every preset's examples give all that the design asks for, every density, and results that differ."""
    params = rtloom.load(name).params
    operation, tensors = SPARSE.example(params, size, 6)
    job = SPARSE.lower(params, operation, **tensors)
    assert len(np.unique(goldens.compute(SPARSE, params, operation, tensors))) > 3
    again = SPARSE.example(params, size, 6)[1]
    assert all(np.array_equal(again[key], tensors[key]) for key in tensors)
    assert set(np.unique(job.inputs["panels"]["kept"])) >= set(range(1, params.levels + 1))
    tiling = job.plan.tiling
    assert (tiling.tiles_m * tiling.tiles_n > 1) == (size != "small")


def test_corner_examples_hold_what_overflows_first() -> None:
    """A dense row of minima meets a row of minima: the largest products that there are, all of one sign."""
    _, tensors = SPARSE.example(PARAMS, "corner", 0)
    assert (tensors["a"][0] == -128).all()
    assert (tensors["w"][0] == -128).all()
    assert [0] * tensors["a"].shape[1] in tensors["a"].tolist()


def test_an_unknown_size_of_example_is_named() -> None:
    with pytest.raises(InputError, match=r"^Example size must be small, ragged, corner, not 'huge'$"):
        SPARSE.example(PARAMS, "huge", 0)


@pytest.mark.parametrize(("n", "speedup"), [(1, 4), (2, 2), (4, 1)])
def test_large_products_lower_in_seconds(n: int, speedup: int) -> None:
    """A 4096x4096 SpMV of N:4 takes seconds to lower, and a share of N/4 of the dense one's cycles."""
    w = np.random.default_rng(0).integers(1, 128, (4096, 4096), dtype=np.int8)
    w.reshape(-1, 4)[:, n:] = 0
    began = time.process_time()
    job = SPARSE.lower(PARAMS, "gemm", a=np.ones(4096), w=w)
    assert time.process_time() - began < 20
    assert job.inputs["w"]["data"].dtype == np.int8
    dense = 4096 * 4096 // (PARAMS.chains * PARAMS.length)
    assert dense / SPARSE.cycles(PARAMS, job) > 0.999 * speedup


KNOWN = "weight_scale, weight_zero, scale_group, bias, multiplier, shift, zero_point, activate"


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"a": [1]}, "Sparse gemm must be given a and w; w is missing"),
        ({"a": [[1]], "w": [[1]], "b": 1}, f"Sparse gemm has no argument 'b'; it has a, w, {KNOWN}"),
        ({"a": [[1.5]], "w": [[1]]}, "Sparse a must hold integers, not 1.5"),
        ({"a": [[128]], "w": [[1]]}, "Sparse a must hold int8 values, -128 to 127, not 128"),
        ({"a": [[1]], "w": [[128]]}, "Sparse w must hold int8 values, -128 to 127, not 128"),
        ({"a": 1, "w": [[1]]}, "Sparse a must have at least 1 axis, not ()"),
        ({"a": np.zeros((0, 2)), "w": [[1, 1]]}, "Sparse a must not be empty, not (0, 2)"),
        ({"a": [1, 1], "w": [1, 1]}, "Sparse w must have 2 axes, (N, K), not (2,)"),
        ({"a": [1, 1], "w": [[1], [1]]}, "Sparse w must have 2 columns, as a has, not (2, 1)"),
        ({"a": np.ones(16385), "w": np.ones((1, 16385))}, "Sparse K must be at most max_reduction=16384, not 16385"),
        *[
            ({"a": [1], "w": [[1]], name: 1}, f"Sparse {name} must be left out: the design was built without {unit}")
            for name, unit in {
                "weight_zero": "zero_points",
                "weight_scale": "scale_bits",
                "scale_group": "scale_bits",
                "bias": "bias",
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
        SPARSE.lower(PARAMS, "gemm", **tensors)


SCALED = {"weight_bits": "4", "scale_bits": 4, "zero_points": True}


@pytest.mark.parametrize(
    ("built", "given", "message"),
    [
        (SCALED, {}, "Sparse weight_scale must be given: the design was built with scale_bits"),
        (SCALED, {"weight_scale": 0}, "Sparse weight_scale must be at least 1, not 0"),
        (SCALED, {"weight_scale": 16}, "Sparse weight_scale must hold uint4 values, 0 to 15, not 16"),
        (
            SCALED,
            {"weight_scale": [1, 1, 1]},
            "Sparse weight_scale must be one number or have shape (3, 1), not (3,)",
        ),
        (
            SCALED,
            {"weight_scale": np.ones((3, 3))},
            "Sparse scale_group must be given where weight_scale has several numbers along K",
        ),
        (
            SCALED,
            {"weight_scale": 1, "scale_group": 24},
            "Sparse scale_group must be a positive multiple of length=16, not 24",
        ),
        (SCALED, {"weight_scale": 1, "weight_zero": -9}, "Sparse weight_zero must hold int4 values, -8 to 7, not -9"),
        (
            SCALED,
            {"weight_scale": 15, "weight_zero": -8},
            "Sparse w must give weights of int8, -128 to 127, when scaled, not 135",
        ),
        ({"bias": True}, {"bias": [1, 2]}, "Sparse bias must be one number or have shape (3,), not (2,)"),
        ({"requantize": True}, {"shift": 1}, "Sparse multiplier must be given: the design requantizes"),
        ({"requantize": True}, {"multiplier": 1}, "Sparse shift must be given: the design requantizes"),
        (
            {"requantize": True},
            {"multiplier": 1, "shift": 64},
            "Sparse shift must hold uint6 values, 0 to 63, not 64",
        ),
    ],
)
def test_bad_scales_and_epilogues_get_one_line(built: dict[str, Any], given: dict[str, Any], message: str) -> None:
    """What goes with the operands is checked against the units that the design has."""
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        SPARSE.lower(SparseParams.parse(built), "gemm", a=np.ones((2, 40)), w=np.ones((3, 40)), **given)


def test_bad_convolutions_get_one_line() -> None:
    """Groups do not exist; sizes are checked as for the systolic family."""
    x, w = np.ones((1, 4, 4, 2)), np.ones((2, 2, 1, 3))
    message = f"Sparse conv2d has no argument 'groups'; it has x, w, stride, padding, {KNOWN}"
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        SPARSE.lower(PARAMS, "conv2d", x=x, w=w, groups=2)
    message = "Convolution w must have 2 input channels per group, as x and groups say, not 1"
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        SPARSE.lower(PARAMS, "conv2d", x=x, w=w)


def test_an_unknown_operation_is_named() -> None:
    with pytest.raises(InputError, match=r"^Sparse operation must be gemm or conv2d, not 'fft'$"):
        SPARSE.lower(PARAMS, "fft")
