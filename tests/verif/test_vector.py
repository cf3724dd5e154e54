"""Vector units in Verilator: every input where there are few, mixed lengths, and wrong values are noticed."""

import itertools
from typing import Any

import numpy as np
import pytest

from rtloom.errors import InputError
from rtloom.generators.design import emit_design
from rtloom.generators.family import Job
from rtloom.generators.spec import Spec
from rtloom.generators.vector import scales
from rtloom.generators.vector.activation_shape import ActivationShape
from rtloom.generators.vector.family import VECTOR
from rtloom.generators.vector.norm_shape import NormShape
from rtloom.generators.vector.params import UNITS, VectorParams
from rtloom.generators.vector.softmax_shape import SoftmaxShape
from rtloom.generators.vector.timing import held_vectors
from rtloom.sim.native import run_streams
from rtloom.verif import goldens
from rtloom.verif.jobs import jobs_of
from rtloom.verif.simulate import simulate
from rtloom.verif.stimulus import stalls

JOBS = jobs_of("vector")
CORNERS = {"zeros", "minimum", "alternating", "level", "rising"}


def design(unit: str, **raw: Any) -> Spec:
    return Spec(f"vector_{unit}", VECTOR, VectorParams.parse({"unit": unit, **raw}))


def test_the_corners_are_in_every_set() -> None:
    assert set(JOBS.axes["data"]) >= CORNERS
    assert {data for _, data in JOBS.bench.values()} >= CORNERS | {"maximum"}


def test_data_are_what_their_names_say() -> None:
    params = VectorParams.parse({"unit": "softmax"})
    level, rising = (JOBS.make(params, "edge", data, 3)[1]["x"] for data in ("level", "rising"))
    assert (level == level[:, :1]).all()
    assert len(np.unique(level)) > 1
    assert (np.diff(rising) >= 0).all()
    assert (rising[:, 0] < rising[:, -1]).all()


@pytest.mark.parametrize("unit", ["gelu", "silu"])
def test_a_thorough_sweep_shows_every_correction_to_its_last_bit(unit: str) -> None:
    """A wrong bit of one table entry is met by one scale in hundreds, and is then mostly rounded away."""
    spec = design(unit, lanes=2)
    shape = ActivationShape(spec.params)
    _, given = JOBS.make(spec.params, "tables", "everything", 1)
    assert (given["x"] == 1).all()
    assert set(given["input_multiplier"] << shape.lift >> given["input_shift"]) >= set(range(shape.reach))
    o = goldens.compute(VECTOR, spec.params, unit, given)
    form = spec.params.o_format
    assert (o > form.lo).all()
    assert (o < form.hi).all()
    # What is cancelled is the correction itself: one unit of it is one of the result.
    assert (given["correction"] == 1 << given["shift"]).all()


