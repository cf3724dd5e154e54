"""What the sparse family is tested with: its data reaches every extreme, and a wrong value anywhere is noticed."""

import itertools
from typing import Any

import numpy as np
import pytest

from rtloom.generators.design import emit_design
from rtloom.generators.sparse.family import SPARSE
from rtloom.generators.sparse.params import SparseParams
from rtloom.generators.sparse.prune import prune
from rtloom.generators.spec import Spec
from rtloom.sim.native import run_streams
from rtloom.verif import goldens
from rtloom.verif.golden.sparse import weights
from rtloom.verif.jobs import jobs_of
from rtloom.verif.simulate import simulate

JOBS = jobs_of("sparse")
CORNERS = {"zeros", "minimum", "alternating", "sparse", "uniform", "empty", "widest"}
SCALES = ("weight_scale", "weight_zero", "scale_group")


def test_the_corners_are_in_every_set() -> None:
    assert set(JOBS.axes["data"]) >= CORNERS
    assert set(JOBS.data) >= CORNERS
    assert {data for _, data in JOBS.bench.values()} >= CORNERS | {"maximum"}


def effective(params: SparseParams, tensors: dict[str, Any]) -> np.ndarray:
    """Return the weights of a GEMM as the multipliers see them."""
    return weights(params, tensors["w"], **{name: tensors[name] for name in SCALES if name in tensors})


@pytest.mark.parametrize(
    ("raw", "low", "high"),
    [
        ({}, -128, 127),
        ({"weight_bits": "2"}, -2, 1),
        ({"weight_bits": "4", "scale_bits": 4}, -120, 105),
        ({"weight_bits": "4", "scale_bits": 4, "zero_points": True}, -126, 126),
        ({"weight_bits": "2", "scale_bits": 1, "zero_points": True}, -3, 3),
    ],
)
@pytest.mark.parametrize("a", ["int8", "int3"])
def test_the_widest_sums_are_those_of_the_formats(raw: dict[str, Any], low: int, high: int, a: str) -> None:
    params = SparseParams.parse({"chains": 1, "a_format": a, **raw})
    drawn = [JOBS.make(params, "tiles", "widest", seed) for seed in range(8)]
    sums = np.concatenate([goldens.compute(SPARSE, params, *job).reshape(-1) for job in drawn])
    reduction = drawn[0][1]["a"].shape[1]
    products = [reduction * x * y for x in (low, high) for y in (params.a_format.lo, params.a_format.hi)]
    assert (sums.min(), sums.max()) == (min(products), max(products))
    for data, extreme in (("minimum", low), ("maximum", high)):
        assert (effective(params, JOBS.make(params, "tile", data, 1)[1]) == extreme).all()


def test_all_densities_widths_and_empty_tiles_are_met() -> None:
    params = SparseParams.parse({"weight_bits": "2,3,4,8", "scale_bits": 3, "zero_points": True})
    seen = {"kept": set(), "width": set(), "rescale": set()}
    for data in ("random", "uniform", "empty", "sparse"):
        for seed in range(6):
            operation, tensors = JOBS.make(params, "long", data, seed)
            panels = SPARSE.lower(params, operation, **tensors).inputs["panels"]
            for name, values in seen.items():
                values |= set(panels[name].reshape(-1).tolist())
    assert seen == {"kept": {0, 1, 2, 3}, "width": {0, 1, 2, 3}, "rescale": {0, 1}}


@pytest.mark.parametrize("data", ["zeros", "empty"])
def test_tiles_without_weights_are_met(data: str) -> None:
    params = SparseParams.parse({"weight_bits": "4", "scale_bits": 3, "zero_points": True})
    operation, tensors = JOBS.make(params, "short", data, 3)
    kept = SPARSE.lower(params, operation, **tensors).inputs["panels"]["kept"]
    assert 0 in kept
    assert (kept == 0).all() == (data == "zeros")


