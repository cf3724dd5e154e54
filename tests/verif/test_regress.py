"""The regression runner: crashes, hangs, interrupts and resumption, on tasks that only pretend to simulate."""

import json
import os
import signal
import subprocess
import sys
import time
from itertools import islice
from xml.etree import ElementTree as ET

import pytest

from rtloom.errors import InputError
from rtloom.generators.spec import families, presets
from rtloom.verif.matrix import random_configuration
from rtloom.verif.regression.durations import parse_duration
from rtloom.verif.regression.journal import Journal
from rtloom.verif.regression.plan import Listener, Plan
from rtloom.verif.regression.runner import JOURNAL, regress
from rtloom.verif.regression.tasks import names_of, preset_tasks, random_tasks

from . import regress_fakes as fakes

SOME = Plan(presets=False, family="systolic", count=9, seed=5, jobs=2)


class Heard(Listener):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.said, self.failures, self.states = [], [], []

    def say(self, text):
        self.said.append(text)

    def failed(self, failure):
        self.failures.append(failure)

    def state(self, state):
        self.states.append(state)


@pytest.fixture(autouse=True)
def _importable(monkeypatch, root) -> None:
    """Let the processes of tasks import the fakes by name."""
    monkeypatch.syspath_prepend(root)


def results(report) -> list[tuple[int, str]]:
    return sorted((line.task.number, line.message) for line in report.lines)