def test_a_thorough_sweep_meets_every_root_and_every_shift() -> None:
    params = design("layernorm").params
    shape = NormShape(params)
    _, given = JOBS.make(params, "tables", "everything", 1)
    x, length = given["x"], given["x"].shape[1]
    spread = length * (x * x).sum(axis=1) - x.sum(axis=1) ** 2 + given["epsilon"]
    place = np.floor(np.log2(spread)).astype(int)
    mantissa = (spread / 2.0**place - 1) * (shape.root_table.segments // 2)
    assert len(set(zip(place % 2, mantissa.astype(int), strict=True))) == shape.root_table.segments
    _, wild = JOBS.make(params, "scales", "everything", 1)
    assert set(wild["shift"]) == set(range(64))
    o = goldens.compute(VECTOR, params, "layernorm", wild)
    assert {int(o.min()), int(o.max())} == {params.o_format.lo, params.o_format.hi}


def test_short_vectors_are_more_than_a_unit_holds() -> None:
    params = design("softmax", lanes=2, max_length=32).params
    assert JOBS.make(params, "short", "random", 1)[1]["x"].shape[0] > held_vectors(params)


def test_a_thorough_sweep_has_peaks_hundreds_of_octaves_apart() -> None:
    """A distance that is cut to its lower bits looks like a small one."""
    params = design("softmax", lanes=2).params
    _, given = JOBS.make(params, "tables", "everything", 3)
    octaves = given["x"] * given["multiplier"][:, np.newaxis] / 2.0 ** given["shift"][:, np.newaxis]
    spread = np.ptp(octaves * 2.0 ** (SoftmaxShape(params).lift - params.fraction), axis=1)
    assert (spread > 256).any()
    assert ((spread > 0.5) & (spread < 8)).any()


def test_everything_is_for_thorough_sweeps_alone() -> None:
    with pytest.raises(InputError, match=r"^Data pattern must be one of random, .*, rising, not 'everything'$"):
        JOBS.make(design("gelu").params, "edge", "everything", 1)


@pytest.mark.parametrize("unit", ["gelu", "silu"])
def test_every_int8_at_many_scales(unit: str) -> None:
    spec = design(unit, lanes=4)
    own = 2.0 ** np.linspace(-10, 8, 19)
    x = np.broadcast_to(np.arange(-128, 128), (len(own), 256))
    o, report = simulate(spec, x=x, check=True, **scales.activation_scales(spec.params, own, own, 5))
    assert report.utilisation > 0.98
    assert len(np.unique(o)) > 100


def test_every_int16() -> None:
    spec = design("gelu", lanes=8, input_format="int16", output_format="int16", fraction_bits=13)
    x = np.arange(-(1 << 15), 1 << 15)
    _, report = simulate(spec, x=x, check=True, **scales.activation_scales(spec.params, 2.0**-13, 2.0**-13))
    assert report.utilisation > 0.99


def triples() -> np.ndarray:
    """Return all vectors of three int4."""
    return np.array(list(itertools.product(range(-8, 8), repeat=3)))


@pytest.mark.parametrize("lanes", [1, 2])
def test_softmax_of_every_triple(lanes: int) -> None:
    spec = design("softmax", lanes=lanes, input_format="int4", max_length=3)
    given = scales.softmax_scales(spec.params, np.resize([0.05, 0.4, 3.0], 4096))
    o, report = simulate(spec, x=triples(), check=True, **given)
    assert report.cycles == report.formula_cycles
    # Three roundings and three errors of the units: shares add up to 1, but for 255 of 256.
    assert np.abs(o.sum(axis=1) - 256).max() <= 2


@pytest.mark.parametrize("unit", ["layernorm", "rmsnorm"])
def test_norms_of_every_triple(unit: str) -> None:
    spec = design(unit, lanes=2, input_format="int4", max_length=3, affine="gamma_beta")
    given = scales.norm_scales(spec.params, 3, 1.0, 1 / 40, gamma=[1, -0.5, 0.7], beta=[0, 1, -1], epsilon=0.1)
    _, report = simulate(spec, x=triples(), check=True, **given)
    assert report.cycles == report.formula_cycles


@pytest.mark.parametrize("pairing", ["adjacent", "halves"])
def test_rope_of_every_pair_and_angle(pairing: str) -> None:
    spec = design("rope", lanes=4, input_format="int4", angle_format="int4", output_format="int16", pairing=pairing)
    x = np.array(list(itertools.product(range(-8, 8), repeat=2)))
    turns = np.array(list(itertools.product(range(-8, 8), repeat=2)))
    pairs = np.broadcast_to(x[:, np.newaxis], (256, 256, 2))
    given = {"cos": turns[:, :1], "sin": turns[:, 1:], "multiplier": 1, "shift": 0}
    o, _ = simulate(spec, x=pairs, check=True, **given)
    exact = [x[:, :1] * turns[:, 0] - x[:, 1:] * turns[:, 1], x[:, :1] * turns[:, 1] + x[:, 1:] * turns[:, 0]]
    np.testing.assert_array_equal(o, np.stack(exact, axis=-1))


def mixed(params: VectorParams, lengths: list[int]) -> tuple[list[Job], dict[str, Any], np.ndarray]:
    """Return jobs of vectors of these lengths, their beats one after the other, and their golden results as beats."""
    jobs, results = [], []
    for seed, length in enumerate(lengths):
        rng = np.random.default_rng(seed)
        tensors = {"x": params.x_format.random(rng, (length,))}
        if params.unit == "softmax":
            tensors |= scales.softmax_scales(params, 0.03)
        else:
            beta = rng.normal(size=length)
            tensors |= scales.norm_scales(params, length, 0.1, 0.02, gamma=rng.normal(size=length), beta=beta)
        jobs.append(VECTOR.lower(params, params.unit, **tensors))
        results.append(goldens.compute(VECTOR, params, params.unit, tensors))
    joined = {
        stream: {field: np.concatenate([job.inputs[stream][field] for job in jobs]) for field in beats}
        for stream, beats in jobs[0].inputs.items()
    }
    return jobs, joined, results


@pytest.mark.parametrize("unit", ["softmax", "layernorm"])
@pytest.mark.parametrize("pattern", ["none", "both", "mostly_stalled", "bursts", "freeze"])
def test_vectors_of_mixed_lengths(unit: str, pattern: str) -> None:
    """Long ones after short ones and the other way round: all that waits has room, and nothing is mixed up."""
    spec = design(unit, lanes=2, max_length=100)
    lengths = [100, *[1] * 60, 100, 99, 2, 3, *[100] * 3, *[2] * 50, 51, 7]
    jobs, inputs, results = mixed(spec.params, lengths)
    outputs = {"o": sum(job.outputs["o"] for job in jobs)}
    emitted = emit_design(spec)
    go = dict(stalls(pattern, VECTOR.ports(spec.params), 3))
    run = run_streams(emitted.verilog, emitted.manifest, inputs, outputs, stalls=go)
    assert (run.outputs["o"]["last"] == inputs["x"]["last"]).all()
    parts = np.split(run.outputs["o"]["data"], np.cumsum([job.outputs["o"] for job in jobs])[:-1])
    for job, result, data in zip(jobs, results, parts, strict=True):
        np.testing.assert_array_equal(VECTOR.lift(spec.params, job, {"o": {"data": data}}), result)


SENSITIVE = {
    "gelu": {"lanes": 2, "output_format": "int16"},
    "rope": {"lanes": 2, "output_format": "int16"},
    "softmax": {"lanes": 2, "max_length": 16, "output_format": "uint16"},
    "layernorm": {"lanes": 2, "max_length": 16, "output_format": "int16"},
    "rmsnorm": {"lanes": 2, "max_length": 16, "output_format": "int16"},
}


def gentle(params: VectorParams, length: int) -> dict[str, Any]:
    """Return arguments that bring every field into the result."""
    if params.unit == "gelu":
        return {
            "input_multiplier": 900, "input_shift": 0, "multiplier": 9, "correction": 90, "shift": 13, "zero_point": 3
        }  # fmt: skip
    if params.unit == "softmax":
        return {"multiplier": 9000, "shift": 6}
    if params.unit == "rope":
        return {"cos": 30, "sin": 40, "multiplier": 9, "shift": 2, "zero_point": 5}
    affine = {"gamma": np.arange(1, length + 1)} | ({"beta": 77} if params.has_beta else {})
    return affine | {"multiplier": 9, "shift": 12, "zero_point": 5, "epsilon": 400}


def fields() -> list[tuple[str, str, str]]:
    """Return every field of every input stream of the units."""
    return [
        (unit, port.name, field.name)
        for unit, raw in SENSITIVE.items()
        for port in VECTOR.ports(design(unit, **raw).params)
        for field in port.fields
        if port.direction == "in"
    ]


@pytest.mark.parametrize(("unit", "stream", "field"), fields())
def test_every_field_of_every_stream_matters(unit: str, stream: str, field: str) -> None:
    """One wrong value in one beat: the result is no longer the golden one."""
    spec = design(unit, **SENSITIVE[unit])
    x = np.array([7, 20, -3, 15, 9]) if unit != "rope" else np.array([7, 20, -3, 15])
    tensors = {"x": x, **gentle(spec.params, len(x))}
    job = VECTOR.lower(spec.params, unit, **tensors)
    values = job.inputs[stream][field].copy()
    # The last beat's count, the first beat's else: far enough off that no rounding hides it.
    values[-1 if field == "count" else 0, 0] += {
        "epsilon": 300,
        "input_multiplier": 40,
        "beta": 3000,
        "multiplier": 5,
    }.get(field, 1)
    job.inputs[stream][field] = values
    emitted = emit_design(spec)
    run = run_streams(emitted.verilog, emitted.manifest, job.inputs, job.outputs)
    expected = goldens.compute(VECTOR, spec.params, unit, tensors)
    assert (VECTOR.lift(spec.params, job, run.outputs) != expected).any()


def test_every_unit_is_drawn_and_every_pair_of_unit_and_job_is_in_the_matrix() -> None:
    drawn = {JOBS.draw(np.random.default_rng(seed))["unit"] for seed in range(60)}
    assert drawn == set(JOBS.hardware["unit"]) == set(UNITS)
