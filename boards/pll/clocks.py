"""The clocks of a board: all settings of its FPGA, and the fastest below a limit."""

from collections.abc import Callable

from ..board import Board
from . import ecp5, gowin, ice40
from .setting import Setting, best

__all__ = ["best_clock", "clocks"]

_FPGAS = {"ice40": ice40.settings, "ecp5": ecp5.settings, "gowin": gowin.settings}


def clocks(board: Board) -> list[Setting]:
    """Return every clock that the board can have."""
    return list(_FPGAS[board.fpga](board.clock_hz))


def best_clock(board: Board, at_most: float, fits: Callable[[Setting], bool] | None = None) -> Setting:
    """Return the board's fastest clock of at most `at_most` Hz for which `fits` holds.

    Raises
    ------
    CheckError
        Where it has none.
    """
    return best(clocks(board), at_most, fits, f"Board {board.name}")
