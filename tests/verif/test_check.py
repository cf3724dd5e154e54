"""The message for a wrong result: every part of it, pinned."""

import re

import numpy as np
import pytest

from rtloom.errors import CheckError
from rtloom.hdl.formats import Integer, parse_format
from rtloom.hdl.ports import Field, StreamPort
from rtloom.verif.check import Context, compare
from rtloom.verif.places import Places, frames_of

RIGHT = np.arange(24).reshape(4, 6) * 7 - 50


def told(got: np.ndarray, expected: np.ndarray = RIGHT, **context: object) -> str:
    with pytest.raises(CheckError) as caught:
        compare(expected, got, context=Context(**context))
    return str(caught.value)


def changed(where: object, change: object) -> np.ndarray:
    got = RIGHT.copy()
    got[where] = change(got[where])
    return got


def places() -> Places:
    """Say where a 4 x 6 result travels, in two tiles of 4 columns, a beat each row, as an array of 4 x 4 gives it."""
    row, column = np.indices(RIGHT.shape)
    port = StreamPort("c", "out", (Field("data", Integer(16), 4),))
    zero = np.zeros_like(row)
    return Places((port,), zero, zero, row + 4 * (column // 4), column % 4)


FRAME = frames_of(places(), {"c": np.arange(8) % 4 == 3})


def test_equal_arrays_pass() -> None:
    compare(RIGHT, RIGHT.copy())


def test_shape() -> None:
    assert told(RIGHT[:3]) == "c must have shape (4, 6), not (3, 6)"


def test_first_element_by_index() -> None:
    got = changed((slice(1, 3), slice(2, 4)), lambda v: v * 3 + 1)
    assert told(got) == "c[1, 2] must be 6, not 19; 4 of 24 elements are wrong"


def test_first_element_by_time_with_beat_cycle_and_seed() -> None:
    got = changed(([0, 1], [5, 0]), lambda v: v * 3 + 1)
    cycles = {"c": np.arange(8) + 100}
    assert told(got, places=places(), frame=FRAME, cycles=cycles, seed=7) == (
        "c[1, 0] must be -8, not -23; 2 of 24 elements are wrong; beat 1 lane 0 of stream c, cycle 101; seed 7"
    )


HINTS = [
    (3, np.s_[:], {}, "all of them, each by +3"),
    (-RIGHT[2, 1:4], np.s_[2, 1:4], {}, "only at index 2 of axis 0, zero in their place"),
    ([5, 6], np.s_[3, 4:], {"frame": FRAME}, "only in tiles at the ragged edge"),
    ([[64, 128], [-64, 320]], np.s_[1:3, 0:2], {}, "each by a multiple of 2^6: a sum lost its upper bits"),
    ([[1, -1], [1, 1]], np.s_[1:3, 0:2], {}, "each by 1: rounding"),
    ([[5, 6], [9, 7]], np.s_[1:3, 0:2], {"frame": FRAME}, "only in the first tile"),
]


@pytest.mark.parametrize(("error", "where", "context", "words"), HINTS)
def test_hints(error: object, where: object, context: dict, words: str) -> None:
    got = RIGHT.copy()
    got[where] += error
    assert re.search(rf"elements are wrong, {re.escape(words)}$", told(got, **context))


def test_hint_after_the_first_tile() -> None:
    expected, frame = np.arange(8).reshape(2, 4), np.repeat([[0, 0, 1, 1]], 2, axis=0)
    got = expected.copy()
    got[0, 2], got[1, 3] = 10, 20
    assert told(got, expected, frame=frame).endswith("2 of 8 elements are wrong, only after the first tile")


def test_hints_about_clipping() -> None:
    int4 = parse_format("int4")
    expected = np.array([[-8, 7, 3], [2, 1, 7]])
    assert told(np.array([[0, -1, 3], [2, 1, 5]]), expected, form=int4).endswith("wherever the result must be clipped")
    assert told(np.array([[-8, 7, 7], [-8, 1, 7]]), expected, form=int4).endswith("clipped to -8 or 7")
