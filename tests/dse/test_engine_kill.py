"""A run that is killed again and again ends with the results of one that was left alone."""

import json
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from rtloom.dse.store.store import Store

from . import engine_toys as toys

SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, {folder!r})
from engine_toys import task
from rtloom.dse.engine.{module} import {executor}
from rtloom.dse.engine.run import run_tasks
from rtloom.dse.store.store import Store

if __name__ == "__main__":
    tasks = [task("mixed", number, side={side!r}, sleep={sleep}) for number in range({count})]
    with Store.open(Path({store!r})) as store, {executor}({argument!r}) as executor:
        run_tasks(tasks, store, executor)
"""


class Sweep:
    """A store, the tasks that are run on it, and how often each of them was begun."""

    def __init__(self, folder: Path, count: int, **executor) -> None:
        folder.mkdir()
        self.store, self.side, self.script, self.count = folder / "s.db", folder / "side", folder / "run.py", count
        self.side.touch()
        values = {"folder": str(Path(toys.__file__).parent), "side": str(self.side), "store": str(self.store)}
        self.script.write_text(SCRIPT.format(**values, count=count, sleep=0.01, **executor))
        self.leased: Counter[str] = Counter()

    def begin(self) -> subprocess.Popen:
        return subprocess.Popen([sys.executable, self.script], stderr=subprocess.DEVNULL, start_new_session=True)

    def lines(self) -> list[list[int]]:
        """Return number and process of each task that was begun."""
        return [[int(word) for word in line.split()] for line in self.side.read_text().splitlines()]

    def kill(self, draw: random.Random) -> None:
        """Start a run and kill it at some moment after it has begun some tasks."""
        child, until = self.begin(), len(self.lines()) + draw.randint(1, 25)
        while len(self.lines()) < until:
            assert child.poll() is None
            time.sleep(0.005)
        time.sleep(draw.uniform(0, 0.02))
        child.kill()
        child.wait()
        assert all(toys.gone(pid) for _, pid in self.lines())
        with Store.open(self.store, create=False) as store:
            self.leased.update(key for (key,) in store.select("SELECT key FROM leases WHERE pid = ?", (child.pid,)))

    def finish(self) -> dict[str, tuple[object, str]]:
        """Run to the end; return the result and the reason of each key."""
        assert self.begin().wait(timeout=120) == 0
        with Store.open(self.store, create=False) as store:
            assert store.held() == []
            found = store.results(toys.key_of(number) for number in range(self.count))
            # Each key is there once: a failure is not tried again, and what has a result has no failure.
            rows = store.select("SELECT key FROM results UNION ALL SELECT key FROM failures")
            assert Counter(key for (key,) in rows) == Counter(toys.key_of(number) for number in range(self.count))
        return {key: (json.dumps(result.result), result.reason) for key, result in found.items()}


@pytest.mark.parametrize(
    ("executor", "count", "kills"),
    [
        ({"module": "processes", "executor": "Processes", "argument": 2}, 200, 5),
        ({"module": "dask_cluster", "executor": "DaskCluster", "argument": "local:2"}, 60, 1),
    ],
    ids=["processes", "dask"],
)
def test_killed_and_left_alone_end_alike(tmp_path, executor, count, kills) -> None:
    if executor["executor"] == "DaskCluster":
        pytest.importorskip("distributed", reason="needs the extra dse")
    draw = random.Random(5)
    sweep = Sweep(tmp_path / "killed", count, **executor)
    for _ in range(kills):
        sweep.kill(draw)
    killed = sweep.finish()
    if executor["executor"] == "Processes":
        assert killed == Sweep(tmp_path / "alone", count, **executor).finish()
    expected = [number for number in range(count) if int(toys.key_of(number)[:2], 16) < 26 or number == 13]
    assert {key for key, (_, reason) in killed.items() if reason} == {toys.key_of(number) for number in expected}
    # At each kill no more keys were lost than there were workers, but for the one that waits for another worker, and
    # only these were begun again.
    assert sum(times for key, times in sweep.leased.items() if key != toys.key_of(13)) <= 2 * kills
    for number, times in Counter(number for number, _ in sweep.lines()).items():
        tries = 3 if number == 13 else 1
        assert 1 <= times <= tries * (1 + sweep.leased[toys.key_of(number)])
