"""Runs of tasks: what is known is not computed again, what fails takes nothing else with it, two runs share a store."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from rtloom.dse.engine.in_process import InProcess
from rtloom.dse.engine.processes import Processes
from rtloom.dse.engine.run import run_tasks
from rtloom.dse.engine.task import Task
from rtloom.dse.store.store import Store
from rtloom.errors import InputError

from . import engine_toys as toys
from .engine_toys import gone, task

FAILING = {
    "refuse": "Yosys must be there, but is not",
    "divide": "ZeroDivisionError: integer division or modulo by zero",
    "endless": "Result of a task must be JSON: Out of range float values are not JSON compliant",
    "words": "Result of a task must be a dictionary, not ['no', 'dictionary']",
}


@pytest.fixture(autouse=True)
def _toys(monkeypatch) -> None:
    """Let worker processes import the toys by their name."""
    monkeypatch.syspath_prepend(str(Path(toys.__file__).parent))


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "s.db") as opened:
        yield opened


@pytest.fixture(params=[InProcess, lambda: Processes(2)], ids=["in process", "processes"])
def executor(request):
    with request.param() as entered:
        yield entered


def test_results_failures_and_what_is_known(store, executor) -> None:
    tasks = [task("double", number) for number in range(4)]
    tasks += [task(name, number + 4) for number, name in enumerate(FAILING)]
    outcome = run_tasks(tasks, store, executor)
    assert (outcome.computed, outcome.reused, outcome.stopped) == (8, 0, False)
    assert outcome.failed == {toys.key_of(4 + n): reason for n, reason in enumerate(FAILING.values())}
    assert [outcome.results[toys.key_of(number)].result for number in range(4)] == [{"value": 2 * n} for n in range(4)]
    again = run_tasks(tasks, store, executor)
    assert (again.computed, again.reused, again.results) == (0, 8, outcome.results)
    third = run_tasks(tasks, store, executor, retry_failed=True)
    assert (third.computed, third.reused, third.failed) == (4, 4, outcome.failed)
    assert store.select("SELECT COUNT(*) FROM failures") == [(8,)]
    assert store.held() == []


def test_tasks_of_one_key_are_computed_once_and_belong_to_all_their_points(store) -> None:
    tasks = [Task(toys.key_of(1), "engine_toys:double", point, {"number": 1}) for point in ("p", "q")]
    with InProcess() as executor:
        assert run_tasks(tasks, store, executor).computed == 1
    assert store.results_of("p") == store.results_of("q") != {}


def test_progress(store, executor) -> None:
    told = []
    run_tasks([task("double", 0)], store, executor)
    tasks = [task("double", 0), task("double", 1), task("refuse", 2)]
    run_tasks(tasks, store, executor, progress=told.append)
    assert (told[0].total, told[0].done, told[0].failed, told[0].reused) == (3, 1, 0, 1)
    assert told[0].running[0] == tasks[1]
    assert told[0].kinds == {"engine_toys:double": (1, 2), "engine_toys:refuse": (0, 1)}
    assert (told[-1].done, told[-1].failed, told[-1].running, told[-1].left) == (2, 1, (), 0.0)
    assert told[-1].kinds == {"engine_toys:double": (2, 2), "engine_toys:refuse": (1, 1)}


def test_a_worker_that_dies_is_replaced_and_its_task_tried_again(store, tmp_path) -> None:
    tasks = [task("crash", 0), task("leave", 1), task("wander", 2, mark=str(tmp_path / "mark"))]
    tasks += [task("double", number) for number in range(3, 9)]
    with Processes(2) as executor:
        outcome = run_tasks(tasks, store, executor)
    assert outcome.failed == {
        toys.key_of(0): "Worker must survive its task, but was ended by SIGSEGV: last words (3 attempts)",
        toys.key_of(1): "Worker must survive its task, but ended with status 7 (3 attempts)",
    }
    came_back = outcome.results[toys.key_of(2)]
    assert (came_back.result, came_back.attempts) == ({"value": "came back"}, 2)
    assert outcome.computed == 9


def test_without_retries_the_first_death_counts(store) -> None:
    with Processes(1) as executor:
        outcome = run_tasks([task("leave")], store, executor, retries=0)
    assert outcome.failed == {toys.key_of(0): "Worker must survive its task, but ended with status 7"}


def test_a_worker_that_dies_without_a_task_is_replaced(store) -> None:
    with Processes(1) as executor:
        first = run_tasks([task("double", 0)], store, executor).results[toys.key_of(0)].worker
        os.kill(int(first.split()[1]), signal.SIGKILL)
        time.sleep(0.1)
        second = run_tasks([task("double", 1)], store, executor).results[toys.key_of(1)]
    assert (second.result, second.attempts) == ({"value": 2}, 1)
    assert second.worker != first


def test_a_task_ends_at_its_limit_with_all_that_it_started(store, tmp_path) -> None:
    pids = tmp_path / "pids"
    with Processes(1) as executor:
        run_tasks([task("double", 0)], store, executor)
        outcome = run_tasks([task("hang", 1, pids=str(pids)), task("double", 2)], store, executor, time_limit=1)
    assert outcome.failed == {toys.key_of(1): "Task must finish within 1 seconds, but was still running"}
    assert outcome.results[toys.key_of(1)].attempts == 1
    assert all(gone(int(pid)) for pid in pids.read_text().split())


def test_a_limit_in_this_process(store) -> None:
    with InProcess() as executor:
        outcome = run_tasks([task("spin", 1), task("double", 2)], store, executor, time_limit=0.2)
        assert outcome.failed == {toys.key_of(1): "Task must finish within 0.2 seconds, but was still running"}
        caught = []

        def elsewhere() -> None:
            with pytest.raises(InputError) as error:
                executor.start(task("double", 3), 1.0)
            caught.append(str(error.value))

        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
    assert caught == ["Time limit of tasks in this process must be left out, except in the main thread"]
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_stop_ends_the_tasks_under_way(store, tmp_path) -> None:
    pids = tmp_path / "pids"
    tasks = [task("double", 0), task("hang", 1, pids=str(pids)), task("double", 2)]
    with Processes(1) as executor:
        outcome = run_tasks(tasks, store, executor, stop=lambda: pids.exists() and bool(pids.read_text()))
        assert (outcome.stopped, set(outcome.results)) == (True, {toys.key_of(0)})
        assert all(gone(int(pid)) for pid in pids.read_text().split())
        assert store.held() == []
        assert run_tasks([tasks[2]], store, executor).computed == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"retries": -1}, "Retries must be 0 or more, not -1"),
        ({"time_limit": 0}, "Time limit must be a number of seconds above 0, not 0"),
    ],
)
def test_numbers_out_of_range(store, options, message) -> None:
    with InProcess() as executor, pytest.raises(InputError) as caught:
        run_tasks([], store, executor, **options)
    assert str(caught.value) == message
    with pytest.raises(InputError, match=r"^Number of processes must be 1 or more, not 0$"):
        Processes(0)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("engine_toys:none", "Task kind must be an importable module:function (.*), not 'engine_toys:none'"),
        ("no_such_module:f", r"Task kind must be an importable module:function \(No module .*\), not '.*'"),
        ("engine_toys:SEED", "Task kind must name a function, not 'engine_toys:SEED'"),
        ("double", "Task kind must be an importable module:function (.*), not 'double'"),
    ],
)
def test_kinds_that_name_no_function(store, kind, message) -> None:
    with InProcess() as executor, pytest.raises(InputError, match=f"^{message}$"):
        run_tasks([Task("k", kind, "p", {})], store, executor)
    assert store.select("SELECT * FROM tasks") == []


SHARE = """
import sys
from pathlib import Path
sys.path.insert(0, {folder!r})
from engine_toys import task
from rtloom.dse.engine.processes import Processes
from rtloom.dse.engine.run import run_tasks
from rtloom.dse.store.store import Store

