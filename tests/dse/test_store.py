"""The store: what is put in comes out, whatever was there stays, and files of others are never touched."""

import hashlib
import json
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtloom.dse.engine.task import Task
from rtloom.dse.store import database, schema
from rtloom.dse.store.rows import Point
from rtloom.dse.store.store import Store
from rtloom.errors import InputError

KEY = "ab" * 32
ABOUT = (KEY, "m:f", "p1", {"rows": 4})

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 62), 1 << 62)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "s.db") as opened:
        yield opened


def line(path, **options) -> str:
    with pytest.raises(InputError) as caught:
        Store.open(path, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@settings(max_examples=10)
@given(rows=st.lists(st.tuples(st.dictionaries(st.text(), JSON, max_size=3), st.floats(0, 1e6)), max_size=4))
def test_what_is_recorded_comes_back(tmp_path_factory, rows) -> None:
    path = tmp_path_factory.mktemp("store") / "s.db"
    with Store.open(path) as store:
        for number, (document, seconds) in enumerate(rows):
            store.record(f"k{number}", "m:f", f"p{number}", document, document, seconds, "me", number + 1)
    with Store.open(path, create=False) as store:
        found = store.results(f"k{number}" for number in range(len(rows) + 1))
        assert len(found) == len(rows)
        for number, (document, seconds) in enumerate(rows):
            result = found[f"k{number}"]
            assert (result.payload, result.result, result.seconds) == (document, document, seconds)
            assert (result.point, result.worker, result.attempts, result.failed) == (
                f"p{number}",
                "me",
                number + 1,
                False,
            )


def test_a_result_stays_as_it_was_first(store) -> None:
    assert store.record(*ABOUT, {"area": 1}, 2.0, "first") is True
    assert store.record(*ABOUT, {"area": 2}, 3.0, "second") is False
    store.fail(*ABOUT, "too late", 1)
    assert store.results([KEY])[KEY].result == {"area": 1}
    assert store.failures() == []


@pytest.mark.parametrize("table", ["results", "failures", "blobs"])
@pytest.mark.parametrize("change", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}"])
def test_the_file_itself_only_adds(store, table, change) -> None:
    store.record(*ABOUT, {}, 1.0, "me")
    store.fail("other", *ABOUT[1:], "why", 1)
    store.put_blob(hashlib.sha256(b"x").hexdigest(), b"x")
    column = {"results": "result", "failures": "reason", "blobs": "packed"}[table]
    with pytest.raises(sqlite3.IntegrityError, match=f"^{table} are only added$"):
        store._connection.execute(change.format(table, column))


def test_the_last_failure_counts_until_there_is_a_result(store) -> None:
    store.fail(*ABOUT, "first reason", 1)
    store.fail(*ABOUT, "second reason", 3, 4.5, "me")
    result = store.results([KEY])[KEY]
    assert (result.failed, result.reason, result.attempts, result.seconds) == (True, "second reason", 3, 4.5)
    assert store.failures() == [result]
    store.record(*ABOUT, {"area": 1}, 1.0, "me")
    assert not store.results([KEY])[KEY].failed
    assert store.failures() == []


def test_a_key_of_two_points_is_found_under_both(store) -> None:
    store.plan([Task(KEY, "m:f", point, {"rows": 4}) for point in ("p1", "p2")])
    assert store.results_of("p1") == {}
    store.record(*ABOUT, {"area": 1}, 1.0, "me")
    assert store.results_of("p1") == store.results_of("p2") == store.results([KEY])


def test_sweeps_and_points(store) -> None:
    store.put_sweep("b", {"space": [1, 2]})
    store.put_sweep("a", {"space": [3]})
    store.put_sweep("b", {"space": [1, 2]})
    assert [(sweep.id, sweep.document) for sweep in store.sweeps()] == [("b", {"space": [1, 2]}), ("a", {"space": [3]})]
    points = [Point("b", "p2", {"rows": 2}), Point("b", "p1", {"rows": 1}), Point("a", "p1", {"rows": 1})]
    store.put_points(points)
    store.put_points(points)
    assert store.points("b") == [points[1], points[0]]
    assert store.points() == [points[2], points[1], points[0]]
    with pytest.raises(InputError, match=r"^Sweep b must keep its document, not \{'space': \[4\]\}$"):
        store.put_sweep("b", {"space": [4]})
    with pytest.raises(InputError, match=r"^Point p1 must keep its document, not \{'rows': 9\}$"):
        store.put_points([Point("b", "p3", {}), Point("b", "p1", {"rows": 9})])
    assert len(store.points()) == 3


@settings(max_examples=10)
@given(data=st.binary(max_size=2000))
def test_blobs_come_back(tmp_path_factory, data) -> None:
    sha = hashlib.sha256(data).hexdigest()
    with Store.open(tmp_path_factory.mktemp("store") / "s.db") as store:
        store.put_blob(sha, data)
        store.put_blob(sha, data)
        assert store.get_blob(sha) == data


def test_blobs_keep_to_their_name(store) -> None:
    with pytest.raises(InputError, match=r"^Blob must be named by its SHA-256, not 'abc'$"):
        store.put_blob("abc", b"data")
    with pytest.raises(InputError, match=rf"^Blob must be in the store {store.path}, not 'abc'$"):
        store.get_blob("abc")
    store._connection.execute("INSERT INTO blobs VALUES ('abc', x'00')")
    with pytest.raises(InputError, match=rf"^Blob must be whole in the store {store.path}, not 'abc'$"):
        store.get_blob("abc")


def test_numbers_that_json_has_not_are_refused(store) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        store.record(*ABOUT, {"area": float("nan")}, 1.0, "me")
    assert store.results([KEY]) == {}


# Files


def old_store(path, rows: int) -> None:
    """Make a store of version 1, as its program did, with results and a failure."""
    with sqlite3.connect(path) as connection:
        for statement in schema.STEPS[0]:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION}")
        connection.execute("PRAGMA user_version = 1")
        for row in range(rows):
            connection.execute("INSERT INTO tasks VALUES (?, 'm:f', 'p', ?)", (f"k{row}", json.dumps({"row": row})))
            connection.execute("INSERT INTO results VALUES (?, ?, 1.5, 1, 99.0)", (f"k{row}", json.dumps({"row": row})))
        connection.execute("INSERT INTO tasks VALUES ('bad', 'm:f', 'p', '{}')")
        connection.execute("INSERT INTO failures VALUES (1, 'bad', 'no tool', 0.5, 2, 98.0)")
    connection.close()


