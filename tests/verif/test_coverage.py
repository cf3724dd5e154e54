"""Cover points: declared as far as they can be reached, hit by the bench, counted alike natively and in cocotb."""

from dataclasses import replace

import numpy as np
import pytest

import rtloom
from rtloom.errors import CheckError, InputError
from rtloom.generators.lut.params import LutParams
from rtloom.generators.systolic.params import SystolicParams
from rtloom.sim.activity import Activity, Counter, ResetSeen, Traffic
from rtloom.verif.coverage import benched, collect, models
from rtloom.verif.coverage.collect import stimuli
from rtloom.verif.coverage.lut import points as lut_points
from rtloom.verif.coverage.observation import Observation, Point
from rtloom.verif.coverage.report import CoverageReport
from rtloom.verif.coverage.systolic import points as systolic_points
from rtloom.verif.verify import verify

TINY = {"family": "systolic", "name": "tiny", "params": {"rows": 2, "cols": 2, "a_format": "int4", "b_format": "int4"}}
TINY["params"]["max_reduction"] = 31
SMALL = [
    "systolic-4x4-int8",
    "lut-small-w2a4",
    "sparse-small",
    "attention-small",
    "vector-gelu",
    "vector-softmax",
    "vector-rmsnorm",
    "vector-rope",
]


@pytest.fixture(scope="module")
def tiny() -> rtloom.generators.spec.Spec:
    return rtloom.load(TINY)


def names(points) -> set[str]:
    return {point.key for point in points}


@pytest.mark.parametrize("preset", SMALL)
def test_the_bench_hits_every_point_of_a_small_preset(preset) -> None:
    report = collect.collect(preset, limit=3, structural=False)
    assert not report.holes, names(report.holes)
    assert report.score == 100
    assert len(report.points) > 35
    assert {"operations", "operands", "tiles", "streams", "resets", "crosses"} <= set(report.groups)


@pytest.mark.parametrize("preset", sorted(rtloom.generators.spec.presets()))
def test_points_of_every_preset_have_names_of_their_own_and_words(preset) -> None:
    points = models.points_of(rtloom.load(preset))
    assert len(names(points)) == len(points) > 35
    assert all(point.meaning and point.group for point in points)


def test_what_a_design_cannot_reach_is_not_declared() -> None:
    unsigned = SystolicParams.parse({"a_format": "uint8", "b_format": "uint4", "rows": 1, "reduce": 1})
    declared = names(systolic_points(unsigned))
    assert {"sums/positive", "tiles/N ragged"} <= declared
    # No negative sums, no rest of tiles of one row, no zero beside the lowest value, no accumulator of 65536 products.
    assert not declared & {"sums/negative", "tiles/M ragged", "tiles/M short", "operands/a zero", "sums/near the top"}
    bipolar = SystolicParams.parse({"a_format": "bipolar"})
    assert "operands/a zero" not in names(systolic_points(bipolar))
    assert not any(name.startswith("epilogue/") for name in declared)
    ternary = names(lut_points(LutParams.parse({"weight_format": "ternary"})))
    assert {"weights/weight -1", "weights/weight 0", "weights/weight 1"} <= ternary
    assert "weights/weight -2" not in ternary


def test_the_same_scenarios_give_the_same_traffic_and_hits_natively_and_in_cocotb(tiny) -> None:
    wanted = ("corner_free_flow", "corner_both", "ragged_freeze", "ragged_slow_input", "reset_waiting", "reset_halfway")
    report = verify(tiny, seed=5, only=wanted, watch=True).require()
    jobs = collect.stimuli(tiny, 5)
    bench = {scenario.name: collect.observed(jobs, scenario, traffic) for scenario, traffic in report.traffic}
    runner = collect._Runner.of(tiny, structural=False)
    native = {each.name: each for each in runner.observations(5)}
    assert set(bench) == set(wanted)
    points = models.points_of(tiny)
    for name in wanted:
        assert bench[name].traffic == native[name].traffic, name
        hits = [[point.key for point in points if point.holds(each[name])] for each in (bench, native)]
        assert hits[0] == hits[1]
    waiting = native["reset_waiting"].traffic.reset
    assert waiting is not None
    assert waiting.waiting == ("c",)


def test_the_bench_in_cocotb_covers_a_design_and_goes_on_from_what_is_covered(tiny, tmp_path) -> None:
    told = []
    before = collect.collect(tiny, 1, structural=False, limit=1)
    report, coverage = benched.verify_until_covered(
        tiny, seed=2, limit=1, before=before, junit=tmp_path / "j.xml", tell=told.append
    )
    assert report.passed
    assert (tmp_path / "j.xml").exists()
    # Among them those with drivers that only cocotb has.
    assert coverage.runs - before.runs == len(report.outcomes) > before.runs
    assert coverage.seeds == (1, 2)
    assert told == [coverage]
    assert len(coverage.holes) <= len(before.holes)


