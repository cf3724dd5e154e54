"""The clock of a bitstream: chosen from what place and route measures, and never above it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...errors import CheckError, InputError, must
from ...hdl.emit import Verilog
from ..board import Board
from ..pll.clocks import best_clock
from ..pll.setting import Setting
from ..shell.params import clocks_per_bit
from .place import Placed, place
from .synthesis import Synthesis

__all__ = ["Build", "Closed", "close_timing", "fits_line"]

# What the tool is to reach where no clock is asked for: more than designs do, so that it keeps trying.
_TARGET = {"ice40": 60e6, "ecp5": 160e6, "gowin": 120e6}
LEAST_CYCLES = 8
"""Clock cycles of a bit on a real line: the receiver's sample may be a cycle off, and the other end's clock as well."""
ROUNDS = 4
"""Clocks that are tried after the first measurement."""


@dataclass(frozen=True)
class Build:
    """A design made for one clock: its Verilog, the top's, and the netlist."""

    design: Verilog
    top: str
    synthesis: Synthesis


@dataclass(frozen=True)
class Closed:
    """A design whose clock holds.

    Parameters
    ----------
    setting
        The clock.
    build, placed
        What was made for it.
    tries
        All that was placed: clock in Hz, seed, highest frequency in Hz.
    """

    setting: Setting
    build: Build
    placed: Placed
    tries: tuple[tuple[float, int, float], ...]


class _Attempts:
    """Places builds and remembers what came of it."""

    def __init__(self, board: Board, target_hz: float, time_limit: float, tell: Callable[[str], None]) -> None:
        self.board, self.target_hz, self.time_limit, self.tell = board, target_hz, time_limit, tell
        self.all: list[tuple[float, int, float]] = []

    def place(self, build: Build, setting: Setting, seed: int) -> Placed:
        """Place one build with one seed."""
        self.tell(f"place and route for {setting.mhz}, seed {seed}")
        netlist = build.synthesis.netlist
        placed = place(self.board, netlist, build.design, seed, self.target_hz, time_limit=self.time_limit)
        self.all.append((float(setting.f_out), seed, placed.fmax_hz))
        return placed


def fits_line(board: Board, setting: Setting) -> bool:
    """Tell whether the board's serial line can run from a clock."""
    try:
        return clocks_per_bit(float(setting.f_out), board.baud) >= LEAST_CYCLES
    except InputError:
        return False


def close_timing(
    board: Board,
    make: Callable[[Setting], Build],
    *,
    seeds: Sequence[int] = (1, 2, 3),
    clock_hz: float | None = None,
    margin: float = 0.0,
    time_limit: float = 3600.0,
    tell: Callable[[str], None] = lambda _: None,
) -> Closed:
    """Choose the clock of a design, and place it so that the clock holds.

    Without `clock_hz` the design is placed with every seed; the board's best clock below the best of these is chosen,
    the design made anew for it, as the serial line counts its cycles, and placed until a seed holds; if none does, the
    next clock below what they reached is tried.

    Parameters
    ----------
    board
        The board.
    make
        Makes design, top and netlist for a clock.
    seeds
        Of place and route, in order.
    clock_hz
        The clock wanted: the board's best that is not above it.
    margin
        Part of the highest frequency that is kept free, 0 to less than 1.
    time_limit
        Seconds for each run of place and route.
    tell
        Told each step.

    Raises
    ------
    CheckError
        Where no seed reaches the clock: names the critical path.
    InputError
        Where seeds, clock or margin break a rule, or the design does not fit the board.
    ToolError
        Where a tool is missing or fails.
    """
    _check(seeds, clock_hz, margin, time_limit)
    attempts = _Attempts(board, max(_TARGET[board.fpga], (clock_hz or 0.0) / (1 - margin)), time_limit, tell)
    ceiling, order = clock_hz, list(seeds)
    if ceiling is None:
        first = best_clock(board, _TARGET[board.fpga] / 2, lambda found: fits_line(board, found))
        build = make(first)
        placed = [attempts.place(build, first, seed) for seed in seeds]
        order.sort(key=lambda seed: -placed[list(seeds).index(seed)].fmax_hz)
        ceiling = max(found.fmax_hz for found in placed) * (1 - margin)
    for _ in range(ROUNDS if clock_hz is None else 1):
        setting = best_clock(board, ceiling, lambda found: fits_line(board, found))
        build, best = make(setting), None
        for seed in order:
            found = attempts.place(build, setting, seed)
            if found.fmax_hz * (1 - margin) >= setting.f_out:
                return Closed(setting, build, found, tuple(attempts.all))
            best = found if best is None or found.fmax_hz > best.fmax_hz else best
        ceiling = best.fmax_hz * (1 - margin) if best else 0.0
    raise _missed(board, setting, best, margin)


def _check(seeds: Sequence[int], clock_hz: float | None, margin: float, time_limit: float) -> None:
    """Check what a user can set."""
    if not seeds or len(set(seeds)) != len(seeds) or min(seeds) < 1 or max(seeds) >= 1 << 31:
        raise must("Seeds", "be different integers from 1 to 2147483647", list(seeds))
    if clock_hz is not None and not 0 < clock_hz < 1e9:
        raise must("Clock", "be above 0 and below 1000 MHz", clock_hz / 1e6)
    if not 0 <= margin < 1:
        raise must("Margin", "be from 0 to less than 1", margin)
    if not 0 < time_limit <= 1e6:
        raise must("Time limit", "be above 0 and at most 1000000 seconds", time_limit)


def _missed(board: Board, setting: Setting, best: Placed | None, margin: float) -> CheckError:
    """Return the error that names what is too slow."""
    if best is None:
        return CheckError(f"Board {board.name} must reach {setting.mhz}, but nothing was placed")
    with_margin = f" with a margin of {margin:.0%}" if margin else ""
    return CheckError(
        f"Design must reach {setting.mhz} on {board.name}{with_margin}, but reaches {best.fmax_hz / 1e6:.2f} MHz: "
        f"critical path {best.path}"
    )