def test_sizes_lie_at_the_edges_of_a_tile() -> None:
    params = SparseParams.parse({"rows": 2, "chains": 3, "length": 8, "group": 2})
    shapes = {job: JOBS.make(params, job, "random", 1)[1] for job in JOBS.jobs if job != "convolution"}
    sizes = {job: (*tensors["a"].shape, len(tensors["w"])) for job, tensors in shapes.items() if job != "ragged"}
    assert sizes == {
        "tile": (2, 32, 12),
        "single": (1, 1, 1),
        "edge": (3, 33, 13),
        "short": (4, 8, 36),
        "tiles": (4, 64, 24),
        "long": (2, 257, 12),
        "deepest": (2, 32, 12),
        "gemv": (65, 25),
        "batched": (2, 2, 32, 12),
    }
    fillable = params.replace(max_reduction=8192)
    assert JOBS.make(fillable, "deepest", "random", 1)[1]["w"].shape == (12, 8192)
    drawn = [JOBS.make(params, "ragged", "random", seed)[1]["w"].shape for seed in range(80)]
    assert {n % 12 for n, _ in drawn} == set(range(12))
    assert {k % 8 for _, k in drawn} == set(range(8))
    short = SparseParams.parse({"max_reduction": 5})
    assert all(JOBS.make(short, job, "random", 1)[1]["w"].shape[-1] <= 5 for job in ("edge", "long", "tiles", "short"))


@pytest.mark.parametrize("data", JOBS.data)
def test_every_job_with_every_pattern_can_be_lowered(data: str) -> None:
    params = SparseParams.parse({"weight_bits": "2,3,4,8", "scale_bits": 7, "zero_points": True, "gemv": True})
    for seed, job in enumerate(JOBS.jobs):
        operation, tensors = JOBS.make(params, job, data, seed)
        lowered = SPARSE.lower(params, operation, **tensors)
        assert lowered.work <= goldens.compute(SPARSE, params, operation, tensors).size * params.max_reduction


SMALL = {"rows": 2, "chains": 2, "length": 8, "group": 2, "max_reduction": 256}
PAIRS = [
    {"a_format": "int4", "weight_bits": "4"},
    {"a_format": "int4", "weight_bits": "4", "packing": 1},
    {"a_format": "int4", "weight_bits": "4", "scale_bits": 4},
    {"a_format": "int4", "weight_bits": "4", "bitmap": True},
    {"a_format": "int3", "weight_bits": "2,3,4,8", "scale_bits": 1, "zero_points": True},
]


@pytest.mark.parametrize("raw", PAIRS, ids=lambda raw: "-".join(map(str, raw.values())))
def test_every_product_is_right(raw: dict[str, Any]) -> None:
    """All values of A meet all weights, each pair alone in a sum and in the company of others."""
    params = SparseParams.parse(SMALL | raw)
    every_a = np.arange(params.a_format.lo, params.a_format.hi + 1)
    codes = np.arange(params.carried_format.lo, params.carried_format.hi + 1)
    a = np.array(list(itertools.product(every_a, repeat=2)))
    w = np.stack([codes, np.roll(codes, 1)], axis=1)
    scales = (
        {} if params.scale_bits is None else {"weight_scale": 1 + (np.arange(len(w)) % params.scale_format.hi)[:, None]}
    )
    if params.zero_points:
        scales["weight_zero"] = -1
        w = np.minimum(w, params.carried_format.hi - 1)
    o, report = simulate({"family": "sparse", "name": "one", "params": SMALL | raw}, a=a, w=w, check=True, **scales)
    assert report.cycles == report.formula_cycles
    np.testing.assert_array_equal(o, a @ weights(params, w, **scales).T)