def tables(path) -> set[str]:
    connection = sqlite3.connect(path)
    found = {" ".join(sql.split()) for (sql,) in connection.execute("SELECT sql FROM sqlite_master WHERE sql NOT NULL")}
    connection.close()
    return found


@settings(max_examples=10)
@given(rows=st.integers(0, 5))
def test_version_1_is_migrated_with_all_that_it_holds(tmp_path_factory, rows) -> None:
    folder = tmp_path_factory.mktemp("store")
    old_store(folder / "old.db", rows)
    Store.open(folder / "new.db").close()
    with Store.open(folder / "old.db", create=False) as store:
        assert store.select("PRAGMA user_version") == [(schema.VERSION,)]
        found = store.results([*(f"k{row}" for row in range(rows)), "bad"])
        assert [found[f"k{row}"].result for row in range(rows)] == [{"row": row} for row in range(rows)]
        assert {result.worker for result in found.values()} == {""}
        assert (found["bad"].reason, found["bad"].attempts, found["bad"].finished) == ("no tool", 2, 98.0)
        store.record(*ABOUT, {}, 1.0, "me")
        assert store.results([KEY])[KEY].worker == "me"
    assert tables(folder / "old.db") == tables(folder / "new.db")


def test_a_migration_that_fails_changes_nothing(tmp_path, monkeypatch) -> None:
    old_store(tmp_path / "s.db", 3)
    before = (tmp_path / "s.db").read_bytes()
    steps = (*schema.STEPS[:1], (*schema.STEPS[1], "CREATE TABLE results (twice)"))
    with monkeypatch.context() as patched:
        patched.setattr(database, "STEPS", steps)
        assert line(tmp_path / "s.db").startswith("Store must be a file that can be read and written (table results")
    assert (tmp_path / "s.db").read_bytes() == before
    with Store.open(tmp_path / "s.db") as store:
        assert len(store.results(["k0", "k1", "k2"])) == 3


