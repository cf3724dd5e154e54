"""What the attention family is tested with: its data reaches every extreme, and a wrong value anywhere is noticed."""

from typing import Any

import numpy as np
import pytest

from rtloom.generators.attention.family import ATTENTION
from rtloom.generators.attention.params import AttentionParams
from rtloom.generators.design import emit_design
from rtloom.generators.spec import Spec
from rtloom.sim.native import run_streams
from rtloom.verif import goldens
from rtloom.verif.jobs import jobs_of
from rtloom.verif.simulate import simulate

JOBS = jobs_of("attention")
CORNERS = {"zeros", "minimum", "alternating", "equal", "dominating", "rising", "falling"}
SMALL = {
    "rows": 2, "e": 4, "f": 4, "e_lanes": 2, "f_lanes": 2, "key_tile": 4, "weight_bits": 10, "exponential_accuracy": 8,
    "logit_fraction": 6, "max_length": 64,
}  # fmt: skip


def made(raw: dict[str, Any], job: str, data: str, seed: int) -> tuple[AttentionParams, str, dict[str, Any], Any]:
    """Return a small design, an operation, its arguments and its job."""
    params = AttentionParams.parse(SMALL | raw)
    operation, tensors = JOBS.make(params, job, data, seed)
    return params, operation, tensors, ATTENTION.lower(params, operation, **tensors)


def test_the_corners_are_in_every_set() -> None:
    assert set(JOBS.axes["data"]) >= CORNERS
    assert set(JOBS.data) >= CORNERS
    assert {data for _, data in JOBS.bench.values()} >= CORNERS | {"maximum"}


def test_jobs_meet_every_edge_of_a_task() -> None:
    """Full and ragged tasks, tasks of one key, of none, of two tiles and of three keys."""
    slots, tails = set(), set()
    for seed in range(20):
        for job in ("tile", "single", "ragged", "short", "empty", "causal"):
            _, _, tensors, lowered = made({}, job, "random", seed)
            slots |= set(lowered.plan.slots.tolist())
            rows = int(np.prod(tensors["q"].shape[:-1]))
            tails.add((rows % 2, lowered.inputs["rows"]["stop"].min() == 0))
    assert slots >= set(range(1, 10))
    assert {tail for tail, _ in tails} == {0, 1}


def test_thorough_jobs_fill_the_sum_of_weights_and_end_rows_anywhere() -> None:
    """The highest bit of the sum, and high bits of where a row ends, are beyond what few keys reach."""
    _, _, tensors, lowered = made({"max_length": 1024}, *JOBS.thorough["deepest"], 1)
    assert not tensors["q"].any()
    assert lowered.inputs["rows"]["stop"].max() == 1024
    rows = [made({"max_length": 512}, "far", "random", seed)[3].inputs["rows"]["stop"] for seed in range(8)]
    stops = np.concatenate([stop.ravel() for stop in rows]).tolist()
    for bit in range(9):
        assert {stop >> bit & 1 for stop in stops} == {0, 1}


