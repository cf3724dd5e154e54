"""The LUT tile's RTL against golden, bit for bit, and its cycles against the formula, to the cycle."""

from typing import Any

import numpy as np
import pytest

import rtloom
from rtloom.generators.lut import timing
from rtloom.generators.lut.family import LUT
from rtloom.hdl.ports import Beats

from .tiles import PRESETS, compiled, narrow, spec_of

SIZES = ("small", "ragged", "corner")
FEATURES = [
    "lut-small-w2a4",
    "lut-m2n32k8-w3a8-layer",
    "lut-m2n64k4-ternary",
    "lut-m2n64k4-w2a16-int8-tables",
    "lut-m2n64k4-w4a8-g128",
    "lut-unpu-m2n16k4-w2a8",
]
"""Presets that differ in what holds state: epilogue, two planes at once, INT8 and private tables, group sums."""


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("size", SIZES)
def test_presets_equal_golden_and_their_timing(name: str, size: str) -> None:
    """Every preset, with few rows and columns, computes its examples exactly, in exactly the predicted cycles."""
    spec = narrow(name)
    operation, tensors = spec.family.example(spec.params, size, 7)
    rtloom.simulate(spec, operation, check=True, **tensors)


@pytest.mark.parametrize("size", SIZES)
def test_a_whole_preset_equals_golden_and_its_timing(size: str) -> None:
    """64 columns in 8 segments, which lag behind each other by more cycles than a step has."""
    operation, tensors = LUT.example(rtloom.load("lut-m2n64k4-w2a8").params, size, 3)
    rtloom.simulate("lut-m2n64k4-w2a8", operation, check=True, **tensors)


@pytest.mark.parametrize("name", FEATURES)
@pytest.mark.parametrize("stalls", ["both", "back_pressure", "freeze", "slow_input"])
def test_stalls_change_nothing_but_time(name: str, stalls: str) -> None:
    """Idle inputs and back-pressure on all streams: results and the places of `last` stay."""
    spec = narrow(name)
    operation, tensors = spec.family.example(spec.params, "ragged", 1)
    _, report = rtloom.simulate(spec, operation, check=True, stalls=stalls, **tensors)
    assert report.cycles >= report.formula_cycles


@pytest.mark.parametrize("name", FEATURES)
def test_a_stream_that_waits_holds_up_the_others_only(name: str) -> None:
    """Each stream in turn moves once in five cycles while the others are always willing."""
    tile = compiled(name)
    ran = tile.example("small", 2)
    for stream in [*ran.job.inputs, "o"]:
        stalls = {stream: np.arange(5) == 3}
        run = tile.model.run(ran.job.inputs, ran.job.outputs, stalls=stalls)
        np.testing.assert_array_equal(LUT.lift(tile.params, ran.job, run.outputs), ran.expected)


