"""The manifest: what is written is read back; every damage is one clear line."""

import copy
import json
import re
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtloom.errors import InputError
from rtloom.hdl.formats import Integer
from rtloom.hdl.manifest import BoundStream, Manifest, Reset, stream_signals
from rtloom.hdl.ports import Field, StreamPort

IN = StreamPort("a", "in", (Field("data", Integer(8), 4, "lane r: row r"),), last=True, doc="operands")
OUT = StreamPort("c", "out", (Field("data", Integer(32), 2), Field("id", Integer(3, is_signed=False), 1)), last=False)
MANIFEST = Manifest(
    rtloom="0.1.0",
    name="toy-4",
    top="toy_4",
    family="toy",
    params={"lanes": 4, "bits": None},
    digest="0123456789abcdef",
    interface="axi",
    clock="aclk",
    reset=Reset("aresetn", active_low=True),
    streams=tuple(BoundStream(port, stream_signals(port, "axi")) for port in (IN, OUT)),
    timing={"latency": 3},
    modules={"toy_4": "toy.Toy(4)"},
    tools={"pyosys": "0.70"},
    files=("toy_4.v", "toy_4.json"),
)


def test_json_is_what_users_are_promised():
    content = json.loads(MANIFEST.to_json())
    assert list(content) == [
        "rtloom",
        "schema",
        "name",
        "top",
        "family",
        "params",
        "digest",
        "interface",
        "clock",
        "reset",
        "streams",
        "timing",
        "modules",
        "tools",
        "files",
    ]
    assert content["schema"] == 1
    assert content["reset"] == {"name": "aresetn", "active_low": True}
    assert content["streams"][0] == {
        "name": "a",
        "direction": "in",
        "fields": [{"name": "data", "format": "int8", "lanes": 4, "offset": 0, "doc": "lane r: row r"}],
        "last": True,
        "doc": "operands",
        "signals": {
            "valid": "s_axis_a_tvalid",
            "ready": "s_axis_a_tready",
            "data": "s_axis_a_tdata",
            "last": "s_axis_a_tlast",
        },
    }
    assert content["streams"][1]["signals"]["last"] is None
    assert content["streams"][1]["fields"][1]["offset"] == 64


def test_round_trip(tmp_path):
    path = tmp_path / "toy.json"
    MANIFEST.save(path)
    assert Manifest.load(path) == MANIFEST
    assert Manifest.load(str(path)).to_json() == path.read_text() == MANIFEST.to_json()
    assert [entry.name for entry in tmp_path.iterdir()] == ["toy.json"]


def test_names_of_the_plain_interface():
    signals = stream_signals(IN, "stream")
    assert (signals.valid, signals.ready, signals.data, signals.last) == ("a_valid", "a_ready", "a_data", "a_last")


def test_unwritable_file(tmp_path):
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "toy.json"
    with pytest.raises(
        InputError, match=r"^Manifest must be a file that can be written \(not a directory\), not '.*'$"
    ):
        MANIFEST.save(path)


def test_missing_file(tmp_path):
    path = tmp_path / "none.json"
    rule = r"^Manifest must be a file that can be read \(No such file or directory\), not '.*none.json'$"
    with pytest.raises(InputError, match=rule):
        Manifest.load(path)


@pytest.mark.parametrize("content", [b"", b"{", b"module x;", b"\xff\xfe\x00"])
def test_not_json(tmp_path, content):
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"^Manifest must be a JSON file, not {re.escape(repr(str(path)))}$"):
        Manifest.load(path)


BAD = [
    ([], "Manifest {} must hold a JSON object, not []"),
    ({"schema": 2}, "Manifest {} schema must be 1, not 2"),
    ({"interface": "wishbone"}, "Manifest {} interface must be axi or stream, not 'wishbone'"),
    ({"top": 3}, "Manifest {} top must be text, not 3"),
    ({"params": []}, "Manifest {} params must be an object, not []"),
    ({"timing": "fast"}, "Manifest {} timing must be an object, not 'fast'"),
    ({"streams": {}}, "Manifest {} streams must be a list, not {{}}"),
    ({"reset": {"name": "rst"}}, "Manifest {} reset must have a name and active_low, not {{'name': 'rst'}}"),
    ({"reset": "rst"}, "Manifest {} reset must be an object, not 'rst'"),
    ({"streams": [{}]}, "Manifest {} stream 0 must have the key 'signals', which is missing"),
    (
        {"streams": [3]},
        "Manifest {} stream 0 must be described by objects, lists and texts as rtloom writes them, not 3",
    ),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_wrong_content(tmp_path, change, message):
    content = json.loads(MANIFEST.to_json())
    path = tmp_path / "x.json"
    path.write_text(json.dumps(change if isinstance(change, list) else content | change))
    with pytest.raises(InputError, match=f"^{re.escape(message.format(path))}$"):
        Manifest.load(path)


@pytest.mark.parametrize("key", ["schema", "top", "family", "params", "clock", "reset", "streams", "interface"])
def test_missing_key(key):
    content = json.loads(MANIFEST.to_json())
    del content[key]
    with pytest.raises(InputError, match=f"^Manifest must have the key '{key}', which is missing$"):
        Manifest.from_dict(content)


@pytest.mark.parametrize("key", ["timing", "modules", "tools", "files"])
def test_what_nothing_needs_may_be_missing(key):
    content = json.loads(MANIFEST.to_json())
    del content[key]
    empty = () if key == "files" else {}
    assert Manifest.from_dict(content) == replace(MANIFEST, **{key: empty})


def paths(value, at=()):
    """Yield the place of every value inside."""
    yield at
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from paths(inner, (*at, key))


PATHS = [path for path in paths(json.loads(MANIFEST.to_json())) if path]
JUNK = st.sampled_from([None, True, -1, 1.5, "", "x", [], [[]], {}, {"a": 1}])


@given(st.sampled_from(PATHS), JUNK)
def test_any_damage_is_one_line_or_harmless(path, junk):
    content = copy.deepcopy(json.loads(MANIFEST.to_json()))
    place = content
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = junk
    message = ""
    try:
        Manifest.from_dict(content)
    except InputError as error:
        message = str(error)
    assert "\n" not in message
    assert message == "" or message.startswith("Manifest ")


def test_needs_no_hardware_library():
    code = "import rtloom.hdl.manifest, sys; print('amaranth' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
