"""Tasks over the workers of a Dask cluster; the tests of `run_tasks` that hold for any executor are in test_engine."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rtloom.dse.engine import dask_cluster
from rtloom.dse.engine.dask_cluster import DaskCluster
from rtloom.dse.engine.dask_worker import timed_work
from rtloom.errors import InputError

from . import engine_toys as toys

SCRIPT = """
import json, sys
from pathlib import Path
sys.path.insert(0, {folder!r})
from engine_toys import key_of, task
from rtloom.dse.engine.dask_cluster import DaskCluster
from rtloom.dse.engine.run import run_tasks
from rtloom.dse.store.store import Store
from rtloom.dse.engine.dask_worker import timed_work
from rtloom.errors import RtloomError

def known(cluster):
    tasks = [task("crash", 0), task("hang", 1, pids={pids!r}), task("refuse", 2)]
    tasks += [task("double", number) for number in range(3, 9)]
    with Store.open(Path({store!r})) as store:
        outcome = run_tasks(tasks, store, cluster, time_limit=3, retries=1)
        return {{key: each.result or each.reason for key, each in outcome.results.items()}}, len(store.held())

def lost(first, joined):
    # The first one's cluster closes when both tasks are under way.
    tasks = [task("spin", number) for number in (20, 21)]
    try:
        with Store.open(Path({store!r})) as store:
            run_tasks(tasks, store, joined, progress=lambda now: len(now.running) == 2 and first._stack.close())
    except RtloomError as error:
        return str(error)

if __name__ == "__main__":
    with DaskCluster("local:2") as cluster:
        answer = known(cluster)
        # A second one joins the first by its address.
        with DaskCluster(cluster._client.scheduler.address) as joined, Store.open(Path({store!r})) as store:
            double = run_tasks([task("double", 9)], store, joined).results[key_of(9)]
            said = lost(cluster, joined)
        cluster._running.clear()
    print(json.dumps([*answer, double.result, double.worker.split()[1], said]))
"""


def test_results_deaths_limits_and_a_cluster_by_its_address(tmp_path) -> None:
    pytest.importorskip("distributed", reason="needs the extra dse")
    script, pids = tmp_path / "script.py", tmp_path / "pids"
    places = {"folder": str(Path(toys.__file__).parent), "pids": str(pids), "store": str(tmp_path / "s.db")}
    script.write_text(SCRIPT.format(**places))
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    # What the tasks print is not on standard output.
    known, held, joined, worker, said = json.loads(done.stdout)
    assert known == {
        toys.key_of(0): "Worker must survive its task, but died (2 attempts)",
        toys.key_of(1): "Task must finish within 3 seconds, but was still running",
        toys.key_of(2): "Yosys must be there, but is not",
        **{toys.key_of(number): {"value": 2 * number} for number in range(3, 9)},
    }
    assert (held, joined) == (0, {"value": 18})
    assert re.fullmatch(r"Dask cluster tcp://\S+ must stay there and run rtloom's tasks \(.*Error.*\)", said)
    assert all(toys.gone(int(pid)) for pid in [*pids.read_text().split(), worker])


@pytest.mark.parametrize("address", ["local:", "local:0", "local:two", "local:-1"])
def test_addresses_of_no_form(address) -> None:
    with pytest.raises(InputError) as caught:
        DaskCluster(address)
    rule = "be of the form local:N with N of 1 or more, or a scheduler's"
    assert str(caught.value) == f"Dask address must {rule}, not '{address}'"


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nowhere://x"])
def test_addresses_where_no_scheduler_is(address, monkeypatch) -> None:
    pytest.importorskip("distributed", reason="needs the extra dse")
    monkeypatch.setattr(dask_cluster, "_PATIENCE", 1)
    with pytest.raises(InputError) as caught, DaskCluster(address):
        pass
    message = str(caught.value)
    assert message.startswith("Dask address must be that of a scheduler with workers (")
    assert message.endswith(f"not '{address}'")
    assert "\n" not in message


def test_without_the_extra(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError) as caught, DaskCluster("local:1"):
        pass
    assert str(caught.value) == "distributed must be installed to use Dask: pip install 'rtloom[dse]'"


def test_a_worker_that_lacks_the_task_is_to_blame_itself() -> None:
    with pytest.raises(InputError, match=r"^Task kind must be an importable module:function "):
        timed_work("no_such_module:f", "{}")
    assert timed_work("copy:copy", '{"a": 1}')[:2] == ("done", '{"a": 1}')
