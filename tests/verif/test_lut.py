"""What the LUT family is tested with: its data reaches every extreme, and a wrong value anywhere is noticed."""

import itertools

import numpy as np
import pytest

from rtloom.generators.design import emit_design
from rtloom.generators.lut.family import LUT
from rtloom.generators.lut.params import LutParams
from rtloom.generators.lut.ranges import table_exponent
from rtloom.generators.spec import Spec
from rtloom.hdl.formats import parse_format
from rtloom.sim.native import run_streams
from rtloom.verif import goldens
from rtloom.verif.jobs import jobs_of
from rtloom.verif.simulate import simulate

JOBS = jobs_of("lut")
CORNERS = {"zeros", "minimum", "alternating", "widest", "exponents"}


def test_the_corners_are_in_every_set() -> None:
    assert set(JOBS.axes["data"]) >= CORNERS
    assert set(JOBS.data) >= CORNERS
    assert {data for _, data in JOBS.bench.values()} >= CORNERS | {"maximum"}


WEIGHTS = [
    *((name, False) for name in ("int2", "int4", "int8", "uint1", "uint3", "uint8", "ternary", "bipolar")),
    *((name, True) for name in ("uint1", "uint3", "uint8")),
]


@pytest.mark.parametrize(("w", "zero_points"), WEIGHTS)
@pytest.mark.parametrize("a", ["int8", "uint4"])
def test_the_widest_sums_are_those_of_the_formats(w: str, zero_points: bool, a: str) -> None:
    params = LutParams.parse({"m": 2, "n": 2, "weight_format": w, "a_format": a, "zero_points": zero_points})
    sums = np.concatenate(
        [goldens.compute(LUT, params, *JOBS.make(params, "tiles", "widest", seed)).reshape(-1) for seed in range(8)]
    )
    reduction = JOBS.make(params, "tiles", "widest", 0)[1]["a"].shape[1]
    w_form, a_form = params.weight_format, params.a_format
    weights = (w_form.lo - zero_points * w_form.hi, w_form.hi)
    products = [reduction * x * y for x in weights for y in (a_form.lo, a_form.hi)]
    assert (sums.min(), sums.max()) == (min(products), max(products))