def test_of_a_bench_that_fails_only_what_passed_counts_and_no_seed_follows(tiny, monkeypatch) -> None:
    def failing(*args, **kwargs):
        whole = verify(*args, only=["small_free_flow", "ragged_idle"], **kwargs)
        return replace(whole, outcomes=(replace(whole.outcomes[0], message="wrong"), *whole.outcomes[1:]))

    monkeypatch.setattr(benched, "verify", failing)
    report, coverage = benched.verify_until_covered(tiny, limit=3)
    assert [outcome.passed for outcome in report.outcomes] == [False, True]
    assert coverage.runs == 1
    assert {point.first for point in coverage.points if point.hits} == {"ragged_idle, seed 1"}


def test_a_point_that_never_holds_is_a_hole(tiny) -> None:
    runner, declared = collect._Runner.of(tiny, structural=False), models.points_of(tiny)
    seen = runner.observations(1)
    assert not CoverageReport.empty(tiny).with_runs(declared, seen, 1).holes
    broken = [replace(p, holds=lambda _: False) if p.key == "streams/c waits" else p for p in declared]
    report = CoverageReport.empty(tiny).with_runs(broken, seen, 1)
    assert names(report.holes) == {"streams/c waits"}
    assert report.score == pytest.approx(100 * (1 - 1 / len(declared)))


def test_points_look_at_what_happened_and_not_at_names(tiny) -> None:
    by_name = {point.key: point for point in models.points_of(tiny)}
    stimulus = stimuli(tiny, 1)["minimum"]
    quiet = Observation(stimulus, Traffic({}, stimulus.vectors.cycles), "ragged_back_pressure")
    held = replace(quiet, traffic=Traffic({"c": Activity(stalls=9, longest_stall=9)}, 99), name="ragged_free_flow")
    for key in ("streams/c waits", "streams/c waits long", "crosses/M ragged, results wait"):
        assert [by_name[key].holds(each) for each in (quiet, held)] == [False, True]
    assert [by_name["streams/free flow"].holds(each) for each in (quiet, held)] == [True, False]


@pytest.mark.parametrize(("share", "expected"), [(0.1, "early"), (0.5, "middle"), (0.9, "late"), (1.0, None)])
def test_resets_are_told_apart_by_the_beats_that_had_moved(tiny, share, expected) -> None:
    stimulus = stimuli(tiny, 1)["ragged"]
    counts = {name: len(beats.data) for name, beats in stimulus.vectors.sent.items()}
    counts["c"] = stimulus.vectors.job.outputs["c"]
    moved = {name: int(np.ceil(share * count)) - (share == 0.9) for name, count in counts.items()}
    observation = Observation(stimulus, Traffic({}, 1, 0, ResetSeen(3, moved)), "reset")
    points = [point for point in models.points_of(tiny) if point.group == "resets"]
    assert [point.name for point in points if point.holds(observation)] == ([expected] if expected else [])


def test_counters_count_runs_of_cycles() -> None:
    counter = Counter()
    for valid, ready in ((0, 1), (0, 1), (1, 0), (1, 0), (1, 0), (1, 1), (1, 1), (0, 1), (1, 0), (1, 1)):
        counter.edge(valid=bool(valid), ready=bool(ready), more=True)
    counter.edge(valid=False, ready=True, more=False)
    expected = Activity(moved=3, stalls=4, longest_stall=3, idle=3, longest_idle=2, back_to_back=1)
    assert counter.activity == expected
    traffic = Traffic({"a": expected}, 12, 2, ResetSeen(4, {"a": 1}, ("o",)))
    assert Traffic.from_dict(traffic.to_dict()) == traffic


def test_a_run_that_is_wrong_is_no_coverage(tiny) -> None:
    runner = collect._Runner.of(tiny, structural=False)
    job = stimuli(tiny, 1)["small"]
    scenario = collect.plan(tiny, "axi", 1)[1][0]
    wrong = replace(job.vectors, result=job.vectors.result + 1)
    with pytest.raises(CheckError, match=r"^tiny, scenario small_free_flow\[0, 0\] must be -?\d+, not -?\d+; 4 of 4"):
        runner._run(replace(job, vectors=wrong), scenario)
    with pytest.raises(CheckError, match=r"^tiny, scenario small_free_flow must take 1 cycles, not \d+; seed 1$"):
        runner._run(job, replace(scenario, cycles=1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"goal": 0}, "Coverage goal must be above 0 and at most 100 per cent, not 0"),
        ({"goal": 101.0}, "Coverage goal must be above 0 and at most 100 per cent, not 101.0"),
        ({"limit": 0}, "Coverage limit must be at least 1 seed, not 0"),
    ],
)
def test_goals_that_cannot_be_reached_are_refused(options, message) -> None:
    for function in (collect.collect, benched.verify_until_covered):
        with pytest.raises(InputError, match=f"^{message}$"):
            function(TINY, **options)


def test_points_of_one_name_are_refused(tiny, monkeypatch) -> None:
    twice = (Point("streams", "c waits", "", lambda _: True),) * 2
    monkeypatch.setitem(models._BUILT_IN, "systolic", models._Model(lambda _: twice, lambda _: None))
    with pytest.raises(InputError, match=r"^Cover points of tiny must have names of their own; .* streams/c waits$"):
        models.points_of(tiny)
