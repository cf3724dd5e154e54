"""The command verify: what it prints, its exit status, the files that it keeps."""

import json

import pytest
from typer.testing import CliRunner

from rtloom.__main__ import app
from rtloom.generators.design import emit_design
from rtloom.verif import verify as bench
from rtloom.verif.mutants import broken

TINY = ["verify", "systolic-4x4-int8", "-p", "rows=2", "-p", "cols=2"]
FLOW = ["--only", "ragged_free_flow"]


def call(*words: str):
    return CliRunner().invoke(app, list(words))


@pytest.fixture
def faulty(monkeypatch, tmp_path):
    monkeypatch.setattr(bench, "emit_design", lambda *given: broken(emit_design(*given), "edge_wrong"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_verify_passes() -> None:
    done = call(*TINY, *FLOW, "--seed", "3")
    assert done.exit_code == 0, done.output
    assert "(axi, seed 3): 1 of 1 scenarios passed in Verilator; " in done.stdout


def test_verify_says_what_is_wrong_and_keeps_the_waves(faulty) -> None:
    done = call(*TINY, *FLOW, "--junit", "report.xml")
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert lines[0].startswith("ragged_free_flow: c lane 0 of beat 5 must be ")
    waves = next(faulty.glob("*.fst"))
    assert lines[1] == f"waveform: {waves.name}"
    assert "0 of 1 scenarios passed" in lines[2]
    assert (faulty / "report.xml").exists()


def test_verify_as_json(faulty) -> None:
    done = call(*TINY, *FLOW, "--json", "--waves", "w.vcd")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert told["passed"] is False
    assert told["scenarios"]["ragged_free_flow"].startswith("c lane 0 of beat 5 must be ")
    assert told["waves"] == "w.vcd"


def test_verify_goes_on_until_all_is_covered(tmp_path) -> None:
    file = tmp_path / "covered.json"
    done = call(*TINY, "-p", "max_reduction=16", "--until-covered", "--coverage", str(file))
    assert done.exit_code == 0, done.output
    assert "100.0 %" in done.stdout.splitlines()[-1]
    first = json.loads(file.read_text())
    assert (first["report"], first["holes"]) == ("coverage", [])
    done = call(*TINY, "-p", "max_reduction=16", "--coverage", str(file), "--seed", "5", "--json")
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert (told["report"], told["coverage"]) == ("verify", json.loads(file.read_text()))
    assert told["coverage"]["seeds"] == [*first["seeds"], 5]


def test_what_a_faulty_design_does_is_not_covered(faulty) -> None:
    done = call(*TINY, "--coverage", "covered.json")
    assert done.exit_code == 1
    assert any(line.startswith("hole: ") for line in done.stdout.splitlines())


def test_coverage_of_single_scenarios_is_refused(rtloom_command) -> None:
    done = rtloom_command(*TINY, *FLOW, "--until-covered")
    message = "Option --only must be left out where coverage is collected, not ['ragged_free_flow']"
    assert (done.status, done.err) == (2, f"rtloom: error: {message}\n")