def lines_of(path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_two_jobs_find_what_one_finds(tmp_path) -> None:
    heard = Heard()
    alone = regress(Plan(**{**vars(SOME), "jobs": 1}), tmp_path / "one", run=fakes.verdict)
    both = regress(SOME, tmp_path / "two", run=fakes.verdict, listener=heard)
    seeds = [random_configuration(5, number, "systolic").seed for number in range(9)]
    expected = [(n, "" if seed % 2 else f"o must be {seed}, not 0") for n, seed in enumerate(seeds)]
    assert results(alone) == results(both) == expected
    wrong = [(number, message) for number, message in expected if message]
    assert wrong
    assert sorted((failure.task.number, failure.message) for failure in heard.failures) == wrong
    assert max(len(state.running) for state in heard.states) <= 2
    assert (heard.states[-1].done, heard.states[-1].failed) == (9, len(wrong))
    assert heard.said == ["seed 5"]
    assert not list((tmp_path / "two" / "running").iterdir())
    words = f"seed 5: {9 - len(wrong)} of 9 random configurations passed (numbers 0 to 8); "
    assert str(both).startswith(words)
    assert " a minute with 2 jobs, " in str(both)


def test_the_report_as_json_and_as_junit(tmp_path) -> None:
    report = regress(Plan(presets=False, count=10, seed=5, jobs=2), tmp_path, run=fakes.verdict)
    told = json.loads(json.dumps(report.to_dict()))
    wrong = [line for line in report.lines if line.message]
    assert (told["report"], told["seed"], told["jobs"], told["ran"]) == ("regress", 5, 2, 10)
    assert told["kinds"]["random"]["failed"] == {"value": len(wrong), "unit": "tasks", "source": "rtl-sim"}
    assert told["kinds"]["preset"]["ran"]["value"] == 0
    assert set(told["families"]) == set(names_of(None)) == set(told["design"].split(", "))
    assert told["rate"]["unit"] == "tasks/min"
    assert {each["name"] for each in told["failures"]} == {line.task.name for line in wrong}
    suites = list(ET.parse(tmp_path / "junit.xml").getroot())
    assert {suite.get("name"): int(suite.get("tests")) for suite in suites} == {
        name: counts["ran"]["value"] for name, counts in told["families"].items()
    }
    assert sum(int(suite.get("failures")) for suite in suites) == len(wrong)
    for case in ET.parse(tmp_path / "junit.xml").iter("testcase"):
        line = next(line for line in report.lines if line.task.name == case.get("name"))
        failure = case.find("failure")
        assert (failure.get("message") if failure is not None else "") == line.message
        assert case.get("time") == f"{line.seconds:.3f}"


def test_what_is_kept_of_a_failure(tmp_path) -> None:
    report = regress(SOME, tmp_path, run=fakes.verdict)
    failure = report.failures[0]
    assert failure.folder == tmp_path / "failures" / failure.task.name
    held = {path.name: path for path in failure.folder.iterdir()}
    assert set(held) == {
        *("configuration.json", "log.txt", "message.txt", "rerun.sh", "seed", "spec.yaml", "waves.fst")
    }
    assert held["seed"].read_text() == "5\n"
    assert held["message.txt"].read_text() == failure.message + "\n"
    assert json.loads(held["configuration.json"].read_text()) == failure.task.configuration.to_dict()
    assert failure.task.command.removeprefix("rtloom ") in held["rerun.sh"].read_text()
    assert os.access(held["rerun.sh"], os.X_OK)
    assert str(failure).splitlines()[2:] == [f"  again: {failure.task.command}", f"  kept: {failure.folder}"]


def test_a_crash_takes_its_own_task_alone(tmp_path) -> None:
    report = regress(Plan(**{**vars(SOME), "count": 5}), tmp_path, run=fakes.crash)
    assert results(report) == [
        (0, "systolic-5-0 must end by itself, but was ended by SIGSEGV: working"),
        (1, "systolic-5-1 must end by itself, but ended with status 1: ZeroDivisionError: by nothing"),
        (2, "systolic-5-2 must end by itself, but ended with status 7: working"),
        (3, ""),
        (4, ""),
    ]
    assert "Traceback" in (tmp_path / "failures" / "systolic-5-1" / "log.txt").read_text()


def test_a_hang_is_ended_with_all_that_it_started(tmp_path) -> None:
    report = regress(Plan(**{**vars(SOME), "count": 3, "limit": 2.0}), tmp_path, run=fakes.hang)
    message = "systolic-5-0 must finish within 2 seconds, but was still running"
    assert results(report) == [(0, message), (1, ""), (2, "")]
    assert fakes.gone([int((tmp_path / "ran" / "0").read_text())])


SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.verif import regress_fakes as fakes
from rtloom.verif.regression.plan import Plan
from rtloom.verif.regression.runner import regress

if __name__ == "__main__":
    plan = Plan(presets=False, family="systolic", count=12, seed=5, jobs=2)
    print(regress(plan, Path({output!r}), run=fakes.slow), flush=True)
"""


def begin_and_stop(root, folder, number: signal.Signals) -> tuple[int, str]:
    """Run the script, send it the signal when four tasks are done; return its status and what it printed."""
    script, journal = folder / "script.py", folder / "out" / JOURNAL
    script.write_text(SCRIPT.format(root=str(root), output=str(folder / "out")))
    child = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True, start_new_session=True)
    while child.poll() is None and not (journal.exists() and len(journal.read_bytes().splitlines()) > 4):
        time.sleep(0.02)
    child.send_signal(number)
    # To its end: the output closes when the last process that has it is gone.
    printed, _ = child.communicate(timeout=30)
    return child.returncode, printed


def pids(folder) -> list[int]:
    return [int(pid) for path in (folder / "out" / "ran").iterdir() for pid in path.read_text().split()]


PLAN = Plan(presets=False, family="systolic", count=12, seed=5, jobs=2)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_regression_that_was_stopped_goes_on(root, tmp_path, number) -> None:
    status, printed = begin_and_stop(root, tmp_path, number)
    out = tmp_path / "out"
    if number == signal.SIGINT:
        assert (status, printed.rpartition("; ")[2]) == (0, "stopped, the same command goes on\n")
        assert not list((out / "running").iterdir())
    else:
        assert (status, printed) == (-signal.SIGKILL, "")
    assert fakes.gone(pids(tmp_path))
    with (out / JOURNAL).open("a") as journal:
        journal.write('{"key": "torn')
    done = {line.task.number for line in Journal(out / JOURNAL).lines}
    assert 4 <= len(done) < 12
    heard = Heard()
    report = regress(PLAN, out, run=fakes.slow, listener=heard)
    assert heard.said == [f"seed 5: {len(done)} tasks of {out / JOURNAL} are done, the rest follows"]
    assert (results(report), report.resumed) == ([(n, "") for n in range(12)], len(done))
    assert f", {len(done)} of them in earlier sessions; " in str(report)
    times = {int(path.name): len(path.read_text().split()) for path in (out / "ran").iterdir()}
    assert all(times[n] == 1 for n in done)
    assert sum(times.values()) <= 12 + PLAN.jobs
    assert [line.get("end") for line in lines_of(out / JOURNAL)][-1] is True


def test_a_journal_of_something_else_is_not_mixed_with(tmp_path, monkeypatch) -> None:
    for changed, words in (
        ({"seed": 6}, "seed 5 instead of 6"),
        ({"start": 1, "family": "lut"}, "family systolic instead of lut, start 0 instead of 1"),
    ):
        unfinished(tmp_path)
        heard = Heard()
        report = regress(Plan(**{**vars(SOME), **changed}), tmp_path, run=fakes.verdict, listener=heard)
        journal = tmp_path / JOURNAL
        assert heard.said[0] == f"{journal} is of another regression ({words}): beginning anew"
        assert (report.resumed, report.ran) == (0, 9)
        assert len(lines_of(tmp_path / f"{JOURNAL}.old")) == 10
        assert (tmp_path / "failures.old").exists()
    unfinished(tmp_path)
    monkeypatch.setattr("rtloom.verif.regression.plan.code_of", lambda names: "other")
    heard = Heard()
    assert regress(SOME, tmp_path, run=fakes.verdict, listener=heard).resumed == 0
    assert "(its code differs): beginning anew" in heard.said[0]


def unfinished(folder) -> None:
    """Leave a journal of nine tasks without its last line."""
    regress(SOME, folder, run=fakes.verdict, resume=False)
    lines = (folder / JOURNAL).read_text().splitlines(keepends=True)
    (folder / JOURNAL).write_text("".join(lines[:-1]))


def test_one_that_ended_goes_on_only_if_asked(tmp_path) -> None:
    first = regress(SOME, tmp_path, run=fakes.verdict)
    longer = Plan(**{**vars(SOME), "count": 12})
    more = regress(longer, tmp_path, run=fakes.verdict, resume=True)
    assert (more.resumed, more.ran) == (9, 12)
    assert results(more)[:9] == results(first)
    assert {failure.task for failure in first.failures} <= {failure.task for failure in more.failures}
    assert all(failure.folder.is_dir() for failure in more.failures)
    assert regress(longer, tmp_path, run=fakes.verdict).resumed == 0


def test_a_seed_is_drawn_told_and_kept(tmp_path) -> None:
    heard = Heard()
    plan = Plan(**{**vars(SOME), "seed": None})
    report = regress(plan, tmp_path, run=fakes.verdict, listener=heard)
    assert heard.said == [f"seed {report.seed}"]
    lines = (tmp_path / JOURNAL).read_text().splitlines(keepends=True)
    (tmp_path / JOURNAL).write_text("".join(lines[:5]))
    again = regress(plan, tmp_path, run=fakes.verdict)
    assert (again.seed, again.resumed, results(again)) == (report.seed, 4, results(report))
    assert regress(plan, tmp_path, run=fakes.verdict).seed != report.seed


def test_time_is_counted_over_sessions(tmp_path) -> None:
    plan = Plan(**{**vars(SOME), "count": None, "seconds": 1.0, "jobs": 1})
    first = regress(plan, tmp_path, run=fakes.slow)
    assert 1 <= first.ran <= 5
    assert first.lines[-1].spent >= 0.75
    assert regress(plan, tmp_path, run=fakes.slow, resume=True).ran <= first.ran + 1
    assert regress(Plan(**{**vars(plan), "seconds": 2.0}), tmp_path, run=fakes.slow, resume=True).ran > first.ran


def test_a_folder_is_used_by_one_regression(tmp_path) -> None:
    rule = "^Output must be used by one regression at a time, but another runs in "

    class Second(Listener):
        def say(self, text):
            with pytest.raises(InputError, match=rule):
                regress(SOME, tmp_path, run=fakes.verdict)

    assert regress(Plan(**{**vars(SOME), "count": 1}), tmp_path, run=fakes.verdict, listener=Second()).ran == 1


def test_families_take_turns_and_presets_come_first() -> None:
    names = list(families())
    tasks = list(islice(random_tasks(names, 9, 3), 7))
    assert [(task.number, task.family) for task in tasks] == [(n, names[n % len(names)]) for n in range(3, 10)]
    assert tasks[0].configuration == random_configuration(9, 3, names[3])
    every = preset_tasks(names, 4)
    assert [task.name for task in every] == list(presets())
    assert {task.family for task in preset_tasks(["lut"], 4)} == {"lut"}
    assert every[0].command == f"rtloom verify {every[0].name} --seed 4"


def test_keys_know_design_seed_and_code() -> None:
    first, second = islice(random_tasks(["lut"], 9, 0), 2)
    other = next(random_tasks(["lut"], 8, 0))
    keys = [first.key("a"), first.key("b"), second.key("a"), other.key("a"), preset_tasks(["lut"], 9)[0].key("a")]
    assert len(set(keys)) == len(keys)
    assert first.key("a") == next(random_tasks(["lut"], 9, 0)).key("a")


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("1.5h", 5400)])
def test_times(text: str, seconds: float) -> None:
    assert parse_duration(text, "Option --for") == seconds


@pytest.mark.parametrize("text", ["", "30", "m", "30 min", "-1m", "0s", "1d", "٣m"])
def test_bad_times_are_one_line(text: str) -> None:
    with pytest.raises(InputError, match=rf"^Option --for must be a time such as 90s, 30m or 2h, not '{text}'$"):
        parse_duration(text, "Option --for")


def test_an_unknown_family_is_one_line(tmp_path) -> None:
    known = ", ".join(sorted(families()))
    with pytest.raises(InputError, match=rf"^Family must be one of {known}, not 'lutt'; did you mean 'lut'\?$"):
        regress(Plan(family="lutt", count=1), tmp_path / "out")


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(
        InputError, match=r"^Output must be a folder that can be written \(file exists\), not '.*file'$"
    ):
        regress(SOME, tmp_path / "file")
