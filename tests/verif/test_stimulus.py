"""Data and stall patterns: members of the format only, reproducible, each doing what its name says."""

import numpy as np
import pytest

from rtloom.errors import InputError
from rtloom.hdl.formats import parse_format
from rtloom.hdl.ports import Field, StreamPort
from rtloom.verif import stimulus

FORMATS = ["int2", "int8", "int16", "uint1", "uint4", "uint16", "ternary", "bipolar"]
PORTS = (
    StreamPort("a", "in", (Field("data", parse_format("int8"), 4),)),
    StreamPort("b", "in", (Field("data", parse_format("uint3"), 2),), last=False),
    StreamPort("c", "out", (Field("data", parse_format("int16"), 4),)),
)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("pattern", stimulus.DATA_PATTERNS)
def test_every_pattern_gives_members_and_is_reproducible(pattern: str, name: str) -> None:
    form = parse_format(name)
    first, again = (stimulus.values(pattern, form, (9, 5), stimulus.rng_for(7, pattern)) for _ in range(2))
    assert first.shape == (9, 5)
    assert first.dtype == np.int64
    assert form.contains(first).all()
    np.testing.assert_array_equal(first, again)


def test_patterns_are_what_they_are_called() -> None:
    int8, rng = parse_format("int8"), np.random.default_rng(0)
    assert stimulus.values("alternating", int8, (2, 2), rng).tolist() == [[-128, 127], [127, -128]]
    assert stimulus.values("one_hot", int8, (3, 3), rng).tolist() == (127 * np.eye(3, dtype=int)).tolist()
    assert set(stimulus.values("corners", int8, (99,), rng).tolist()) == {-128, -127, -1, 0, 1, 126, 127}
    assert np.unique(stimulus.values("ramp", int8, (256,), rng)).size == 256
    assert set(stimulus.values("minimum", int8, (4,), rng).tolist()) == {-128}


def test_beats_fill_every_field_and_mark_the_last() -> None:
    made = stimulus.beats("random", PORTS[0], 5, np.random.default_rng(0))
    assert made["data"].shape == (5, 4)
    assert made["last"].tolist() == [False] * 4 + [True]
    assert "last" not in stimulus.beats("random", PORTS[1], 5, np.random.default_rng(0))


@pytest.mark.parametrize("pattern", stimulus.STALL_PATTERNS)
def test_stall_patterns_are_seeded_and_never_hang(pattern: str) -> None:
    for seed in range(5):
        first, again = stimulus.stalls(pattern, PORTS, seed), stimulus.stalls(pattern, PORTS, seed)
        assert first.keys() == again.keys()
        for name, go in first.items():
            assert go.any()
            assert not go.all()
            np.testing.assert_array_equal(go, again[name])


def test_stall_patterns_hold_the_sides_that_they_name() -> None:
    assert set(stimulus.stalls("idle", PORTS, 0)) == {"a", "b"}
    assert set(stimulus.stalls("back_pressure", PORTS, 0)) == {"c"}
    assert set(stimulus.stalls("slow_input", PORTS, 0)) == {"a"}
    assert set(stimulus.stalls("slow_input", PORTS, 1)) == {"b"}
    assert not stimulus.stalls("none", PORTS, 0)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(InputError, match=r"^Data pattern must be one of random, corners, .*, sparse, not 'noise'$"):
        stimulus.values("noise", parse_format("int8"), (1,), np.random.default_rng(0))
    with pytest.raises(InputError, match=r"^Stall pattern must be one of none, idle, .*, slow_input, not 'never'$"):
        stimulus.stalls("never", PORTS, 0)
