"""Does a design fit its board? Asked before synthesis where it is plain, and exactly before place and route."""

from collections.abc import Mapping

from ...errors import InputError, must
from ..board import Board
from .multipliers import Outline, blocks, keep_soft, usable_dsp

__all__ = ["check_counts", "check_outline", "room_needed"]

# Carry cells take the LUTs beside them (ECP5: CCU2C is two, Gowin: ALU is one); iCE40 has them beyond its LUTs.
_LUTS_OF = {
    "ice40": {"LUT4": 1},
    "ecp5": {"LUT4": 1, "carry": 2, "LUT RAM": 6},
    "gowin": {"LUT4": 1, "carry": 1, "LUT RAM": 4},
}
# Synthesis may still find registers that never change; more than a third of them was never seen.
_CERTAIN = 1.5


def check_outline(board: Board, found: Outline) -> None:
    """Refuse a design that is far too large, before it is mapped.

    Raises
    ------
    InputError
        Where its registers, or its multipliers in LUTs at one LUT for two products of bits, exceed the board by far.
    """
    soft = set(keep_soft(board.fpga, found.multipliers, usable_dsp(board)))
    products = sum(m.a * m.b for m in found.multipliers if m.cell in soft and blocks(board.fpga, m)) // 2
    for resource, count in (("FF", found.registers), ("LUT4", products)):
        if count > _CERTAIN * board.budget[resource]:
            raise _short(board, resource, count, "about ")


def check_counts(board: Board, counts: Mapping[str, int]) -> None:
    """Refuse a mapped design that exceeds the board.

    Raises
    ------
    InputError
        Names the first resource that is short.
    """
    for resource, count in room_needed(board, counts).items():
        if count > board.budget[resource]:
            raise _short(board, resource, count)


def room_needed(board: Board, counts: Mapping[str, int]) -> dict[str, int]:
    """Return how much of the board's resources the counts of synthesis take, a lower bound."""
    found = {name: counts.get(name, 0) for name in board.budget}
    found["LUT4"] = sum(weight * counts.get(name, 0) for name, weight in _LUTS_OF[board.fpga].items())
    return found


def _short(board: Board, resource: str, count: int, about: str = "") -> InputError:
    """Return the error that names what is short."""
    return must(f"Board {board.name}", f"have room for {about}{count} {resource}", board.budget[resource])