def newer(path) -> None:
    Store.open(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 3")
    connection.close()


def alien(path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE results (key)")
    connection.commit()
    connection.close()


IS_STORE = "Store must be a store of rtloom explore, not '{0}'"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (newer, "Store must be of version 2 or older, but {0} is of version 3: it needs a newer rtloom"),
        (alien, IS_STORE),
        (lambda path: path.write_bytes(b""), IS_STORE),
        (lambda path: path.write_bytes(b"space: {}\n" * 50), IS_STORE),
        (lambda path: path.write_bytes(b"SQLite format 3\0" + bytes(200)), IS_STORE),
    ],
    ids=["newer", "other SQLite", "empty", "text", "torn"],
)
def test_files_that_are_no_store_of_ours_are_left_to_the_byte(tmp_path, make, message) -> None:
    path = tmp_path / "s.db"
    make(path)
    before, names = path.read_bytes(), sorted(tmp_path.iterdir())
    assert line(path) == message.format(path)
    assert path.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == names


def test_places_where_no_store_can_be(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)  # long paths are cut in messages
    assert line(Path("s.db"), create=False) == "Store must be an existing file, not 's.db'"
    assert line(Path("no/s.db")) == "Store must be in an existing folder, not 'no/s.db'"
    assert line(Path()) == "Store must be a file, and a folder has its name, not '.'"
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_may_not_be_written(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("s.db")
    Store.open(path).close()
    path.chmod(0o444)
    # Root may write it all the same, so the system's answer is given here.
    monkeypatch.setattr(database.os, "access", lambda asked, _mode: asked != path)
    assert line(path) == f"Store must be a file that can be written, in a folder that can be written, not '{path}'"


def test_a_damaged_file(tmp_path) -> None:
    path = tmp_path / "s.db"
    Store.open(path).close()
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with Store.open(path) as store, pytest.raises(InputError, match=r"^Store must be whole \(.*\), not '.*s.db'$"):
        store.record(*ABOUT, {}, 1.0, "me")


def test_a_file_that_another_program_holds(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(database, "PATIENCE", 0.1)
    path = tmp_path / "s.db"
    message = "Store must be free to write within 0.1 seconds, but another program holds it, not '{0}'"
    with Store.open(path) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(InputError) as caught:
            store.record(*ABOUT, {}, 1.0, "me")
        assert str(caught.value) == message.format(path)
        # Those who only read are not held up.
        assert store.results([KEY]) == {}
        other.execute("ROLLBACK")
        other.close()
        store.record(*ABOUT, {}, 1.0, "me")


OPEN = """
import sys
from pathlib import Path
from rtloom.dse.store.store import Store
sys.stdin.readline()
with Store.open(Path(sys.argv[1])) as store:
    print(store.record("k", "m:f", "p", {}, {}, 1.0, "me"))
"""


def test_several_processes_begin_one_store_at_once(tmp_path) -> None:
    command = [sys.executable, "-c", OPEN, str(tmp_path / "s.db")]
    children = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    said = [child.communicate(timeout=60)[0].strip() for child in children]
    assert sorted(said) == ["False", "False", "True"]
    assert [path.name for path in tmp_path.iterdir()] == ["s.db"]


def test_others_read_while_one_writes(tmp_path) -> None:
    path, seen = tmp_path / "s.db", []
    Store.open(path).close()

    def read() -> None:
        with Store.open(path) as store:
            while len(seen) < 2 or seen[-1] < 200:
                seen.append(len(store.results(f"k{number}" for number in range(200))))

    reader = threading.Thread(target=read)
    reader.start()
    with Store.open(path) as store:
        for number in range(200):
            store.record(f"k{number}", "m:f", "p", {}, {}, 1.0, "me")
    reader.join(timeout=30)
    assert not reader.is_alive()
    assert seen == sorted(seen)


def test_time_of_results(store) -> None:
    before = time.time()
    store.record(*ABOUT, {}, 1.0, "me")
    assert before <= store.results([KEY])[KEY].finished <= time.time()


def test_a_second_look_in_one_process_gives_up_no_lock(tmp_path) -> None:
    """A file's locks are the process's: closing another handle of it, other than by SQLite, would end them all."""
    path = tmp_path / "s.db"
    with Store.open(path) as store:
        store.record(*ABOUT, {}, 1.0, "me")
        Store.open(path).close()
        child = [sys.executable, "-c", OPEN, str(path)]
        subprocess.run(child, input="go\n", text=True, check=True, capture_output=True)
        # Had the other process taken itself for the last one, it would have removed the log.
        assert (tmp_path / "s.db-wal").exists()
        store.record("other", *ABOUT[1:], {}, 1.0, "me")
    with Store.open(path) as store:
        assert set(store.results([KEY, "k", "other"])) == {KEY, "k", "other"}