@pytest.mark.parametrize("name", FEATURES)
def test_a_reset_in_mid_flight_leaves_nothing_behind(name: str) -> None:
    """After a reset in any phase of a job the next one is right, and takes as long as the first one after power-up."""
    tile = compiled(name)
    ran = tile.example("ragged", 5)
    cycles = LUT.cycles(tile.params, ran.job)
    for after in sorted({*range(16), *range(16, cycles + 8, max(cycles // 12, 1))}):
        run = tile.model.run(ran.job.inputs, ran.job.outputs, reset_at=after, seed=after + 1)
        np.testing.assert_array_equal(LUT.lift(tile.params, ran.job, run.outputs), ran.expected, f"after {after}")
        assert run.cycles == cycles


@pytest.mark.parametrize("name", FEATURES)
def test_registers_may_start_with_anything(name: str) -> None:
    """Data registers have no reset: whatever they hold at power-up is never seen."""
    tile = compiled(name)
    ran = tile.example("corner", 6)
    for seed in range(2, 12):
        run = tile.model.run(ran.job.inputs, ran.job.outputs, seed=seed)
        np.testing.assert_array_equal(LUT.lift(tile.params, ran.job, run.outputs), ran.expected)
        assert run.cycles == LUT.cycles(tile.params, ran.job)


def joined(beats: list[Beats]) -> Beats:
    """Return the beats of several jobs as one stream."""
    return {name: np.concatenate([part[name] for part in beats]) for name in beats[0]}


@pytest.mark.parametrize("name", FEATURES)
def test_jobs_follow_each_other_without_reset(name: str) -> None:
    """Three jobs in one stream: each one's steps of zeros are all that stands between it and the next."""
    tile = compiled(name)
    rans = [tile.example(size, seed) for seed, size in enumerate(("ragged", "small", "corner"))]
    inputs = {stream: joined([ran.job.inputs[stream] for ran in rans]) for stream in rans[0].job.inputs}
    run = tile.model.run(inputs, {"o": sum(ran.job.outputs["o"] for ran in rans)})
    start = 0
    for ran in rans:
        part = {"data": run.outputs["o"]["data"][start : start + ran.job.outputs["o"]]}
        np.testing.assert_array_equal(LUT.lift(tile.params, ran.job, {"o": part}), ran.expected)
        start += ran.job.outputs["o"]
    steps = int(np.flatnonzero(inputs["a"]["last"])[-1]) + 1
    assert run.cycles == timing.cycles(tile.params, steps * tile.params.passes)


def test_there_are_no_bubbles() -> None:
    """Many full tiles one after the other keep every column busy but for one fill and one drain."""
    spec = narrow("lut-m2n64k4-w2a8")
    params = spec.params
    rng = np.random.default_rng(0)
    a, w = params.a_format.random(rng, (32, 64)), params.weight_format.random(rng, (64, 64))
    _, report = rtloom.simulate(spec, a=a, w=w, check=True)
    ideal = a.shape[0] * w.size / report.peak
    assert ideal < report.cycles <= ideal + 12


SEGMENTED = {"m": 2, "n": 8, "segments": 8, "lookup": 3}
SHORT: dict[str, dict[str, Any]] = {
    "one pass, scaled groups": {"weight_format": "bipolar", "group": 3, "weight_scales": True},
    "corrected, pipelined": {
        "weight_format": "uint2",
        "planes": 2,
        "zero_points": True,
        "group": 3,
        "activation_scales": True,
        "pipeline": 1,
    },
    "three passes, bias": {"weight_format": "int3", "addend": "bias"},
    "group scale of tables": {"a_format": "int12", "table_scale": "group", "group": 3},
}


@pytest.mark.parametrize("kind", SHORT)
@pytest.mark.parametrize(("m", "k", "n"), [(1, 1, 1), (5, 1, 17), (2, 2, 8), (3, 4, 9), (4, 10, 20)])
def test_sums_shorter_than_the_segments_wait_for_them(kind: str, m: int, k: int, n: int) -> None:
    """Sums of one step end while eight segments still deliver the one before: steps of zeros keep them apart."""
    spec = spec_of(**SEGMENTED, **SHORT[kind])
    params = spec.params
    rng = np.random.default_rng([m, k, n])
    groups = -(-k // params.group) if params.group else 1
    tensors: dict[str, Any] = {
        "a": params.a_format.random(rng, (m, k)),
        "w": params.weight_format.random(rng, (n, k)),
        "weight_zero": rng.integers(0, 4, (n, groups)),
        "weight_scale": rng.integers(1, 256, (n, groups)),
        "activation_scale": rng.integers(1, 256, (m, groups)),
        "bias": rng.integers(-99, 99, n),
    }
    given = {"weight_zero": params.zero_points, "weight_scale": params.weight_scales}
    given |= {"activation_scale": params.activation_scales, "bias": params.addend == "bias"}
    tensors = {name: value for name, value in tensors.items() if given.get(name, True)}
    _, report = rtloom.simulate(spec, check=True, **tensors)
    tiles = -(-m // params.m) * -(-n // params.n)
    assert report.cycles >= tiles * groups * params.least_steps * params.passes
