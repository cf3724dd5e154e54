"""The bench passes good designs and catches broken ones, each with its message."""

import json

import numpy as np
import pytest

from rtloom.errors import CheckError, InputError
from rtloom.generators.design import emit_design
from rtloom.generators.spec import load
from rtloom.verif import simulate as simulation
from rtloom.verif.mutants import FAULTS, broken
from rtloom.verif.verify import verify, verify_design

SMALL = load({"family": "systolic", "name": "tiny", "params": {"rows": 2, "cols": 2, "max_reduction": 64}})
FLOW, PRESSURE, PATIENT, RESET = "ragged_free_flow", "ragged_back_pressure", "ragged_patient", "reset_halfway"

CAUGHT = {
    "valid_dropped": (PRESSURE, r"c valid must stay high until ready, not drop; beat \d+"),
    "data_changed": (PRESSURE, r"c data must hold until ready, not change from 0x[0-9a-f]+ to 0x[0-9a-f]+; beat \d+"),
    "last_changed": (PRESSURE, r"c last must hold until ready, not change to [01]; beat \d+"),
    "beat_lost": (FLOW, r"c lane 0 of beat 3 must be -?\d+, not -?\d+"),
    "beat_repeated": (FLOW, r"c lane 0 of beat 4 must be -?\d+, not -?\d+"),
    "beat_extra": (FLOW, r"c must be silent after its 12 beats, not give one more; beat 12"),
    "never_ready": (
        FLOW,
        r"c must give 12 beats, not hang after 2 \(a took 5 of 18, b took \d+ of 18, c gave 2 of 12\)",
    ),
    "never_valid": (
        FLOW,
        r"c must give 12 beats, not hang after 2 \(a took \d+ of 18, b took \d+ of 18, c gave 2 of 12\)",
    ),
    "valid_in_reset": (FLOW, r"c valid must be low in reset, not high; beat 0"),
    "valid_waits_for_ready": (PATIENT, r"c must give 12 beats, not hang after 0 \(a took .*, c gave 0 of 12\)"),
    "edge_wrong": (FLOW, r"c lane 0 of beat 5 must be -?\d+, not -?\d+"),
    "last_lost": (FLOW, r"c last must be 1, not 0; beat 1"),
    "last_early": (FLOW, r"c last must be 0, not 1; beat 0"),
    "bubble": (FLOW, r"job must take \d+ cycles, as its formula says, not \d+"),
    "reset_forgotten": (RESET, r"c valid must be low in reset, not high; beat 0"),
}
PLACES = {
    "beat_lost": r"; element \[1, 2\] of the result, tile 1",
    "beat_repeated": r"; element \[0, 4\] of the result, tile 2 at the ragged edge",
    "edge_wrong": r"; element \[1, 4\] of the result, tile 2 at the ragged edge",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_bench_catches_each_fault_in_words(fault: str) -> None:
    scenario, message = CAUGHT[fault]
    cycle = "" if fault == "bubble" else r"; cycle \d+"
    report = verify_design(broken(emit_design(SMALL), fault), SMALL, only=[scenario])
    pattern = rf"^tiny, scenario {scenario}: {message}{cycle}{PLACES.get(fault, '')}; seed \d+$"
    with pytest.raises(CheckError, match=pattern):
        report.require()


LUT = load(
    {"family": "lut", "name": "tiny_lut", "params": {"m": 2, "n": 4, "lookup": 2, "segments": 2, "max_reduction": 64}}
)
CAUGHT_LUT = {
    "edge_wrong": (FLOW, r"o lane 0 of beat 5 must be -?\d+, not -?\d+; cycle \d+; element \[0, 6\] of .*, tile 2"),
    "last_lost": (FLOW, r"o last must be 1, not 0; beat 1; cycle \d+"),
    "bubble": (FLOW, r"job must take \d+ cycles, as its formula says, not \d+"),
    "reset_forgotten": (RESET, r"o .*; cycle \d+"),
}


@pytest.mark.parametrize("fault", CAUGHT_LUT)
def test_the_bench_catches_faults_of_a_lut_tile(fault: str) -> None:
    scenario, message = CAUGHT_LUT[fault]
    report = verify_design(broken(emit_design(LUT), fault), LUT, only=[scenario])
    with pytest.raises(CheckError, match=rf"^tiny_lut, scenario {scenario}: {message}; seed \d+$"):
        report.require()


def test_a_good_lut_tile_passes_every_scenario() -> None:
    report = verify(LUT, interface="stream").require()
    names = {outcome.scenario for outcome in report.outcomes}
    corners = ("zeros", "minimum", "maximum", "alternating", "widest", "exponents", "short", "gemv", "convolution")
    assert {FLOW, PRESSURE, PATIENT, RESET, *(f"{data}_both" for data in corners)} <= names


@pytest.mark.parametrize("interface", ["axi", "stream"])
def test_a_good_design_passes_every_scenario(interface: str, tmp_path) -> None:
    report = verify(SMALL, interface=interface, junit=tmp_path / "report.xml", waves=tmp_path / "never.vcd").require()
    names = [outcome.scenario for outcome in report.outcomes]
    assert ("axi_both" in names) == (interface == "axi")
    assert {FLOW, PRESSURE, PATIENT, RESET, "minimum_both", "convolution_free_flow"} <= set(names)
    assert f"{len(names)} of {len(names)} scenarios passed in Verilator" in str(report)
    assert report.waves is None
    assert not (tmp_path / "never.vcd").exists()
    text = (tmp_path / "report.xml").read_text()
    assert all(f"={name}" in text for name in names)
    assert json.loads(json.dumps(report.to_dict()))["scenarios"] == dict.fromkeys(names, "passed")


def test_waves_and_log_of_a_failure_are_kept(tmp_path) -> None:
    design = broken(emit_design(SMALL), "edge_wrong")
    report = verify_design(design, SMALL, only=[FLOW], junit=tmp_path / "report.xml", waves=tmp_path / "failure.vcd")
    assert not report.passed
    assert report.waves.read_text().startswith("$version")
    assert "failure" in report.junit.read_text()


def test_unknown_scenarios_are_refused() -> None:
    with pytest.raises(InputError, match=r"^Scenario must be one of small_free_flow, .*, axi_both, not 'fast'$"):
        verify(SMALL, only=["fast"])


def test_simulate_says_which_element_is_wrong(monkeypatch) -> None:
    monkeypatch.setattr(simulation, "emit_design", lambda *_: broken(emit_design(SMALL), "edge_wrong"))
    a, b = np.arange(10).reshape(2, 5), np.eye(5, dtype=int)
    result, report = simulation.simulate(SMALL, a=a, b=b)
    assert (result != a).sum() == 1
    assert not report.checked
    with pytest.raises(
        CheckError,
        match=r"^c\[1, 4\] must be 9, not 8; 1 of 10 elements are wrong, only in tiles at the ragged edge, "
        r"each by 1: rounding; beat 5 lane 0 of stream c, cycle \d+$",
    ):
        simulation.simulate(SMALL, a=a, b=b, check=True)


def test_simulate_checks_flags_and_cycles(monkeypatch) -> None:
    a = b = np.eye(4, dtype=int)
    for fault, message in {
        "last_early": r"^c last\[0\] must be 0, not 1; 1 of 8 elements are wrong, each by 1: rounding$",
        "bubble": r"^tiny gemm must take \d+ cycles, not \d+$",
    }.items():
        monkeypatch.setattr(simulation, "emit_design", lambda *_, fault=fault: broken(emit_design(SMALL), fault))
        with pytest.raises(CheckError, match=message):
            simulation.simulate(SMALL, a=a, b=b, check=True)
