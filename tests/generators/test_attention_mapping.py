"""The attention mapping: rows and keys of any number become beats that mean the softmax, and come back."""

import itertools
import math
import re
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rtloom
from rtloom.errors import InputError
from rtloom.generators.attention.family import ATTENTION
from rtloom.generators.attention.params import AttentionParams
from rtloom.generators.attention.scales import logit_scale
from rtloom.generators.spec import presets
from rtloom.verif import goldens
from rtloom.verif.jobs import jobs_of

from .attention_beat_model import consume

PRESETS = [name for name, preset in presets().items() if preset.family is ATTENTION]
JOBS = jobs_of("attention")
TINY = {"rows": 2, "e": 4, "f": 2, "e_lanes": 2, "f_lanes": 2, "key_tile": 4, "max_length": 64}


@st.composite
def engines(draw: st.DrawFn) -> AttentionParams:
    """Draw small engines of every kind."""
    e_lanes, f_lanes = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    scale, softmax = draw(st.sampled_from([None, 1, 4])), draw(st.sampled_from(["online", "unified_max", "three_pass"]))
    raw = {
        "rows": draw(st.integers(1, 4)),
        "e": max(e_lanes * draw(st.integers(1, 2)), 2 * (e_lanes == 1)),
        "f": max(f_lanes * draw(st.integers(1, 2)), 2 * (f_lanes == 1)),
        "e_lanes": e_lanes,
        "f_lanes": f_lanes,
        "key_tile": draw(st.integers(1, 6)),
        "kv_format": draw(st.sampled_from(["int8", "int4"])),
        "kv_scale_bits": scale,
        "kv_group": 0 if scale is None else draw(st.sampled_from([0, math.gcd(e_lanes, f_lanes)])),
        "softmax": softmax,
        "slack_bits": draw(st.sampled_from([1, 6])) if softmax == "unified_max" else None,
        "mask": draw(st.sampled_from(["stop", "window", "sink"])),
        "exponential": draw(st.sampled_from(["table", "polynomial"])),
        "logit_integer": draw(st.sampled_from([4, 10])),
        "requantize": draw(st.booleans()),
        "output_fraction": draw(st.integers(0, 8)),
        "max_length": draw(st.sampled_from([3, 40, 1 << 20])),
    }
    return AttentionParams.parse(raw)


JOB = st.sampled_from([name for name in JOBS.jobs if name != "long"])
DATA = st.sampled_from(JOBS.data)


def check_round_trip(params: AttentionParams, operation: str, tensors: dict[str, Any]) -> None:
    """Lower, consume and lift; compare with the golden model, and what is counted with what the beats take."""
    job = ATTENTION.lower(params, operation, **tensors)
    done = consume(params, job)
    for each in ATTENTION.operations:
        lifted = ATTENTION.lift(params, ATTENTION.lower(params, each, **tensors), done.outputs)
        np.testing.assert_array_equal(lifted, goldens.compute(ATTENTION, params, each, tensors), strict=True)
    assert {name: len(next(iter(beats.values()))) for name, beats in done.outputs.items()} == job.outputs
    assert job.plan.slots.tolist() == done.slots
    last = goldens.framing(ATTENTION, params, job)
    ends = [(task + 1) * params.rows for task in range(len(done.slots))]
    assert (np.flatnonzero(last["summary"]) + 1).tolist() == ends
    assert (np.flatnonzero(last["o"]) + 1).tolist() == [end * params.value_beats for end in ends]


@settings(max_examples=60)
@given(params=engines(), job=JOB, data=DATA, seed=st.integers(0, 99))
def test_beats_mean_the_attention(params: AttentionParams, job: str, data: str, seed: int) -> None:
    """Lowering, a model of the streams in plain integers, and lifting give the golden results and summaries."""
    check_round_trip(params, *JOBS.make(params, job, data, seed))


