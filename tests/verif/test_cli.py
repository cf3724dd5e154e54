"""The command verify: what it prints, its exit status, the files that it keeps."""

import json
from pathlib import Path

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


GEMM = Path(__file__).parent / "gemm"
KIND = ["verify", "--kind", "gemm", "--manifest", GEMM / "mac.json", "--dut", GEMM / "mac.v"]


def test_a_matrix_unit_known_by_its_manifest(rtloom_command, tmp_path) -> None:
    done = rtloom_command(*KIND)
    assert (done.status, done.out) == (0, "mac as mac: passed: every scenario passed\n")
    wrong = tmp_path / "wrong.v"
    wrong.write_text((GEMM / "mac.v").read_text().replace("a_ready", "a_take"))
    done = rtloom_command(*KIND[:-1], wrong, "--json")
    assert done.status == 1
    assert json.loads(done.out)["class"] == "port_missing"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["verify"], "Argument SPEC must be given, or --kind with --manifest and --dut, not None"),
        ([*KIND, "sparse-small"], "Argument SPEC must be left out with --kind, not 'sparse-small'"),
        ([*KIND, "--exact"], "Option --exact must be left out with --kind, not True"),
        ([*KIND, "--until-covered"], "Option --until-covered must be left out with --kind, not True"),
        (KIND[:-2], "Option --dut must be given for a design of other hands, not None"),
        ([*KIND[:1], *KIND[3:]], "Option --kind must be given for a design of other hands, not None"),
        ([*TINY, "--exact"], "Option --dut must be given for a design of other hands, not None"),
        (
            [*TINY, *FLOW, "--until-covered"],
            "Option --only must be left out where coverage is collected, not ['ragged_free_flow']",
        ),
    ],
)
def test_options_that_do_not_go_together(rtloom_command, words, message) -> None:
    done = rtloom_command(*words)
    assert (done.status, done.err) == (2, f"rtloom: error: {message}\n")
