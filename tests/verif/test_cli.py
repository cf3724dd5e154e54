"""The commands verify and regress: what they print, their exit status, the files that they keep."""

import json

import pytest
from typer.testing import CliRunner

from rtloom.__main__ import app
from rtloom.errors import InputError
from rtloom.generators.design import emit_design
from rtloom.generators.spec import families
from rtloom.verif import verify as bench
from rtloom.verif.matrix import random_configuration
from rtloom.verif.mutants import broken
from rtloom.verif.regression import runner as regression

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


def test_regress_passes_and_reports() -> None:
    done = call("regress", "--family", "systolic", "--count", "1", "--seed", "2", "--start", "1")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("seed 2: 1 of 1 random configurations passed (numbers 1 to 1); ")


@pytest.mark.parametrize("as_json", [False, True])
def test_regress_gives_each_failure_with_its_command(monkeypatch, as_json: bool) -> None:
    names = list(families())
    name = names[6 % len(names)]
    wrong = random_configuration(9, 6, name)
    monkeypatch.setattr(regression, "_run", lambda given: "o is wrong" if given == wrong else "")
    done = call("regress", "--count", "3", "--seed", "9", "--start", "5", *(["--json"] if as_json else []))
    assert done.exit_code == 1
    command = f"rtloom regress --family {name} --seed 9 --start 6 --count 1"
    if as_json:
        (failure,) = json.loads(done.stdout)["failures"]
        assert (failure["number"], failure["message"], failure["command"]) == (6, "o is wrong", command)
    else:
        assert done.stdout.splitlines()[0] == "o is wrong"
        assert done.stdout.splitlines()[2] == f"  again: {command}"


def test_regress_takes_all_families_in_turn_or_one(monkeypatch) -> None:
    seen = []
    monkeypatch.setattr(regression, "_run", seen.append)
    names = list(families())
    one = names.index("lut") + len(names)
    assert call("regress", "--count", str(one + 1), "--seed", "9").exit_code == 0
    assert call("regress", "--count", "2", "--seed", "9", "--start", str(one - 1), "--family", "lut").exit_code == 0
    expected = [names[number % len(names)] for number in range(one + 1)] + ["lut", "lut"]
    assert [given.family for given in seen] == expected
    assert seen[one] == seen[-1] == random_configuration(9, one, "lut")


def test_regress_of_an_unknown_family_is_one_line() -> None:
    known = ", ".join(sorted(families()))
    with pytest.raises(InputError, match=rf"^Family must be one of {known}, not 'lutt'; did you mean 'lut'\?$"):
        regression.regress(family="lutt", count=1)


def test_regress_ends_when_its_time_is_up(monkeypatch) -> None:
    monkeypatch.setattr(regression, "_run", lambda *_: "")
    assert regression.regress(minutes=0).ran == 0
    assert regression.regress(minutes=0.001).ran > 1