@pytest.mark.parametrize("block", [4, 8, 16])
def test_every_n_of_every_block(block: int) -> None:
    """N from 0 to M, one after the other and mixed, from one window to the next."""
    raw = {"rows": 2, "chains": 2, "block": block, "length": block, "group": 1, "max_reduction": 1024}
    params = SparseParams.parse(raw)
    rng = np.random.default_rng(block)
    w = rng.integers(-128, 128, (params.channels + 1, (block + 1) * block))
    whole = [prune(part, n, block) for n, part in enumerate(np.split(w, block + 1, axis=1))]
    mixed = np.concatenate([whole[n] for n in rng.permutation(block + 1)], axis=1)
    a = rng.integers(-128, 128, (3, mixed.shape[1]))
    o, report = simulate({"family": "sparse", "name": f"n_of_{block}", "params": raw}, a=a, w=mixed, check=True)
    assert report.cycles == report.formula_cycles
    np.testing.assert_array_equal(o, a @ mixed.T)


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"scale_bits": 2},
        {"weight_bits": "4,8"},
        {"group": 8, "weight_bits": "4,8"},
        {"bitmap": True},
        {"bitmap": True, "group": 8},
    ],
    ids=str,
)
@pytest.mark.parametrize("empty", [0, 1, 2, 3])
def test_cycles_of_empty_tiles(raw: dict[str, Any], empty: int) -> None:
    """Tiles without weights at the beginning, in which the first beats of others arrive, and everywhere."""
    params = SparseParams.parse(SMALL | raw)
    w = np.random.default_rng(empty).integers(1, 8, (3 * params.channels, 24))
    w[: empty * params.channels] = 0
    scales = {"weight_scale": 2} if params.scale_bits else {}
    spec = {"family": "sparse", "name": "empty", "params": SMALL | raw}
    _, report = simulate(spec, a=np.ones((2, 24), dtype=int), w=w, check=True, **scales)
    assert report.cycles == report.formula_cycles


SENSITIVE = {
    "plain": {"bias": True},
    "scaled": {"weight_bits": "2,4,8", "scale_bits": 4, "zero_points": True},
    "gemv": {"gemv": True, "weight_bits": "4", "scale_bits": 3},
    "packed": {"packing": 2},
    "bitmap": {"bitmap": True, "weight_bits": "4"},
    "requantized": {"requantize": True, "bias": True, "activation": "relu", "output_format": "int16"},
}
GENTLE = {"bias": 1, "multiplier": 3, "shift": 0, "zero_point": 1, "activate": 0}
"""A requantisation that rounds and clips nothing away."""
SHAPING = ("last", "kept", "width", "rescale", "gemv", "bitmap")
"""Fields that say how many beats of other streams follow: a wrong one hangs the design."""


def fields() -> list[tuple[str, str, str]]:
    """Return every field of every input stream of the designs, but for those that shape the streams."""
    found = []
    for name, params in SENSITIVE.items():
        for port in SPARSE.ports(SparseParams.parse(SMALL | params)):
            named = [f.name for f in port.fields if port.direction == "in" and f.name not in SHAPING]
            found += [(name, port.name, field) for field in named]
    return found


@pytest.mark.parametrize(("design", "stream", "field"), fields())
def test_every_field_of_every_stream_matters(design: str, stream: str, field: str) -> None:
    """One wrong value in one beat: the result is no longer the golden one."""
    params = SparseParams.parse(SMALL | SENSITIVE[design])
    rng = np.random.default_rng(1)
    w = prune(rng.integers(1, params.carried_format.hi + 1, (params.rows * params.channels, 32)), 2, 4)
    # A negative sum, which an activation would change.
    w[0] = -w[0]
    tensors: dict[str, Any] = {"w": w, "a": rng.integers(1, 10, 32 if params.gemv else (2, 32))}
    if params.scale_bits is not None:
        tensors["weight_scale"] = 1
    tensors |= GENTLE if params.requantize else {"bias": 5} if params.bias else {}
    job = SPARSE.lower(params, "gemm", **tensors)
    port = next(port for port in SPARSE.ports(params) if port.name == stream)
    highest = next(f for f in port.fields if f.name == field).format.hi
    values = job.inputs[stream][field].copy()
    values[0, 0] += 1 if values[0, 0] < highest else -1
    job.inputs[stream][field] = values
    emitted = emit_design(Spec(f"sparse_{design}", SPARSE, params))
    run = run_streams(emitted.verilog, emitted.manifest, job.inputs, job.outputs)
    expected = goldens.compute(SPARSE, params, "gemm", tensors)
    assert (SPARSE.lift(params, job, run.outputs) != expected).any()