@pytest.mark.parametrize("lookup", [2, 4, 6])
@pytest.mark.parametrize("a", ["int8", "uint8", "int16"])
def test_exponents_lie_on_both_sides_of_every_limit(a: str, lookup: int) -> None:
    params = LutParams.parse({"m": 4, "n": 4, "k": 2, "lookup": lookup, "a_format": a})
    rows = [JOBS.make(params, "long", "exponents", seed)[1]["a"] for seed in range(6)]
    largest = np.abs(np.concatenate([row[:, : row.shape[1] // lookup * lookup] for row in rows]))
    found = set(largest.reshape(-1, lookup).sum(axis=1).tolist())
    top = params.replace(table_scale="table").ranges.exponent
    assert {table_exponent(sums) for sums in found} == set(range(top + 1))
    for exponent in range(top):
        # Next to the tie at 127.5, which no longer fits.
        assert max(sums for sums in found if table_exponent(sums) == exponent) == ((255 << exponent) - 1) // 2
        assert min(sums for sums in found if table_exponent(sums) > exponent) == ((255 << exponent) + 1) // 2
    assert 0 in found


SCALED = {
    "m": 2, "n": 2, "weight_format": "uint2", "group": 8, "weight_scales": True, "activation_scales": True,
    "zero_points": True,
}  # fmt: skip


@pytest.mark.parametrize(("data", "scale", "zero"), [("minimum", 1, 0), ("maximum", 255, 3), ("zeros", 1, 0)])
def test_scales_and_zero_points_follow_the_data(data: str, scale: int, zero: int) -> None:
    tensors = JOBS.make(LutParams.parse(SCALED), "tiles", data, 3)[1]
    assert {int(v) for name in ("weight_scale", "activation_scale") for v in np.unique(tensors[name])} == {scale}
    assert np.unique(tensors["weight_zero"]).tolist() == [zero]


@pytest.mark.parametrize("data", JOBS.data)
def test_scales_are_never_zero(data: str) -> None:
    for seed, job in enumerate(JOBS.jobs):
        tensors = JOBS.make(LutParams.parse(SCALED), job, data, seed)[1]
        assert all(np.min(tensors[name]) >= 1 for name in ("weight_scale", "activation_scale"))


def test_jobs_meet_ragged_edges() -> None:
    params = LutParams.parse({"m": 2, "n": 4, "k": 2, "lookup": 3})
    assert JOBS.make(params, "edge", "random", 0)[1]["a"].shape == (3, 19)
    assert JOBS.make(params, "gemv", "random", 0)[1]["a"].ndim == 1
    assert JOBS.make(params, "batched", "random", 0)[1]["a"].shape == (2, 2, 18)
    weights = [JOBS.make(params, "ragged", "random", seed)[1]["w"].shape for seed in range(60)]
    assert {n % 4 for n, _ in weights} == {0, 1, 2, 3}
    assert {k % 6 for _, k in weights} == {0, 1, 2, 3, 4, 5}
    short = LutParams.parse({"max_reduction": 5})
    assert all(JOBS.make(short, job, "random", 1)[1]["w"].shape[-1] <= 5 for job in ("edge", "long", "tiles", "short"))


TILES = [
    {"weight_format": "int2"},
    {"weight_format": "int3", "table": "half"},
    {"weight_format": "int3", "table": "full", "precompute": "private"},
    {"weight_format": "uint2", "precompute": "streamed", "planes": 2},
    {"weight_format": "ternary", "planes": 2},
    {"weight_format": "bipolar"},
    {"weight_format": "ternary", "table": "half", "packed_ternary": True, "planes": 2},
    {"weight_format": "bipolar", "unit": "add"},
    {"weight_format": "int3", "unit": "add"},
    {"weight_format": "int3", "unit": "mac"},
]


@pytest.mark.parametrize("tile", TILES, ids=lambda tile: "-".join(str(word) for word in tile.values()))
def test_one_table_is_right_for_all_weights_and_activations(tile: dict) -> None:
    params = {"m": 1, "n": 1, "lookup": 2, "a_format": "int4", "max_reduction": 2, **tile}
    pairs = []
    for name in (params["a_format"], params["weight_format"]):
        form = parse_format(name)
        every = np.arange(form.lo, form.hi + 1)
        pairs.append(np.array(list(itertools.product(every[form.contains(every)], repeat=2))))
    o, _ = simulate({"family": "lut", "name": "one", "params": params}, a=pairs[0], w=pairs[1], check=True)
    np.testing.assert_array_equal(o, pairs[0] @ pairs[1].T)


@pytest.mark.parametrize("data", ["random", "widest"])
def test_a_tall_tile(data: str) -> None:
    """More rows than columns, which the matrix has in small only."""
    params = LutParams.parse({"m": 8, "n": 4, "k": 4, "lookup": 2, "accumulate": "lane", "max_reduction": 64})
    operation, tensors = JOBS.make(params, "edge", data, 3)
    simulate(Spec("tall", LUT, params), operation, stalls="both", check=True, **tensors)


SMALL = {"m": 2, "n": 4, "k": 2, "lookup": 3, "segments": 2, "max_reduction": 64}
GROUPS = {"group": 12, "weight_scales": True, "activation_scales": True}
SENSITIVE = {
    "streamed": {"weight_format": "uint2", "precompute": "streamed", "table_scale": "table", "zero_points": True},
    "grouped": {"weight_format": "int3", "table": "half", "table_scale": "group", **GROUPS, "addend": "matrix"},
    "packed": {"weight_format": "ternary", "table": "half", "packed_ternary": True, "planes": 2, "addend": "bias"},
    "mac": {"weight_format": "uint3", "unit": "mac", "zero_points": True, **GROUPS},
    "requantized": {"requantize": True, "addend": "bias", "activation": "relu", "output_format": "int16"},
}
GENTLE = {"bias": 1, "multiplier": 3, "shift": 0, "zero_point": 1, "activate": 0}
"""A requantisation that rounds and clips nothing away."""
FLAGS = ("last", "ends")
LARGEST_TRITS = 242


def fields() -> list[tuple[str, str, str]]:
    """Return every field of every input stream of the designs, but for the flags."""
    found = []
    for name, params in SENSITIVE.items():
        for port in LUT.ports(LutParams.parse(SMALL | params)):
            found += [(name, port.name, f.name) for f in port.fields if port.direction == "in" and f.name not in FLAGS]
    return found


@pytest.mark.parametrize(("design", "stream", "field"), fields())
def test_every_field_of_every_stream_matters(design: str, stream: str, field: str) -> None:
    """One wrong value in one beat: the result is no longer the golden one."""
    params = LutParams.parse(SMALL | SENSITIVE[design])
    operation, tensors = JOBS.make(params, "tiles", "random", 1)
    tensors |= GENTLE if params.requantize else {}
    job = LUT.lower(params, operation, **tensors)
    port = next(port for port in LUT.ports(params) if port.name == stream)
    highest = min(next(f for f in port.fields if f.name == field).format.hi, LARGEST_TRITS)
    values = job.inputs[stream][field].copy()
    values[0, 0] += 1 if values[0, 0] < highest else -1
    job.inputs[stream][field] = values
    emitted = emit_design(Spec(f"lut_{design}", LUT, params))
    run = run_streams(emitted.verilog, emitted.manifest, job.inputs, job.outputs)
    expected = goldens.compute(LUT, params, operation, tensors)
    assert (LUT.lift(params, job, run.outputs) != expected).any()