@given(params=engines(), job=JOB, data=DATA, seed=st.integers(0, 99))
def test_every_beat_can_be_sent(params: AttentionParams, job: str, data: str, seed: int) -> None:
    """Streams carry the fields, lanes and values that the ports describe."""
    operation, tensors = JOBS.make(params, job, data, seed)
    lowered = ATTENTION.lower(params, operation, **tensors)
    ports = {port.name: port for port in ATTENTION.ports(params) if port.direction == "in"}
    assert sorted(lowered.inputs) == sorted(ports)
    for name, port in ports.items():
        beats = lowered.inputs[name]
        assert sorted(beats) == sorted([f.name for f in port.fields] + ["last"] * port.last)
        for field in port.fields:
            assert beats[field.name].shape[1:] == (field.lanes,)
            assert field.format.contains(beats[field.name].astype(np.int64)).all()
        raw = port.unpack(port.pack(beats))
        assert all(np.array_equal(raw[field.name], beats[field.name]) for field in port.fields)


def seen(tensors: dict[str, Any]) -> list[list[set[int]]]:
    """Return by the masks' own words which keys each query of each batch entry sees: a set for each."""
    batch = tensors["q"].shape[0] if tensors["q"].ndim == 4 else 1
    queries, keys = tensors["q"].shape[-2], tensors["k"].shape[-2]
    length = np.broadcast_to(tensors.get("length", keys), batch)
    window = tensors.get("window")
    causal = tensors.get("causal", 0) or window is not None
    default = length - queries if causal else 0 * length
    position = np.broadcast_to(tensors.get("position", default), batch)
    sets = []
    for b in range(batch):
        sets.append([])
        for query in range(queries):
            at = position[b] + query
            close = {key for key in range(keys) if window is None or key > at - window}
            first = set(range(min(tensors.get("sink", 0), keys)))
            before = {key for key in range(keys) if key < length[b] and (key <= at or not causal)}
            sets[b].append((close | first) & before)
    return sets


