"""The command regress: its report and exit status, and failures of real simulations that can be run again."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
import yaml

from rtloom.errors import InputError
from rtloom.generators.design import emit_design
from rtloom.generators.spec import load
from rtloom.verif import simulate as simulation
from rtloom.verif import verify as bench
from rtloom.verif.mutants import broken
from rtloom.verif.regression import runner
from rtloom.verif.regression.display import status
from rtloom.verif.regression.failures import Failure, keep
from rtloom.verif.regression.plan import Plan, State
from rtloom.verif.regression.report import RegressReport
from rtloom.verif.regression.tasks import Task, execute

FAULTY = """#!{python}
import sys
from rtloom.verif import simulate, verify
from rtloom.verif.mutants import broken

honest = simulate.emit_design
# At the top, so that the processes of the tasks, which import this file as well, are faulty too.
simulate.emit_design = verify.emit_design = lambda *given: broken(honest(*given), "last_lost")

if __name__ == "__main__":
    from rtloom.__main__ import main
    main()
"""
TINY = ("--random", "--family", "systolic", "--seed", "4", "--start", "11", "--count", "2")


@pytest.fixture
def faulty(tmp_path):
    """Return the command with a fault in every design that it makes."""
    script = tmp_path / "faulty.py"
    script.write_text(FAULTY.format(python=sys.executable))
    script.chmod(0o755)
    return script


def call(*words, **env: str):
    given = {**os.environ, **env}
    return subprocess.run([str(word) for word in words], env=given, capture_output=True, text=True, check=False)


def test_a_failure_is_kept_and_its_script_brings_it_back(faulty, tmp_path) -> None:
    out = tmp_path / "out"
    done = call(faulty, "regress", *TINY, "--output", out)
    assert done.returncode == 1, done.stderr
    assert done.stdout.splitlines()[-1].startswith("seed 4: 0 of 2 random configurations passed (numbers 11 to 12); ")
    assert "  again: rtloom regress --random --family systolic --seed 4 --start 12 --count 1\n" in done.stdout
    kept = out / "failures" / "systolic-4-12"
    message = (kept / "message.txt").read_text()
    assert message.startswith("c last[")
    assert (kept / "waves.fst").stat().st_size > 100
    design = load(kept / "spec.yaml")
    assert f"systolic_{design.params.digest[:8]}" == design.name
    again = call(kept / "rerun.sh", RTLOOM=str(faulty))
    assert again.returncode == 1, again.stderr
    assert (kept / "again" / "failures" / "systolic-4-12" / "message.txt").read_text() == message
    honest = call(kept / "rerun.sh", RTLOOM=f"{sys.prefix}/bin/rtloom")
    assert (honest.returncode, honest.stderr) == (0, "seed 4\n")
    assert honest.stdout.startswith("seed 4: 1 of 1 random configurations passed (numbers 12 to 12); ")


def test_a_failure_of_the_bench_keeps_its_report(monkeypatch, tmp_path) -> None:
    small = load({"family": "systolic", "name": "tiny", "params": {"rows": 1, "cols": 2, "max_reduction": 16}})
    task = Task("preset", "systolic", 3, preset="systolic-4x4-int8")
    monkeypatch.setattr(bench, "emit_design", lambda *given: broken(emit_design(small), "last_lost"))
    monkeypatch.setattr("rtloom.verif.regression.tasks.load", lambda name: small)
    monkeypatch.setattr(bench, "plan", lambda *given, whole=bench.plan: whole(*given[:3], ["ragged_free_flow"]))
    left = tmp_path / "left"
    left.mkdir()
    message = execute(task, left)
    assert re.match(r"tiny, scenario ragged_free_flow: c last must be 1, not 0; beat 0; cycle \d+", message)
    failure = Failure(task, message, 1.0, tmp_path / "kept")
    keep(failure, left)
    held = {path.name for path in failure.folder.iterdir()}
    assert {"seed", "spec.yaml", "message.txt", "rerun.sh", "waves.fst", "junit.xml"} <= held
    assert len(list(ET.parse(failure.folder / "junit.xml").iter("failure"))) == 1
    assert yaml.safe_load((failure.folder / "spec.yaml").read_text())["name"] == "tiny"
    words = 'exec "${RTLOOM:-rtloom}" verify spec.yaml --seed 3 --junit again/junit.xml --waves again/waves.fst\n'
    assert (failure.folder / "rerun.sh").read_text().endswith(words)


def test_what_cannot_be_made_is_a_failure_too(monkeypatch, tmp_path) -> None:
    def refuse(*_):
        raise InputError("Name must be plain, not '?'")

    monkeypatch.setattr(simulation, "emit_design", refuse)
    task = Task("random", "systolic", 4, number=11)
    assert execute(task, tmp_path) == "InputError: Name must be plain, not '?'"


@pytest.fixture
def planned(monkeypatch, tmp_path):
    """Return the plans that the command makes, which are not run."""
    plans = []

    def run(plan, output, **given):
        plans.append((plan, output, given))
        task = Task("random", "lut", 7, number=3)
        failures = (Failure(task, "o is wrong", 1.0, output / "failures" / task.name),)
        return RegressReport(7, 0, 2, (), failures, 0, given["resume"] is True, 1.0, output, output / "x.xml")

    monkeypatch.setattr(runner, "regress", run)
    return plans


def test_options_become_a_plan(planned, rtloom_command, tmp_path) -> None:
    assert rtloom_command("regress").status == 1
    assert rtloom_command("regress", "--presets", "--jobs", 3, "--fresh", "--output", tmp_path).status == 1
    assert rtloom_command("regress", "--random", "--for", "30m", "--limit", "90s", "--seed", 7).status == 1
    assert rtloom_command("regress", "--count", 5, "--start", 2, "--family", "lut").status == 1
    plans = [plan for plan, _, _ in planned]
    assert plans[0] == Plan(seconds=300.0)
    assert plans[1] == Plan(random=False, seconds=300.0, jobs=3)
    assert plans[2] == Plan(presets=False, seconds=1800.0, limit=90.0, seed=7)
    assert plans[3] == Plan(count=5, start=2, family="lut")
    assert planned[1][1] == tmp_path
    assert [given["resume"] for _, _, given in planned] == [None, False, None, None]


def test_ctrl_c_has_its_own_status(planned, rtloom_command) -> None:
    done = rtloom_command("regress", "--resume", "--json")
    assert done.status == 130
    told = json.loads(done.out)
    assert (told["interrupted"], told["failures"][0]["message"]) == (True, "o is wrong")
    assert told["failures"][0]["command"] == "rtloom regress --random --family lut --seed 7 --start 3 --count 1"


@pytest.mark.parametrize("option", ["--for", "--limit"])
def test_bad_times_are_one_line(option, rtloom_command) -> None:
    done = rtloom_command("regress", option, "soon")
    line = f"rtloom: error: Option {option} must be a time such as 90s, 30m or 2h, not 'soon'\n"
    assert (done.status, done.err) == (2, line)


def test_how_far_it_is() -> None:
    state = State(("lut-1-2", "lut-1-3"), 12, 1, 0, 0.5, 3725.0)
    assert status(state) == "12 done, 1 failed, 30.0 a minute, 1:02:05 left\nrunning: lut-1-2, lut-1-3"
    begun = replace(state, running=(), presets=47, rate=0.0, left=None)
    assert status(begun) == "12 done, 1 failed, 0.0 a minute, 47 presets waiting\nrunning: nothing"
    assert "2:05 left" in status(replace(state, left=125.0))
