"""Boards as data."""

import dataclasses
import sys

import pytest

from rtloom.boards.catalogue import BOARDS, board, boards
from rtloom.errors import InputError, ToolError

pytest.importorskip("amaranth_boards")


def test_boards_are_what_their_makers_say():
    known = boards()
    assert list(known) == list(BOARDS) == [found.name for found in known.values()]
    assert known["icebreaker"].pins == {"clk": "35", "rx": "6", "tx": "9", "led": "11"}
    assert known["ulx3s-85f"].pins == {"clk": "G2", "rx": "M1", "tx": "L4", "led": "B2"}
    assert known["tang-nano-9k"].pins == {"clk": "52", "rx": "18", "tx": "17", "led": "10"}
    assert [found.clock_hz for found in known.values()] == [12_000_000, 25_000_000, 25_000_000, 27_000_000]
    assert [found.part for found in known.values()] == [
        "ice40 up5k sg48",
        "ecp5 85k CABGA381 6",
        "ecp5 45k CABGA381 6",
        "gowin GW1NR-LV9QN88PC6/I5 GW1N-9C",
    ]


@pytest.mark.parametrize("name", BOARDS)
def test_board_is_complete(name):
    found = board(name)
    assert set(found.budget) >= {"LUT4", "FF", "DSP", "BRAM"}
    assert "{file}" in found.program
    assert found.sources
    assert found.to_dict()["pins"] == found.pins


def test_unknown_board():
    with pytest.raises(
        InputError,
        match=r"^Board must be one of icebreaker, ulx3s-85f, colorlight-i9, tang-nano-9k, not 'de10'$",
    ):
        board("de10")


def test_package_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "amaranth_boards.icebreaker", None)
    with pytest.raises(ToolError, match=r"^amaranth_boards\S* must be installed: pip install rtloom\[boards\]$"):
        board("icebreaker")


def test_a_board_with_bad_data_is_refused():
    good = board("icebreaker")
    with pytest.raises(InputError, match=r"^FPGA of board icebreaker must be one of ice40, ecp5, gowin, not 'max10'$"):
        dataclasses.replace(good, fpga="max10")
    with pytest.raises(InputError, match=r"^Pins of board icebreaker must be clk, rx, tx, led, not \['clk'\]$"):
        dataclasses.replace(good, pins={"clk": "1"})