@pytest.mark.parametrize("mask", ["stop", "window", "sink"])
def test_masks_leave_tiles_out(mask: str) -> None:
    """At the end with a causal mask, at the beginning with a window, between with sinks besides."""
    left = {"end": False, "begin": False, "between": False}
    for seed in range(20):
        for job in ("causal", "window", "sink"):
            _, _, tensors, lowered = made({"mask": mask}, job, "random", seed)
            keys, last = lowered.inputs["tiles"]["key"][:, 0], lowered.inputs["tiles"]["last"]
            tasks = np.split(keys // 4, np.flatnonzero(last)[:-1] + 1)
            tiles = -(-tensors["k"].shape[-2] // 4)
            left["end"] |= any(task[-1] < tiles - 1 for task in tasks)
            left["begin"] |= any(task[0] > 0 for task in tasks)
            left["between"] |= any((np.diff(task) > 1).any() for task in tasks)
    assert left == {"end": True, "begin": mask != "stop", "between": mask == "sink"}


def test_rising_keys_raise_the_maximum_with_each_and_falling_ones_never() -> None:
    """By octaves, since there are as many as the logits' format has."""
    raw = {"key_tile": 32, "softmax": "online"}
    for data, sign in (("rising", 1), ("falling", -1)):
        params, _, tensors, lowered = made(raw, "tile", data, 1)
        score = tensors["q"] @ np.swapaxes(tensors["k"], -1, -2)
        multiplier, shift = (lowered.inputs["rows"][name][:, 0] for name in ("multiplier", "shift"))
        octaves = -(-np.rint(score * multiplier[:, None] / 2.0 ** shift[:, None]) // 2**params.logit_fraction)
        assert (np.diff(octaves, axis=1) * sign > 0).all()


def test_equal_keys_have_equal_weights_and_a_dominating_one_has_all() -> None:
    params, operation, tensors, _ = made({"output_fraction": 0, "weight_bits": 20}, "tile", "equal", 3)
    mean = goldens.compute(ATTENTION, params, operation, tensors)
    assert np.abs(mean - tensors["v"].mean(axis=-2)).max() <= 1
    best = 0
    for seed in range(4):
        params, operation, tensors, _ = made({"output_fraction": 0, "key_tile": 16}, "tile", "dominating", seed)
        tensors |= {"scale_multiplier": 1, "scale_shift": 1}
        one = np.argmax(np.abs(tensors["k"]).sum(axis=1))
        mine = (tensors["q"] @ tensors["k"].T)[:, one] > 0
        best += mine.sum()
        result = goldens.compute(ATTENTION, params, operation, tensors)[mine]
        np.testing.assert_allclose(result, np.broadcast_to(tensors["v"][one], result.shape), atol=1)
    # For the other rows it is the worst key.
    assert 0 < best < 4 * params.rows


def test_logits_come_close_to_the_limit() -> None:
    """Summaries hold maxima of both signs that are nearly the largest that the format has."""
    found = []
    for seed in range(30):
        for data in ("corners", "minimum", "maximum", "rising", "falling"):
            params, _, tensors, _ = made({}, "single", data, seed)
            found.append(goldens.compute(ATTENTION, params, "summary", tensors)[..., 0].reshape(-1))
    every = np.concatenate(found)
    assert every.max() == -params.no_key - 1
    assert every.min() < 0.9 * params.no_key


def test_given_maxima_are_right_too_low_and_too_high() -> None:
    """Rows within the slack, at its end, beyond it on either side, and jobs with no, some or only such rows."""
    distances, shares = set(), set()
    for seed in range(40):
        params, _, tensors, _ = made({"softmax": "unified_max", "slack_bits": 3}, "batched", "random", seed)
        said = goldens.compute(ATTENTION, params, "summary", tensors).reshape(-1, 3)
        offset = np.asarray(tensors["offset"]).reshape(-1)
        distances |= set((offset - said[:, 0]).tolist())
        shares.add(float(said[:, 2].mean()))
    assert distances >= {-3, -2, -1, 0, 1, 3, 4, 12}
    assert {0.0, 1.0} < shares


@pytest.mark.parametrize("data", JOBS.data)
def test_every_job_with_every_pattern_can_be_lowered(data: str) -> None:
    raw = {"kv_format": "int4", "kv_scale_bits": 7, "kv_group": 1, "softmax": "unified_max", "requantize": True}
    for job in JOBS.jobs:
        params, _, tensors, lowered = made(raw, job, data, 1)
        rows, keys = int(np.prod(tensors["q"].shape[:-1])), tensors["k"].shape[-2]
        assert 0 <= lowered.work <= rows * keys * (params.e + params.f)
        assert all(len(beats) for beats in lowered.inputs.values())


def test_short_sequences_are_all_that_a_short_design_is_given() -> None:
    for job in JOBS.jobs:
        for limit in (1, 2, 5):
            _, _, tensors, _ = made({"max_length": limit}, job, "random", limit)
            assert tensors["k"].shape[-2] <= limit


def test_random_designs_meet_every_option() -> None:
    """Small enough to be built, and with each option now and then."""
    drawn = [JOBS.draw(np.random.default_rng(seed)) for seed in range(300)]
    taken = [AttentionParams.parse(raw) for raw in drawn if JOBS.accepts(raw)]
    assert len(taken) > 100
    assert max(params.multipliers for params in taken) <= 200
    for name, words in (
        ("softmax", {"online", "unified_max", "three_pass"}),
        ("mask", {"stop", "window", "sink"}),
        ("exponential", {"table", "polynomial"}),
        ("requantize", {False, True}),
        ("slot", {1, 2, 3, 4}),
        ("rows", {1, 2, 3, 4, 5, 8, 16}),
    ):
        assert {getattr(params, name) for params in taken} >= words
    assert {params.key_beats < params.value_beats for params in taken} == {False, True}


@pytest.mark.parametrize("softmax", ["online", "unified_max", "three_pass"])
@pytest.mark.parametrize(("e_lanes", "f_lanes"), [(4, 4), (2, 4), (4, 2), (1, 2)])
def test_cycles_of_short_tasks(softmax: str, e_lanes: int, f_lanes: int) -> None:
    """Of tasks of 1 to 3 keys in every order, results want to leave faster than keys come."""
    raw = SMALL | {"softmax": softmax, "e_lanes": e_lanes, "f_lanes": f_lanes}
    params = AttentionParams.parse(raw)
    rng = np.random.default_rng(e_lanes)
    # Each pair and triple of lengths of 0 to 3 keys, one after the other.
    lengths = np.concatenate([np.repeat([0, 1, 2, 3], 3), rng.integers(0, 4, size=40)])
    q, k, v = (rng.integers(-9, 9, (len(lengths), 1, count, 4)) for count in (2, 3, 3))
    tensors = {"q": q, "k": k, "v": v, "scale_multiplier": 1, "scale_shift": 0, "length": lengths}
    if softmax == "unified_max":
        tensors["offset"] = goldens.compute(ATTENTION, params, "summary", tensors | {"offset": 0})[..., 0]
    spec = {"family": "attention", "name": "short", "params": raw}
    _, report = simulate(spec, "attention", check=True, **tensors)
    assert report.cycles == report.formula_cycles


SENSITIVE = {
    "online": {"kv_format": "int4", "kv_scale_bits": 4, "kv_group": 1},
    "window": {"mask": "window", "exponential": "polynomial"},
    "unified": {"softmax": "unified_max", "mask": "sink"},
    "passes": {"softmax": "three_pass", "mask": "stop"},
    "requantized": {"requantize": True, "output_format": "int16"},
}
SHAPING = ("last", "first", "more", "stage")
"""Fields that say how many beats of other streams follow, or where sums begin: a wrong one hangs the design."""


def fields() -> list[tuple[str, str, str]]:
    """Return every field of every input stream of the designs, but for those that shape the streams."""
    found = []
    for name, params in SENSITIVE.items():
        for port in ATTENTION.ports(AttentionParams.parse(SMALL | params)):
            named = [f.name for f in port.fields if port.direction == "in" and f.name not in SHAPING]
            found += [(name, port.name, field) for field in named]
    return found


@pytest.mark.parametrize(("design", "stream", "field"), fields())
def test_every_field_of_every_stream_matters(design: str, stream: str, field: str) -> None:
    """One wrong value in one beat: results or summaries are no longer the golden ones."""
    params = AttentionParams.parse(SMALL | SENSITIVE[design])
    rng = np.random.default_rng(4)
    tensors: dict[str, Any] = {
        "q": rng.integers(1, 8, (2, 4)), "k": np.arange(20).reshape(5, 4) % 7 - 3, "v": rng.integers(-7, 8, (5, 4)),
        "scale_multiplier": 40, "scale_shift": 3,
    }  # fmt: skip
    tensors |= {"k_scale": 1, "v_scale": 1} if params.kv_scale_bits else {}
    # With all masks row 0 sees the keys 0, 2 and 3, row 1 the keys 0, 3 and 4: each bound leaves out one that is sent.
    tensors |= {"causal": 1, "position": 3}
    tensors |= {} if params.mask == "stop" else {"window": 2}
    tensors |= {"sink": 1} if params.mask == "sink" else {}
    tensors |= {"multiplier": 50, "shift": 0, "zero_point": 1} if params.requantize else {}
    if params.softmax == "unified_max":
        tensors["offset"] = goldens.compute(ATTENTION, params, "summary", tensors | {"offset": 0})[..., 0]
    job = ATTENTION.lower(params, "attention", **tensors)
    port = next(port for port in ATTENTION.ports(params) if port.name == stream)
    highest = next(f for f in port.fields if f.name == field).format.hi
    values = job.inputs[stream][field].astype(np.int64)
    # Of the keys the last but one, which every row sees; else the first beat.
    at = len(values) - 2 * params.key_beats if stream in ("k", "v") else 0
    values[at, 0] += 3 if values[at, 0] + 3 <= highest else -3
    job.inputs[stream][field] = values
    emitted = emit_design(Spec(f"attention_{design}", ATTENTION, params))
    run = run_streams(emitted.verilog, emitted.manifest, job.inputs, job.outputs)
    wrong = False
    for operation in ATTENTION.operations:
        lifted = ATTENTION.lift(params, ATTENTION.lower(params, operation, **tensors), run.outputs)
        wrong |= bool((lifted != goldens.compute(ATTENTION, params, operation, tensors)).any())
    assert wrong
