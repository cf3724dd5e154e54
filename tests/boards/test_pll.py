"""Clocks: legal, never above what was asked, and nothing better by brute force."""

import itertools
import re
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtloom.boards.catalogue import board
from rtloom.boards.pll import ecp5, gowin, ice40
from rtloom.boards.pll.clocks import best_clock, clocks
from rtloom.boards.pll.setting import best
from rtloom.errors import CheckError

pytest.importorskip("amaranth_boards")
MHZ = 1_000_000


def ice40_frequencies(f_in):
    """Every frequency by the manual's formulas, written once more from the plain numbers."""
    found = {Fraction(f_in, 2**halvings) for halvings in range(3)}
    for divr, divf, divq, halvings in itertools.product(range(16), range(128), range(1, 7), range(3)):
        phase = Fraction(f_in, divr + 1)
        vco = phase * (divf + 1)
        if 10 <= phase / MHZ <= 133 and 533 <= vco / MHZ <= 1066 and 16 <= vco / 2**divq / MHZ <= 275:
            found.add(vco / 2 ** (divq + halvings))
    return found


def ecp5_frequencies(f_in):
    """As above; CLKI_DIV to 8 reaches below the slowest phase detector."""
    found = {Fraction(f_in)}
    for clki, clkfb, clkop in itertools.product(range(1, 9), range(1, 129), range(1, 129)):
        phase = Fraction(f_in, clki)
        vco = phase * clkfb * clkop
        if 10 <= phase / MHZ <= 400 and 400 <= vco / MHZ <= 800 and 3.125 <= phase * clkfb / MHZ <= 400:
            found |= {vco / clkos for clkos in range(1, 129) if 3.125 <= vco / clkos / MHZ <= 400}
    return found


def gowin_frequencies(f_in):
    found = {Fraction(f_in)}
    for idiv, fbdiv, odiv in itertools.product(range(1, 65), range(1, 65), (2, 4, 8, *range(16, 129, 16))):
        f_out = Fraction(f_in * fbdiv, idiv)
        if f_in / idiv >= 3 * MHZ and 3.125 <= f_out / MHZ <= 600 and 400 <= f_out * odiv / MHZ <= 1200:
            found.add(f_out)
    return found


CASES = {
    "icebreaker": ice40_frequencies(12 * MHZ),
    "ulx3s-85f": ecp5_frequencies(25 * MHZ),
    "tang-nano-9k": gowin_frequencies(27 * MHZ),
}
FOUND = {name: clocks(board(name)) for name in CASES}


@pytest.mark.parametrize("name", CASES)
def test_all_legal_frequencies_and_no_other(name):
    assert {setting.f_out for setting in FOUND[name]} == CASES[name]


@given(at_most=st.floats(3 * MHZ, 700 * MHZ), name=st.sampled_from(sorted(CASES)))
@settings(deadline=None, max_examples=60)
def test_best_is_never_above_and_nothing_is_better(at_most, name):
    allowed = [f for f in CASES[name] if f <= at_most]
    if not allowed:
        with pytest.raises(CheckError):
            best(FOUND[name], at_most)
        return
    assert best(FOUND[name], at_most).f_out == max(allowed)


@pytest.mark.parametrize(("name", "f_out"), [("icebreaker", 6 * MHZ), ("icebreaker", 12 * MHZ), ("ulx3s-85f", 25e6)])
def test_exact_frequencies_need_no_pll(name, f_out):
    setting = best_clock(board(name), f_out)
    assert setting.f_out == f_out
    assert setting.primitive == "pin"


def test_ice40_slow_clocks_are_halved_by_registers():
    setting = best_clock(board("icebreaker"), 15 * MHZ)
    assert setting.dividers["halvings"] == 1
    assert setting.f_out == 15 * MHZ
    assert "always @(posedge clk_full) half_1 <= ~half_1;" in setting.verilog
    assert best_clock(board("icebreaker"), 3.1 * MHZ).dividers == {"halvings": 2}


@pytest.mark.parametrize("name", CASES)
def test_verilog_holds_the_dividers_and_drives_clk_once(name):
    for setting in FOUND[name][:: max(1, len(FOUND[name]) // 200)]:
        for divider, value in setting.dividers.items():
            assert divider == "halvings" or re.search(rf"\.{divider}\((\d'd)?{value}\)", setting.verilog)
        assert len(re.findall(r"^  wire clk\b", setting.verilog, re.MULTILINE)) == 1


def test_icepll_agrees():
    """Its result for 12 MHz in and 48 MHz out."""
    known = {"DIVR": 0, "DIVF": 63, "DIVQ": 4, "FILTER_RANGE": 1}
    assert best_clock(board("icebreaker"), 48 * MHZ).dividers == known


def test_what_else_must_hold():
    setting = best_clock(board("icebreaker"), 30 * MHZ, lambda found: found.f_out % MHZ == 0)
    assert setting.f_out == 30 * MHZ
    assert best_clock(board("icebreaker"), 29.9 * MHZ, lambda found: found.f_out % (5 * MHZ) == 0).f_out == 15 * MHZ


def test_no_clock_slow_enough():
    with pytest.raises(
        CheckError,
        match=r"^Board icebreaker must have a clock of at most 2.5 MHz that the serial line allows, "
        r"and its slowest is 3 MHz$",
    ):
        best_clock(board("icebreaker"), 2.5 * MHZ)


@pytest.mark.parametrize("source", [ice40, ecp5, gowin])
def test_a_pin_outside_the_pll_gives_only_itself(source):
    assert {setting.primitive for setting in source.settings(1 * MHZ)} == {"pin"}