@pytest.mark.parametrize("mask", ["stop", "window", "sink"])
@pytest.mark.parametrize("softmax", ["online", "three_pass"])
@pytest.mark.parametrize("job", ["causal", "window", "sink", "padded", "gqa", "decode", "empty", "short", "ragged"])
def test_tiles_that_no_row_sees_are_not_sent(mask: str, softmax: str, job: str) -> None:
    """Work is the keys that rows see; each tile of a task has one of them, and ends with the last that any row may."""
    params = AttentionParams.parse(TINY | {"mask": mask, "softmax": softmax, "rows": 3})
    for seed in range(4):
        operation, tensors = JOBS.make(params, job, "random", seed)
        lowered = ATTENTION.lower(params, operation, **tensors)
        sets, heads = seen(tensors), tensors["q"].shape[-3] if tensors["q"].ndim > 2 else 1
        every = [keys for entry in sets for keys in entry]
        assert lowered.work == heads * sum(map(len, every)) * (params.e + params.f)
        kv = tensors["k"].shape[-3] if tensors["k"].ndim > 2 else 1
        tasks = []
        for entry in sets:
            rows = [keys for keys in entry for _ in range(heads // kv)]
            tasks += kv * [set().union(*rows[at : at + 3]) for at in range(0, len(rows), 3)]
        expected = []
        for keys in tasks:
            tiles = sorted({key // 4 for key in keys})
            expected.append([(4 * t, min(4, max(keys) + 1 - 4 * t)) for t in tiles] or [(0, 1)])
        assert consume(params, lowered).tiles == expected


def small_job(raw: dict[str, Any], **more: Any) -> tuple[AttentionParams, Any]:
    """Return a design and the job of three heads that share keys, two positions, five keys."""
    params = AttentionParams.parse(TINY | raw)
    q = np.arange(24).reshape(3, 2, 4) - 12
    k, v = np.arange(20).reshape(1, 5, 4), 100 + np.arange(10).reshape(1, 5, 2)
    tensors = {"q": q, "k": k, "v": v, "scale_multiplier": [1, 2, 3], "scale_shift": 4} | more
    return params, ATTENTION.lower(params, "attention", **tensors)


def test_heads_that_share_keys_share_tasks() -> None:
    """Positions go first to last, the heads of each side by side; the last task is filled up with rows of zeros."""
    _, job = small_job({"rows": 4, "mask": "sink"}, causal=1)
    beats = {name: {f: values.tolist() for f, values in beats.items()} for name, beats in job.inputs.items()}
    rows = {name: values[:, 0].tolist() for name, values in job.inputs["rows"].items()}
    first = [-12, -4, 4, -8, 0, 8]
    assert beats["q"]["data"] == [[x + i, x + i + 1] for x in first for i in (0, 2)] + 4 * [[0, 0]]
    assert rows["stop"] == [4, 4, 4, 5, 5, 5, 0, 0]
    assert rows["multiplier"] == [1, 2, 3, 1, 2, 3, 0, 0]
    assert rows["shift"] == [4] * 6 + [0, 0]
    # The first task has one row of the second position, the other one the rest.
    assert beats["tiles"] == {
        "key": [[0], [4], [0], [4]],
        "more": [[3], [0], [3], [0]],
        "first": [[1], [0], [1], [0]],
        "last": [False, True, False, True],
    }
    keys = [[2 * i, 2 * i + 1] for i in range(10)]
    assert beats["k"]["data"] == keys + keys
    assert beats["v"]["data"] == 2 * [[100 + 2 * i, 101 + 2 * i] for i in range(5)]
    assert job.outputs == {"o": 8, "summary": 8}
    assert job.plan.slots.tolist() == [5, 5]


def test_three_passes_send_keys_thrice_and_values_once() -> None:
    _, job = small_job({"softmax": "three_pass", "rows": 6})
    tiles = {name: values.reshape(-1).tolist() for name, values in job.inputs["tiles"].items()}
    assert tiles == {
        "key": [0, 4] * 3,
        "more": [3, 0] * 3,
        "first": [1, 0] * 3,
        "stage": [0, 0, 1, 1, 2, 2],
        "last": [False, True] * 3,
    }
    assert [len(job.inputs[name]["data"]) for name in ("k", "v")] == [30, 5]
    assert job.plan.slots.tolist() == [15]


def test_rows_of_a_wrong_maximum_are_done_again_at_the_end() -> None:
    """Their offset is then the maximum; results are those of the second time, summaries those of the first."""
    offset = np.array([[-5, 40], [0, 3], [2, 11]])
    params, job = small_job({"softmax": "unified_max", "slack_bits": 2}, offset=offset)
    done = consume(params, job)
    summary = ATTENTION.lift(params, ATTENTION.lower(params, "summary", **again(offset)), done.outputs)
    maxima, redo = summary[..., 0], summary[..., 2].astype(bool)
    assert (redo == ((maxima > offset) | (maxima < offset - 2))).all()
    assert 0 < redo.sum() < 6
    sent = job.inputs["rows"]["offset"][:, 0]
    assert sent[:6].tolist() == offset.T.reshape(-1).tolist()
    assert sent[6 : 6 + redo.sum()].tolist() == maxima.T[redo.T].tolist()
    assert len(sent) == 6 + 2 * math.ceil(redo.sum() / 2)
    right = np.where(redo, maxima, offset)
    np.testing.assert_array_equal(
        ATTENTION.lift(params, job, done.outputs),
        goldens.compute(ATTENTION, params, "attention", again(right)),
    )


def again(offset: np.ndarray) -> dict[str, Any]:
    """Return the arguments of `small_job` with other offsets."""
    q, k = np.arange(24).reshape(3, 2, 4) - 12, np.arange(20).reshape(1, 5, 4)
    v = 100 + np.arange(10).reshape(1, 5, 2)
    return {"q": q, "k": k, "v": v, "scale_multiplier": [1, 2, 3], "scale_shift": 4, "offset": offset}


@pytest.mark.parametrize("softmax", ["online", "unified_max", "three_pass"])
def test_rows_without_keys_give_zeros_and_are_flagged(softmax: str) -> None:
    """A task of such rows alone is sent the key 0, which all its rows mask."""
    raw = {"softmax": softmax, "mask": "stop"}
    more = {"offset": 5} if softmax == "unified_max" else {}
    params, job = small_job(raw, length=0, causal=1, **more)
    assert job.inputs["rows"]["stop"].max() == 0
    assert job.work == 0
    stages = 3 if softmax == "three_pass" else 1
    assert job.plan.slots.tolist() == [stages] * 3
    outputs = consume(params, job).outputs
    assert not ATTENTION.lift(params, job, outputs).any()
    assert (outputs["summary"]["empty"] == 1).all()
    assert (outputs["summary"]["maximum"] == params.no_key).all()


@pytest.mark.parametrize("axes", [2, 3, 4])
def test_leading_axes_come_back(axes: int) -> None:
    """Matrices, heads and batches of them: the result has the axes of Q."""
    params = AttentionParams.parse(TINY)
    rng = np.random.default_rng(axes)
    lead, kv = (2, 4, 3)[3 - (axes - 1) :], (2, 2, 7)[3 - (axes - 1) :]
    tensors = {"q": rng.integers(-128, 128, (*lead, 4)), "k": rng.integers(-128, 128, (*kv, 4))}
    tensors |= {"v": rng.integers(-128, 128, (*kv, 2)), "scale_multiplier": 3, "scale_shift": 10}
    check_round_trip(params, "attention", tensors)
    job = ATTENTION.lower(params, "attention", **tensors)
    assert ATTENTION.lift(params, job, consume(params, job).outputs).shape == (*lead, 2)


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("size", ["small", "ragged", "corner"])
def test_examples_go_through_lowering_and_golden(name: str, size: str) -> None:
    """Every preset's examples give all that the design asks for, and results that differ."""
    params = rtloom.load(name).params
    operation, tensors = ATTENTION.example(params, size, 6)
    job = ATTENTION.lower(params, operation, **tensors)
    assert len(np.unique(goldens.compute(ATTENTION, params, operation, tensors))) > 10
    again = ATTENTION.example(params, size, 6)[1]
    assert all(np.array_equal(again[key], tensors[key]) for key in tensors)
    assert (len(job.plan.slots) > 1) == (size != "small")


def test_an_unknown_size_of_example_is_named() -> None:
    with pytest.raises(InputError, match=r"^Example size must be small, ragged, corner, not 'huge'$"):
        ATTENTION.example(AttentionParams.parse(TINY), "huge", 0)


@pytest.mark.parametrize("softmax", ["online", "unified_max", "three_pass"])
def test_all_heads_of_a_layer_lower_in_a_second(softmax: str) -> None:
    """Twelve heads of 512 queries and keys; keys and values stay bytes."""
    params = AttentionParams.parse({"softmax": softmax})
    rng = np.random.default_rng(0)
    q, k, v = (rng.integers(-127, 128, (12, 512, 64), dtype=np.int8) for _ in range(3))
    multiplier, shift = logit_scale(params, 1e-4)
    offset = {"offset": 9} if softmax == "unified_max" else {}
    began = time.process_time()
    job = ATTENTION.lower(
        params, "attention", q=q, k=k, v=v, scale_multiplier=multiplier, scale_shift=shift, causal=1, **offset
    )
    assert time.process_time() - began < 3
    assert {job.inputs[name]["data"].dtype for name in "qkv"} == {np.dtype(np.int8)}
    # Only tiles at the diagonal are partly masked.
    assert job.work / (12 * 64 * 64 * (513 * 8 / 2)) == pytest.approx(2, rel=1e-9)


@pytest.mark.parametrize("bits", [2, 8, 16, 24])
@pytest.mark.parametrize("fraction", [4, 12])
def test_real_scales_become_multipliers_and_shifts(bits: int, fraction: int) -> None:
    params = AttentionParams.parse({"scale_bits": bits, "logit_fraction": fraction})
    scale = np.concatenate([np.logspace(-6, -2, 99), [2.0**-9 * math.log(2), 2.0**-9 * math.log(2) * (1 - 2**-30)]])
    scale = scale[scale * math.log2(math.e) * 2.0**fraction < 2.0**bits - 1]
    multiplier, shift = logit_scale(params, scale)
    assert ((multiplier >= 1 << bits - 1) & (multiplier < 1 << bits)).all()
    assert ((shift >= 0) & (shift < 64)).all()
    real = multiplier / 2.0**shift / 2.0**fraction * math.log(2)
    np.testing.assert_allclose(real, scale, rtol=2.0**-bits)
    one = logit_scale(params, float(scale[3]))
    assert [int(part) for part in one] == [multiplier[3], shift[3]]


@pytest.mark.parametrize(
    ("scale", "message"),
    [
        (0, "be positive and finite, not 0.0"),
        ([0.1, -0.5], "be positive and finite, not -0.5"),
        (math.nan, "be positive and finite, not nan"),
        (math.inf, "be positive and finite, not inf"),
        (45.0, "be from 2.4e-18 to 44.4, not 45.0"),
        ([[1.0, 1e-20]], "be from 2.4e-18 to 44.4, not 1e-20"),
    ],
)
def test_scales_that_are_none_get_one_line(scale: Any, message: str) -> None:
    with pytest.raises(InputError, match=f"^Attention scale must {re.escape(message)}$"):
        logit_scale(AttentionParams.parse({}), scale)


GIVEN = {
    "q": np.ones((4, 3, 4)),
    "k": np.ones((2, 5, 4)),
    "v": np.ones((2, 5, 2)),
    "scale_multiplier": 1,
    "scale_shift": 1,
}
KNOWN = (
    "q, k, v, scale_multiplier, scale_shift, k_scale, v_scale, causal, window, sink, length, position, offset, "
    "multiplier, shift, zero_point"
)
ALL = "q and k and v and scale_multiplier and scale_shift"
BAD: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({}, {"k": None}, f"Attention attention must be given {ALL}; k is missing"),
    ({}, {"scale_shift": None}, f"Attention attention must be given {ALL}; scale_shift is missing"),
    ({}, {"bias": 1}, f"Attention attention has no argument 'bias'; it has {KNOWN}"),
    ({}, {"q": np.zeros((4, 0, 4))}, "Attention q must not be empty, not (4, 0, 4)"),
    ({}, {"k": np.zeros((2, 0, 4)), "v": np.zeros((2, 0, 2))}, "Attention k must not be empty, not (2, 0, 4)"),
    ({}, {"q": np.full((4, 3, 4), math.nan)}, "Attention q must hold integers, not nan"),
    ({}, {"q": np.full((4, 3, 4), 128)}, "Attention q must hold int8 values, -128 to 127, not 128"),
    ({"kv_format": "int4"}, {"v": np.full((2, 5, 2), 8)}, "Attention v must hold int4 values, -8 to 7, not 8"),
    ({}, {"q": np.ones(4)}, "Attention q must have 2, 3 or 4 axes, not (4,)"),
    ({}, {"q": np.ones((4, 3, 5))}, "Attention q must have e=4 elements a row, not (4, 3, 5)"),
    ({}, {"k": np.ones((5, 4))}, "Attention k must have shape (Hkv, Lk, 4), not (5, 4)"),
    ({}, {"k": np.ones((2, 5, 3))}, "Attention k must have shape (Hkv, Lk, 4), not (2, 5, 3)"),
    (
        {},
        {"q": np.ones((2, 4, 3, 4)), "k": np.ones((3, 2, 5, 4))},
        "Attention k must have shape (2, Hkv, Lk, 4), not (3, 2, 5, 4)",
    ),
    ({}, {"k": np.ones((3, 5, 4))}, "Attention k must have a number of heads that divides the 4 of q, not 3"),
    ({}, {"v": np.ones((2, 4, 2))}, "Attention v must have shape (2, 5, 2), not (2, 4, 2)"),
    ({"max_length": 4}, {}, "Attention k must have at most max_length=4 keys, not 5"),
    ({}, {"scale_multiplier": 0}, "Attention scale_multiplier must be at least 1, not 0"),
    ({}, {"scale_multiplier": math.nan}, "Attention scale_multiplier must hold integers, not nan"),
    (
        {},
        {"scale_multiplier": 1 << 16},
        "Attention scale_multiplier must hold uint16 values, 0 to 65535, not 65536",
    ),
    (
        {},
        {"scale_multiplier": [1, 2]},
        "Attention scale_multiplier must be one number or have shape (4,) or (4, 3), not (2,)",
    ),
    ({}, {"scale_shift": 64}, "Attention scale_shift must hold uint6 values, 0 to 63, not 64"),
    (
        {"logit_integer": 4},
        {"scale_multiplier": 7 << 10, "scale_shift": 2},
        "Attention scale_multiplier must keep every logit below 7 octaves, logit_integer=4, not 7",
    ),
    ({}, {"causal": 2}, "Attention causal must hold uint1 values, 0 to 1, not 2"),
    ({}, {"causal": [1, 0]}, "Attention causal must be one number, not (2,)"),
    ({}, {"window": 0}, "Attention window must be at least 1, not 0"),
    (
        {"mask": "stop"},
        {"window": 3},
        "Attention window must be left out: the design was built without mask=window or mask=sink",
    ),
    ({"mask": "window"}, {"sink": 3}, "Attention sink must be left out: the design was built without mask=sink"),
    ({}, {"sink": -1}, "Attention sink must hold uint7 values, 0 to 127, not -1"),
    ({}, {"length": 6}, "Attention length must be at most the 5 keys of k, not 6"),
    ({}, {"length": -1}, "Attention length must hold uint7 values, 0 to 127, not -1"),
    ({}, {"length": [5, 5]}, "Attention length must be one number or have shape (1,), not (2,)"),
    ({}, {"position": 0.5}, "Attention position must hold integers, not 0.5"),
    ({}, {"position": 3}, "Attention position must be left out without causal or window, not 3"),
    ({}, {"sink": 2}, "Attention sink must be left out without window, not 2"),
    ({}, {"k_scale": 1}, "Attention k_scale must be left out: the design was built without kv_scale_bits"),
    (
        {"kv_scale_bits": 4},
        {"k_scale": 1},
        "Attention v_scale must be given: the design was built with kv_scale_bits",
    ),
    ({"kv_scale_bits": 4}, {"k_scale": 0, "v_scale": 1}, "Attention k_scale must be at least 1, not 0"),
    (
        {"kv_scale_bits": 4},
        {"k_scale": math.nan, "v_scale": 1},
        "Attention k_scale must hold integers, not nan",
    ),
    (
        {"kv_scale_bits": 4},
        {"k_scale": [1, 1], "v_scale": 1},
        "Attention k_scale must be one number or have shape (2, 5, 2), not (2,)",
    ),
    (
        {"kv_scale_bits": 4},
        {"k_scale": 1, "v": np.full((2, 5, 2), -10), "v_scale": 15},
        "Attention v must give values of int8, -128 to 127, when scaled, not -150",
    ),
    ({}, {"offset": 1}, "Attention offset must be left out: the design was built without softmax=unified_max"),
    ({"softmax": "unified_max"}, {}, "Attention offset must be given: the design has softmax=unified_max"),
    (
        {"softmax": "unified_max"},
        {"offset": 1024},
        "Attention offset must hold int11 values, -1024 to 1023, not 1024",
    ),
    ({}, {"multiplier": 1}, "Attention multiplier must be left out: the design was built without requantize"),
    ({}, {"zero_point": 1}, "Attention zero_point must be left out: the design was built without requantize"),
    ({"requantize": True}, {"shift": 1}, "Attention multiplier must be given: the design requantizes"),
    ({"requantize": True}, {"multiplier": 1}, "Attention shift must be given: the design requantizes"),
    (
        {"requantize": True},
        {"multiplier": 1, "shift": 1, "zero_point": [1, 2]},
        "Attention zero_point must be one number, not (2,)",
    ),
]


@pytest.mark.parametrize(("built", "changes", "message"), BAD)
def test_bad_tensors_get_one_line(built: dict[str, Any], changes: dict[str, Any], message: str) -> None:
    """Each mistake names the tensor, the rule and the value."""
    tensors = {name: value for name, value in (GIVEN | changes).items() if value is not None}
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        ATTENTION.lower(AttentionParams.parse(TINY | built), "attention", **tensors)


def test_an_unknown_operation_is_named() -> None:
    with pytest.raises(InputError, match=r"^Attention operation must be attention or summary, not 'gemm'$"):
        ATTENTION.lower(AttentionParams.parse(TINY), "gemm")


def test_logits_at_the_limit_are_refused_and_below_it_taken() -> None:
    """Of every sign: the bound is that of the operands, and what it lets through does not saturate."""
    params = AttentionParams.parse(TINY | {"logit_integer": 4, "logit_fraction": 4})
    limit = 7 * 16
    for q, k in itertools.product((7, -7), (16, -16)):
        tensors = GIVEN | {"q": [[q, 0, 0, 0]], "k": [[k, 0, 0, 0]], "v": [[1, 1]]}
        check_round_trip(params, "attention", tensors | {"scale_multiplier": 255, "scale_shift": 8})
        with pytest.raises(InputError, match="keep every logit below 7 octaves"):
            ATTENTION.lower(params, "attention", **tensors | {"scale_multiplier": 256, "scale_shift": 8})
        assert abs(q * k) == limit
