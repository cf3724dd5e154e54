"""What a store says of itself."""

import os
import socket
import time

import pytest

from rtloom.dse.engine.task import Task
from rtloom.dse.store.owners import Owner
from rtloom.dse.store.rows import Point
from rtloom.dse.store.status import status
from rtloom.dse.store.store import Store

AREA, ENERGY = "rooms.costs:area", "rooms.costs:energy"


@pytest.fixture
def store(tmp_path):
    """Two sweeps that share the point p1; a key that belongs to p1 and p2; a point in no sweep."""
    with Store.open(tmp_path / "s.db") as opened:
        opened.put_sweep("s1", {"n": 1})
        opened.put_sweep("s2", {"n": 2})
        opened.put_points([Point("s1", "p1", {}), Point("s1", "p2", {}), Point("s2", "p1", {})])
        opened.plan(Task(f"area-{point}", AREA, point, {}) for point in ("p1", "p2", "p9"))
        opened.plan(Task("energy", ENERGY, point, {}) for point in ("p1", "p2"))
        yield opened


def counts(report) -> dict[tuple[str, str], tuple[int, int, int, int]]:
    return {(each.sweep, each.kind): (each.total, each.done, each.failed, each.running) for each in report.lines}


def test_an_empty_store(tmp_path) -> None:
    with Store.open(tmp_path / "s.db") as store:
        report = status(store)
    assert (report.sweeps, report.points, report.lines, report.rate, report.seconds) == (0, 0, (), 0.0, 0.0)
    assert str(report).startswith(f"{tmp_path / 's.db'}: 0 sweeps, 0 points, ")
    assert (len(report.table()), report.notes()) == (1, [])


def test_keys_count_in_every_sweep_that_has_them(store) -> None:
    store.record("area-p1", AREA, "p1", {}, {}, 2.0, "me")
    store.fail("energy", ENERGY, "p1", {}, "no tool", 1, 0.5)
    store.fail("energy", ENERGY, "p1", {}, "no tool", 3, 1.5)
    store.leases.take(["area-p2"], Owner(), 1)
    report = status(store, {AREA: "1", ENERGY: "2"})
    assert counts(report) == {
        ("", AREA): (1, 0, 0, 0),
        ("s1", AREA): (2, 1, 0, 1),
        ("s1", ENERGY): (1, 0, 1, 0),
        ("s2", AREA): (1, 1, 0, 0),
        ("s2", ENERGY): (1, 0, 1, 0),
    }
    assert [line.tier for line in report.lines] == ["1", "1", "2", "1", "2"]
    assert (report.sweeps, report.points, report.seconds) == (2, 2, 3.5)
    assert report.table()[2] == ("s1", "1", "area", "1", "0", "1", "0", "2", "2.0")
    assert report.notes() == [
        f"Process {os.getpid()} on {socket.gethostname()} computes 1 key, the oldest for 0 s.",
        "Failed (1 key of p1): no tool",
    ]


def test_a_failure_that_is_tried_again_counts_as_running(store) -> None:
    store.fail("energy", ENERGY, "p1", {}, "no tool", 1, 0.5)
    store.leases.take(["energy"], Owner(), 1, failed_since=time.time() + 1)
    assert counts(status(store))["s2", ENERGY] == (1, 0, 0, 1)
    store.record("energy", ENERGY, "p1", {}, {}, 0.5, "me")
    assert counts(status(store))["s2", ENERGY] == (1, 1, 0, 0)


def test_the_rate_is_that_of_the_last_ten_minutes(store) -> None:
    store.record("area-p1", AREA, "p1", {}, {}, 4.0, "me")
    store.fail("energy", ENERGY, "p1", {}, "no tool", 1, 1.0)
    now = time.time()
    # Two keys, from the beginning of the longer one on.
    assert status(store, now=now + 6).rate == pytest.approx(0.2, abs=0.01)
    assert status(store, now=now + 601).rate == 0


def test_the_report_as_json(store) -> None:
    store.fail("energy", ENERGY, "p1", {}, "no tool", 1, 0.5)
    store.leases.take(["area-p2"], Owner(), 1)
    report = status(store).to_dict()
    assert report["failed"] == [
        {"key": "energy", "kind": ENERGY, "point": "p1", "reason": "no tool", "attempts": 1, "seconds": 0.5}
    ]
    assert [each["key"] for each in report["running"]] == ["area-p2"]
    assert report["bytes"] >= store.path.stat().st_size > 0
    assert [each["total"] for each in report["tasks"]] == [1, 2, 1, 1, 1]


def test_many_points_of_one_reason_are_one_line(store) -> None:
    for number in range(5):
        store.fail(f"k{number}", AREA, f"q{number}", {}, "no tool", 1)
    assert status(store).notes() == ["Failed (5 keys of q0, q1, q2, …): no tool"]
