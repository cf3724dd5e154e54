"""Stream ports: packing of fields and lanes into bytes and back, against big integers; the manifest's form."""

import json
import re

import numpy as np
import pytest
from amaranth.lib import stream, wiring
from hypothesis import given
from hypothesis import strategies as st

from rtloom.errors import InputError
from rtloom.hdl import ports
from rtloom.hdl.formats import BIPOLAR, TERNARY, Integer
from rtloom.hdl.ports import Field, StreamPort, bytes_for
from rtloom.hdl.signature import payload_layout, stream_members

formats = st.one_of(
    st.sampled_from([TERNARY, BIPOLAR, Integer(8), Integer(16, is_signed=False), Integer(32), Integer(64)]),
    st.builds(Integer, st.integers(1, 63), st.booleans()),
)
fields = st.lists(st.tuples(formats, st.integers(1, 5)), min_size=1, max_size=4).map(
    lambda parts: tuple(Field(f"f{i}", fmt, lanes) for i, (fmt, lanes) in enumerate(parts))
)
some_ports = st.builds(lambda f, last: StreamPort("a", "in", f, last), fields, st.booleans())


def random_beats(port: StreamPort, count: int, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        f.name: np.where(
            rng.random((count, f.lanes)) < 0.3,
            rng.choice(f.format.corners(), (count, f.lanes)),
            f.format.random(rng, (count, f.lanes)),
        )
        for f in port.fields
    }


@given(port=some_ports, count=st.integers(0, 9), seed=st.integers(0, 999))
def test_packing_puts_lane_0_of_the_first_field_lowest(port, count, seed) -> None:
    beats = random_beats(port, count, seed)
    packed = port.pack(beats)
    assert (packed.shape, packed.dtype) == ((count, port.nbytes), np.uint8)
    assert packed.flags.c_contiguous
    for n in range(count):
        word, at = 0, 0
        for f in port.fields:
            for value in beats[f.name][n].tolist():
                code = (value < 0) if f.format is BIPOLAR else value % (1 << f.format.bits)
                word |= int(code) << at
                at += f.format.bits
        assert at == port.width
        assert int.from_bytes(packed[n].tobytes(), "little") == word


@given(port=some_ports, count=st.integers(0, 9), seed=st.integers(0, 999))
def test_unpacking_is_the_way_back(port, count, seed) -> None:
    beats = random_beats(port, count, seed)
    back = port.unpack(port.pack(beats))
    assert list(back) == [f.name for f in port.fields]
    for name, values in beats.items():
        assert back[name].dtype == np.int64
        assert np.array_equal(back[name], values)


@pytest.mark.parametrize("fmt", [Integer(8), Integer(5), BIPOLAR], ids=str)
def test_long_streams_are_packed_in_chunks(fmt, monkeypatch) -> None:
    port = StreamPort("a", "in", (Field("x", fmt, 3), Field("y", fmt, 1)))
    beats = random_beats(port, 50, 3)
    whole = port.pack(beats)
    monkeypatch.setattr(ports, "_CHUNK", 7)
    assert np.array_equal(port.pack(beats), whole)
    back = port.unpack(whole)
    assert all(np.array_equal(back[name], beats[name]) for name in beats)


@pytest.mark.parametrize(
    ("fmt", "lanes"), [(TERNARY, 4), (BIPOLAR, 16), (Integer(4), 6), (Integer(1, is_signed=False), 8)], ids=str
)
def test_narrow_lanes_that_fill_bytes_are_packed_as_bits_are(fmt, lanes) -> None:
    port = StreamPort("a", "in", (Field("x", fmt, lanes), Field("y", Integer(24), 1)))
    ragged = StreamPort("a", "in", (*port.fields, Field("z", Integer(1, is_signed=False), 1)))
    beats = random_beats(port, 20, 5)
    packed = port.pack(beats)
    assert np.array_equal(packed, ragged.pack(beats | {"z": np.zeros((20, 1), dtype=np.int64)})[:, :-1])
    assert all(np.array_equal(port.unpack(packed)[name], beats[name]) for name in beats)


def test_padding_bits_are_zero_and_ignored() -> None:
    port = StreamPort("a", "in", (Field("x", Integer(3), 3),))
    packed = port.pack({"x": np.array([[-1, -1, -1]])})
    assert packed.tolist() == [[0xFF, 0x01]]
    assert port.unpack(packed | np.array([0, 0xFE], dtype=np.uint8))["x"].tolist() == [[-1, -1, -1]]


def test_packing_reads_any_integer_type_and_memory_order() -> None:
    port = StreamPort("a", "in", (Field("x", Integer(8), 2),))
    values = np.array([[1, -2], [3, -4]], dtype=np.int8)
    expected = [[1, 254], [3, 252]]
    assert port.pack({"x": values}).tolist() == expected
    assert port.pack({"x": np.asfortranarray(values)}).tolist() == expected
    assert port.pack({"x": values[::-1]}).tolist() == expected[::-1]


@given(port=some_ports)
def test_the_manifests_form_is_json_and_comes_back(port) -> None:
    raw = json.loads(json.dumps(port.to_dict()))
    assert StreamPort.from_dict(raw) == port
    offsets = [f["offset"] for f in raw["fields"]]
    assert offsets == [sum(f.width for f in port.fields[:i]) for i in range(len(port.fields))]


def test_a_format_that_does_not_exist_is_refused() -> None:
    raw = StreamPort("a", "in", (Field("x", Integer(8), 2),)).to_dict()
    raw["fields"][0]["format"] = "int99"
    message = "Manifest format must be int1 to int64, uint1 to uint63, ternary or bipolar, not 'int99'"
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        StreamPort.from_dict(raw)


@pytest.mark.parametrize(("bits", "count"), [(0, 0), (1, 1), (8, 1), (9, 2), (64, 8), (65, 9)])
def test_bytes_for_rounds_up(bits, count) -> None:
    assert bytes_for(bits) == count


@given(port=some_ports)
def test_the_payload_has_the_packed_bits_lowest(port) -> None:
    layout = payload_layout(port)
    assert layout.size == port.width + port.last
    at = 0
    for f in port.fields:
        assert (layout[f.name].offset, layout[f.name].width) == (at, f.width)
        at += f.width
    if port.last:
        assert layout["last"].offset == port.width


def test_members_have_the_ports_names_and_directions() -> None:
    both = (StreamPort("a", "in", (Field("x", Integer(8), 2),)), StreamPort("c", "out", (Field("y", Integer(4), 1),)))
    members = stream_members(both)
    assert {name: member.flow for name, member in members.items()} == {"a": wiring.In, "c": wiring.Out}
    assert members["c"].signature == stream.Signature(payload_layout(both[1]))