if __name__ == "__main__":
    tasks = [task("mixed", number, side={side!r}, sleep=0.02) for number in range(60) if number != 13]
    print("ready", flush=True)
    input()
    with Store.open(Path({store!r})) as store, Processes(1) as executor:
        outcome = run_tasks(tasks, store, executor)
    print(outcome.computed, len(outcome.results))
"""


def begin(folder: Path) -> subprocess.Popen:
    """Start a run of 59 tasks on the folder's store, which waits for a line of input when it is ready."""
    script = folder / "script.py"
    toys_folder = str(Path(toys.__file__).parent)
    script.write_text(SHARE.format(folder=toys_folder, side=str(folder / "side"), store=str(folder / "s.db")))
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, script], stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def go(child: subprocess.Popen) -> None:
    assert child.stdout.readline() == "ready\n"
    child.stdin.write("go\n")
    child.stdin.flush()


def test_two_runs_share_a_store_and_compute_nothing_twice(tmp_path) -> None:
    runs = [begin(tmp_path), begin(tmp_path)]
    for run in runs:
        go(run)
    said = [tuple(map(int, run.communicate(timeout=60)[0].split())) for run in runs]
    assert [results for _, results in said] == [59, 59]
    assert sum(computed for computed, _ in said) == 59
    assert sorted(begun(tmp_path)) == [number for number in range(60) if number != 13]


def begun(folder: Path) -> list[int]:
    """Return the number of each task that was begun, as often as it was."""
    side = folder / "side"
    return [int(line.split()[0]) for line in side.read_text().splitlines()] if side.exists() else []


def test_ctrl_c_ends_a_run_and_the_next_goes_on(tmp_path) -> None:
    child = begin(tmp_path)
    go(child)
    while len(begun(tmp_path)) < 5 and child.poll() is None:
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    _, complaint = child.communicate(timeout=30)
    assert (child.returncode, complaint.strip().splitlines()[-1]) == (-signal.SIGINT, "KeyboardInterrupt")
    with Store.open(tmp_path / "s.db") as store:
        assert store.held() == []
    child = begin(tmp_path)
    go(child)
    assert child.communicate(timeout=60)[0].split()[1] == "59"
    # At most the one task that was under way was begun twice.
    assert len(begun(tmp_path)) <= 60
