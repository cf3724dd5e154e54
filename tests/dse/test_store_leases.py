"""Leases: each key is one run's at a time, and those of runs that died are free."""

import os
import subprocess
import sys
import time

import pytest

from rtloom.dse.store import leasing, owners
from rtloom.dse.store.owners import STALE, Owner
from rtloom.dse.store.store import Store

KEYS = ["a", "b", "c"]


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "s.db") as opened:
        yield opened


def owner_of(child: subprocess.Popen) -> Owner:
    return Owner(pid=child.pid, born=owners._birth(child.pid) or "")


def waiting() -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)


def test_a_key_is_one_runs_at_a_time(store) -> None:
    one, two = Owner(), Owner()
    granted = store.leases.take(KEYS, one, 2)
    assert (granted.mine, granted.held, granted.done) == ({"a", "b"}, set(), set())
    granted = store.leases.take(KEYS, two, 9)
    assert (granted.mine, granted.held, granted.done) == ({"c"}, {"a", "b"}, set())
    assert [(lease.key, lease.pid) for lease in store.held()] == [(key, os.getpid()) for key in KEYS]
    store.leases.release(one)
    assert store.leases.take(KEYS, two, 1).mine == {"a"}


def test_what_is_known_is_not_leased(store) -> None:
    store.record("a", "m:f", "p", {}, {}, 1.0, "me")
    store.fail("b", "m:f", "p", {}, "why", 1)
    granted = store.leases.take(KEYS, Owner(), 9)
    assert (granted.mine, granted.done) == ({"c"}, {"a", "b"})
    granted = store.leases.take(KEYS[:2], Owner(), 9, failed_since=time.time() + 1)
    assert (granted.mine, granted.done) == ({"b"}, {"a"})


def test_a_result_and_a_failure_end_the_lease(store) -> None:
    store.leases.take(KEYS, Owner(), 9)
    store.record("a", "m:f", "p", {}, {}, 1.0, "me")
    store.fail("b", "m:f", "p", {}, "why", 1)
    assert [lease.key for lease in store.held()] == ["c"]


def test_the_leases_of_a_process_that_died_are_free_at_once(store) -> None:
    child = waiting()
    store.leases.take(KEYS, owner_of(child), 9)
    assert store.leases.take(KEYS, Owner(), 9).held == set(KEYS)
    child.kill()
    # Free as soon as it is dead, also before its parent has asked for its end.
    until = time.monotonic() + 10
    while not (mine := store.leases.take(KEYS, Owner(), 9).mine) and time.monotonic() < until:
        time.sleep(0.02)
    assert mine == set(KEYS)
    child.communicate()
    assert {lease.pid for lease in store.held()} == {os.getpid()}


def test_a_number_that_another_process_has_now_holds_nothing(store) -> None:
    store.leases.take(KEYS, Owner(born="long ago"), 9)
    assert store.held() == []
    assert store.leases.take(KEYS, Owner(), 9).mine == set(KEYS)


def test_another_host_is_alive_while_it_gives_signs(store, monkeypatch) -> None:
    there = Owner(host="elsewhere", pid=1, born="1")
    store.leases.take(KEYS, there, 9)
    assert store.leases.take(KEYS, Owner(), 9).held == set(KEYS)
    now = time.time()
    monkeypatch.setattr(leasing.time, "time", lambda: now + STALE + 1)
    assert store.leases.take(KEYS, Owner(), 9).mine == set(KEYS)


def test_a_run_gives_signs_and_leaves_nothing(store, monkeypatch) -> None:
    monkeypatch.setattr(leasing, "BEAT", 0.02)
    owner = Owner()
    with store.leases.beating(owner):
        store.leases.take(KEYS, owner, 9)
        until = time.monotonic() + 10
        while time.monotonic() < until and any(lease.beat == lease.since for lease in store.held()):
            time.sleep(0.02)
        assert [lease.beat > lease.since for lease in store.held()] == [True] * 3
    assert store.held() == []
