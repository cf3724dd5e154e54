"""Does a design fit its board? Asked before synthesis where it is plain, and exactly before place and route."""

from collections import Counter
from collections.abc import Mapping

from ...errors import InputError, must
from ...hdl.netlist import Netlist
from ...hdl.synth_targets import FPGAS
from ..board import Board
from .multipliers import Outline, blocks, keep_soft, usable_dsp

__all__ = ["check_outline", "check_room", "room_needed"]

# Carry cells take the LUTs beside them (ECP5: CCU2C is two, Gowin: ALU is one); iCE40 has them beyond its LUTs.
_LUTS_OF = {
    "ice40": {"LUT4": 1},
    "ecp5": {"LUT4": 1, "carry": 2, "LUT RAM": 6},
    "gowin": {"LUT4": 1, "carry": 1, "LUT RAM": 4},
}
# Pins of iCE40's LUTs and flip-flops that drive; nets that other cells drive are none of a LUT's.
_OUTPUTS = ("O", "Q")
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


def check_room(board: Board, room: Mapping[str, int]) -> None:
    """Refuse a mapped design that needs more room than the board has.

    Raises
    ------
    InputError
        Names the first resource that is short.
    """
    for resource, count in room.items():
        if count > board.budget[resource]:
            raise _short(board, resource, count)


def room_needed(board: Board, netlist: Netlist) -> dict[str, int]:
    """Return how much of the board's resources a mapped netlist takes at least."""
    counts = FPGAS[board.fpga].count(netlist.cells())
    found = {name: counts.get(name, 0) for name in board.budget}
    found["LUT4"] = sum(weight * counts.get(name, 0) for name, weight in _LUTS_OF[board.fpga].items())
    if board.fpga == "ice40":
        found["LUT4"] += _lone_registers(netlist)
    return found


def _lone_registers(netlist: Netlist) -> int:
    """Return the flip-flops of iCE40 that share a logic cell with no LUT: only one that feeds nothing else moves in."""
    drivers: dict[object, str] = {}
    readers: Counter[object] = Counter()
    registers = []
    for cell in netlist.modules[netlist.top].instances:
        if cell.type == "SB_LUT4":
            drivers[cell.pins["O"][0]] = cell.name
        if cell.type.startswith("SB_DFF"):
            registers.append(cell.pins["D"][0])
        readers.update(net for pin, nets in cell.pins.items() if pin not in _OUTPUTS for net in nets)
    return sum(net not in drivers or readers[net] > 1 for net in registers)


def _short(board: Board, resource: str, count: int, about: str = "") -> InputError:
    """Return the error that names what is short."""
    return must(f"Board {board.name}", f"have room for {about}{count} {resource}", board.budget[resource])
