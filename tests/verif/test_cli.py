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
