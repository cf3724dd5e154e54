"""Running designs from arrays: results, cycles, patterns, resets, and every broken rule in words."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtloom.errors import CheckError, InputError
from rtloom.hdl.formats import Integer
from rtloom.hdl.manifest import Reset
from rtloom.hdl.ports import Field, StreamPort
from rtloom.sim.build import BuildOptions
from rtloom.sim.native import NativeModel, run_streams

from .designs import MANIFEST, beats, manifest_of, scale

COUNT = 20


@pytest.fixture(scope="module")
def model():
    return NativeModel(scale(), MANIFEST)


def run(fault="none", manifest=MANIFEST, **options):
    given = beats(COUNT)
    return NativeModel(scale(fault), manifest).run({"a": given}, {"c": COUNT}, **options)


def is_right(result, sent):
    return (result.outputs["c"]["data"] == 3 * sent["data"]).all() and (
        result.outputs["c"]["last"] == sent["last"]
    ).all()


def test_cycles_and_transfers_are_exact(model):
    sent = beats(COUNT)
    result = model.run({"a": sent}, {"c": COUNT})
    assert is_right(result, sent)
    # One beat a cycle from cycle 1 on, each leaving one cycle later.
    assert result.cycles == COUNT + 1
    a, c = result.streams["a"], result.streams["c"]
    assert (a.count, a.first, a.last, a.stalls) == (COUNT, 1, COUNT, 0)
    assert (c.count, c.first, c.last, c.stalls) == (COUNT, 2, COUNT + 1, 0)
    assert c.cycles.tolist() == list(range(2, COUNT + 2))
    assert result.seconds > 0


def test_a_pattern_of_the_sink_holds_the_stream_back(model):
    result = model.run({"a": beats(4)}, {"c": 4}, stalls={"c": np.array([True, False, False])})
    # Ready in cycles 1, 4, 7, 10, 13; the first beat is offered in cycle 2.
    assert result.streams["c"].cycles.tolist() == [4, 7, 10, 13]
    assert result.streams["c"].stalls == 2 * 4
    assert result.cycles == 13


def test_a_pattern_of_the_source_delays_offers(model):
    result = model.run({"a": beats(3)}, {"c": 3}, stalls={"a": np.array([False, True])})
    assert result.streams["a"].cycles.tolist() == [2, 4, 6]
    assert result.cycles == 7


def test_an_offer_once_made_stays_whatever_the_pattern_says(model):
    stalls = {"a": np.array([True, True, False, False, False, False]), "c": np.array([False] * 5 + [True])}
    sent = beats(4)
    result = model.run({"a": sent}, {"c": 4}, stalls=stalls)
    assert is_right(result, sent)
    # The second beat is offered in cycle 2 and waits for the sink until cycle 6.
    assert result.streams["a"].cycles[:2].tolist() == [1, 6]


@given(count=st.integers(0, 60), seed=st.integers(0, 2**32 - 1), density=st.sampled_from([0.1, 0.5, 0.9]))
def test_any_stalls_change_nothing_but_time(model, count, seed, density):
    rng = np.random.default_rng(seed)
    sent = beats(count, seed)
    stalls = {name: np.append(rng.random(23) < density, True) for name in "ac"}
    result = model.run({"a": sent}, {"c": count}, stalls=stalls, seed=seed % 1000)
    assert is_right(result, sent)
    assert result.cycles >= (count + 1 if count else 0)


@pytest.mark.parametrize("reset_at", [0, 1, 7, COUNT, 3 * COUNT])
def test_reset_in_mid_flight_starts_anew(model, reset_at):
    sent = beats(COUNT)
    result = model.run({"a": sent}, {"c": COUNT}, reset_at=reset_at)
    assert is_right(result, sent)
    assert result.cycles == COUNT + 1


def test_a_design_that_forgets_its_reset_is_found_out():
    sent = beats(COUNT)
    forgetful = NativeModel(scale("forgets_reset"), MANIFEST)
    assert is_right(forgetful.run({"a": sent}, {"c": COUNT}), sent)
    assert not is_right(forgetful.run({"a": sent}, {"c": COUNT}, reset_at=7), sent)


def test_a_design_that_reads_idle_wires_is_found_out():
    sent = beats(COUNT)
    reader = NativeModel(scale("reads_idle_data"), MANIFEST)
    assert is_right(reader.run({"a": sent}, {"c": COUNT}), sent)
    assert not is_right(reader.run({"a": sent}, {"c": COUNT}, stalls={"a": np.array([True, False])}), sent)


def test_a_design_that_waits_for_a_willing_sink_is_found_out(model):
    sent = beats(COUNT)
    assert is_right(run("waits_for_a_sink"), sent)
    with pytest.raises(CheckError, match=r"must move a beat at least every 50 cycles, not hang"):
        run("waits_for_a_sink", patient=True, patience=50)
    patient = model.run({"a": sent}, {"c": COUNT}, patient=True, stalls={"c": np.array([False, True])})
    assert is_right(patient, sent)


def test_a_design_that_wants_a_long_reset_is_found_out(model):
    sent = beats(COUNT)
    assert is_right(model.run({"a": sent}, {"c": COUNT}, reset_at=7, reset_cycles=1, patient=True), sent)
    assert is_right(run("long_reset", reset_at=7), sent)
    # The beat from before the reset is still there, and one comes too many.
    with pytest.raises(CheckError, match="must be silent after its 20 beats"):
        run("long_reset", reset_at=7, reset_cycles=1, patient=True)


def test_registers_without_initial_value_are_random():
    sent = beats(COUNT)
    model = NativeModel(scale("no_initial"), MANIFEST)
    one, other = (model.run({"a": sent}, {"c": COUNT}, seed=seed).outputs["c"]["data"] for seed in (1, 2))
    assert (one != other).any()
    again = model.run({"a": sent}, {"c": COUNT}, seed=1).outputs["c"]["data"]
    assert (one == again).all()


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("valid_dropped", "c valid must stay high until ready, not drop while beat 0 waits; cycle 3"),
        ("data_changed", "c data must hold until ready, not change while beat 0 waits; cycle 3"),
        ("last_changed", "c last must hold until ready, not change while beat 0 waits; cycle 3"),
        ("too_many", "c must be silent after its 20 beats, not give one more; cycle 62"),
        ("waits_for_ready", "c valid must not depend on ready in the same cycle, as for beat 0; cycle 2"),
        ("valid_in_reset", "c valid must be low in reset, not high; cycle 2"),
        ("assertion", "scale must hold its assertions, which one did not; cycle 14"),
        (
            "deadlock",
            (
                "scale must move a beat at least every 106 cycles, not hang: a took 5 of 20 (last in cycle 13) and "
                "does not take the next, c gave 5 of 20 (last in cycle 16) and does not offer the next; cycle 122"
            ),
        ),
        (
            "silent",
            (
                "scale must move a beat at least every 106 cycles, not hang: a took 20 of 20 (last in cycle 30), "
                "c gave 5 of 20 (last in cycle 16) and does not offer the next; cycle 136"
            ),
        ),
    ],
)
def test_each_broken_rule_is_said_in_words(fault, message):
    with pytest.raises(CheckError, match=f"^{re.escape(message)}$"):
        run(fault, stalls={"c": np.array([True, False, False])}, patience=100)


def test_a_rule_broken_before_the_reset_says_so():
    message = "c data must hold until ready, not change while beat 0 waits; cycle 3 before the reset in mid-flight"
    with pytest.raises(CheckError, match=f"^{message}$"):
        run("data_changed", stalls={"c": np.array([False, False, False, True])}, reset_at=9)


def test_too_many_cycles():
    message = (
        r"scale must finish within 10 cycles: a took 10 of 20 \(last in cycle 10\), "
        r"c gave 9 of 20 \(last in cycle 10\) and does not offer the next; cycle 10"
    )
    with pytest.raises(CheckError, match=f"^{message}$"):
        run(max_cycles=10)
    assert run(max_cycles=COUNT + 1).cycles == COUNT + 1


def test_a_sink_that_gets_less_than_it_is_owed_hangs(model):
    message = (
        r"scale must move a beat at least every 50 cycles, not hang: a took 4 of 4 \(last in cycle 4\), "
        r"c gave 4 of 5 \(last in cycle 5\) and does not offer the next; cycle 55"
    )
    with pytest.raises(CheckError, match=f"^{message}$"):
        model.run({"a": beats(4)}, {"c": 5}, patience=50)


@pytest.mark.parametrize(
    ("inputs", "outputs", "options", "message"),
    [
        ({"c": beats(1)}, {}, {}, "Name of input stream of scale must be one of a, not 'c'"),
        ({}, {"x": 1}, {}, "Name of output stream of scale must be one of c, not 'x'"),
        ({}, {}, {"stalls": {"x": np.ones(1, bool)}}, "Name of stream of scale must be one of a, c, not 'x'"),
        ({}, {"c": -1}, {}, "Beats of output c must be an integer of at least 0, not -1"),
        ({}, {"c": 1.5}, {}, "Beats of output c must be an integer of at least 0, not 1.5"),
        ({"a": {"data": np.zeros((2, 2), int)}}, {}, {}, "Input a must have the fields data, last, not 'data'"),
        (
            {"a": {"data": np.zeros((2, 3), int), "last": np.zeros(2, bool)}},
            {},
            {},
            r"Input a data must have the shape (2, 2), not (2, 3)",
        ),
        (
            {"a": {"data": np.full((1, 2), 128), "last": np.zeros(1, bool)}},
            {},
            {},
            "Input a data must hold int8 values, -128 to 127, not 128",
        ),
        (
            {"a": {"data": np.full((1, 2), np.nan), "last": np.zeros(1, bool)}},
            {},
            {},
            "Input a data must hold integers, not nan",
        ),
        (
            {"a": {"data": np.zeros((2, 2), int), "last": np.zeros(2, int)}},
            {},
            {},
            "Input a last must be a bool array of the shape (2,), not 'int64 (2,)'",
        ),
        (
            {},
            {},
            {"stalls": {"a": np.zeros(2, bool)}},
            "Stall pattern of a must be a bool array (cycles,) with a True, not array([False, False])",
        ),
        ({}, {}, {"max_cycles": 0}, "Run max_cycles must be at least 1, not 0"),
        ({}, {}, {"reset_at": -1}, "Run reset_at must be at least 0, not -1"),
        ({}, {}, {"quiet": -1}, "Run quiet must be at least 0, not -1"),
        ({}, {}, {"patience": 0}, "Run patience must be at least 1, not 0"),
        ({}, {}, {"reset_cycles": 0}, "Run reset_cycles must be at least 1, not 0"),
        ({}, {}, {"held": ("mode", 1)}, "Input of scale must be one that the design has, not 'mode'"),
        (
            {},
            {},
            {"held": ("s_axis_a_tready", 0)},
            "Input of scale must be one that the design has, not 's_axis_a_tready'",
        ),
        ({}, {}, {"held": ("aresetn", 2)}, "Input aresetn of scale must hold a value of 1 bits, not 2"),
    ],
)
def test_bad_arrays(model, inputs, outputs, options, message):
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        model.run(inputs, outputs, **options)


def test_a_manifest_must_fit_the_design():
    wide = manifest_of("scale", (StreamPort("a", "in", (Field("data", Integer(8), 3),)), *_ports()[1:]))
    with pytest.raises(InputError, match=r"^Port s_axis_a_tdata of scale must have 24 bits, not 16$"):
        NativeModel(scale(), wide)
    other = replace(MANIFEST, reset=Reset("rst", active_low=False))
    with pytest.raises(InputError, match=r"^Manifest of scale must name ports of the design, not 'rst'$"):
        NativeModel(scale(), other)


def _ports():
    return tuple(bound.port for bound in MANIFEST.streams)


def test_an_empty_job_ends_at_once(model):
    result = model.run({}, {})
    assert result.cycles == 0
    assert result.outputs["c"]["data"].shape == (0, 2)


def test_models_side_by_side_in_threads(model):
    other = NativeModel(scale("forgets_reset"), MANIFEST)
    jobs = [(item, beats(500, seed)) for seed in range(8) for item in (model, other)]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda job: job[0].run({"a": job[1]}, {"c": 500}), jobs))
    assert all(is_right(result, sent) for result, (item, sent) in zip(results, jobs, strict=True) if item is model)


def test_files_and_text_give_the_same(tmp_path):
    path = tmp_path / "scale.v"
    path.write_text(scale())
    sent = beats(5)
    for verilog in (path, [path], scale()):
        assert is_right(run_streams(verilog, MANIFEST, {"a": sent}, {"c": 5}), sent)


def test_line_coverage_is_counted(tmp_path):
    model = NativeModel(scale(), MANIFEST, BuildOptions(coverage=("line",)))
    model.run({"a": beats(5)}, {"c": 5}, coverage=tmp_path / "coverage.dat")
    assert (tmp_path / "coverage.dat").read_text().startswith("# SystemC::Coverage-3")
    with pytest.raises(
        InputError, match=r"^Coverage file must be given to a model with coverage built in, not 'other\.dat'$"
    ):
        NativeModel(scale(), MANIFEST).run({}, {}, coverage=Path("other.dat"))
