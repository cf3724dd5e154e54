"""The choice of the clock by itself, with place and route that answers what the test wants."""

import pytest

from rtloom.boards.catalogue import board
from rtloom.boards.flow import clock
from rtloom.boards.flow.clock import ROUNDS, Build, close_timing, fits_line
from rtloom.boards.flow.critical import CriticalPath, Step
from rtloom.boards.flow.place import Placed
from rtloom.boards.flow.synthesis import Synthesis
from rtloom.boards.pll.clocks import clocks
from rtloom.errors import CheckError

from .tiny import tiny_shell

pytest.importorskip("amaranth_boards")
PATH = CriticalPath((Step("routing", 40.0, "a", "design.v:3", ""), Step("setup", 1.0, "b.D", "", "")))


def close(monkeypatch, answers, **options):
    """Close timing where the runs of place and route reach these MHz in turn; also return the clocks that were made."""
    left, made = list(answers), []

    def place(target, netlist, design, seed, target_hz, *, time_limit):
        return Placed(seed, left.pop(0) * 1e6, {}, PATH, b"", "test", 0.0)

    def make(setting):
        made.append(float(setting.f_out) / 1e6)
        return Build(tiny_shell(8), "", Synthesis("", {}, {}, 0, "test", 0.0))

    monkeypatch.setattr(clock, "place", place)
    try:
        return close_timing(board("icebreaker"), make, **options), made
    finally:
        assert not left


def test_best_seed_sets_the_clock_and_comes_first(monkeypatch):
    closed, made = close(monkeypatch, [24.1, 26.3, 25.2, 26.3], seeds=(1, 2, 3))
    assert made == [30.0, 26.25]
    assert closed.placed.seed == 2
    assert [tried[1] for tried in closed.tries] == [1, 2, 3, 2]


def test_other_seeds_follow_where_the_best_falls_short(monkeypatch):
    closed, made = close(monkeypatch, [24.1, 26.3, 25.2, 26.2, 26.25], seeds=(1, 2, 3))
    assert made == [30.0, 26.25]
    assert closed.placed.seed == 3


def test_a_clock_that_no_seed_reaches_is_given_up_for_the_next_below(monkeypatch):
    closed, made = close(monkeypatch, [26.3, 25.0, 24.6, 24.9], seeds=(1,))
    assert made == [30.0, 26.25, 24.75, 24.375]
    assert closed.setting.f_out == 24.375e6


def test_ever_slower_results_end_in_an_error_with_the_path(monkeypatch):
    answers = [26.0 - n for n in range(ROUNDS + 1)]
    with pytest.raises(
        CheckError,
        match=r"^Design must reach 2\d(\.\d+)? MHz on icebreaker, but reaches 22.00 MHz: "
        r"critical path from a \(design.v:3\) through a \(design.v:3\) to b.D, 41.00 ns$",
    ):
        close(monkeypatch, answers, seeds=(1,))


def test_margin_keeps_part_free(monkeypatch):
    closed, made = close(monkeypatch, [30.0, 30.0], seeds=(1,), margin=0.1)
    assert made == [30.0, 27.0]
    assert closed.setting.f_out == 27e6
    with pytest.raises(
        CheckError, match=r"^Design must reach 24 MHz on icebreaker with a margin of 10%, but reaches 26"
    ):
        close(monkeypatch, [26.0], seeds=(1,), clock_hz=24e6, margin=0.1)


def test_an_asked_clock_is_tried_once_with_every_seed(monkeypatch):
    closed, made = close(monkeypatch, [23.0, 24.5], seeds=(4, 5), clock_hz=24.1e6)
    assert made == [24.0]
    assert closed.placed.seed == 5
    with pytest.raises(CheckError, match=r"but reaches 23.50 MHz: critical path"):
        close(monkeypatch, [23.0, 23.5], seeds=(4, 5), clock_hz=24.1e6)


def test_every_clock_that_can_be_chosen_suits_the_line():
    target = board("icebreaker")
    fit = [setting for setting in clocks(target) if fits_line(target, setting)]
    for setting in fit:
        cycles = float(setting.f_out) / target.baud
        assert round(cycles) >= 4
        assert abs(cycles / round(cycles) - 1) <= 0.02
    assert 3e6 not in {setting.f_out for setting in fit}
