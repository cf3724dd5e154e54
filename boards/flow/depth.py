"""How deep a mapped design is before it is placed: levels of its longest path, by what each kind of cell takes."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...errors import CheckError
from ...hdl.netlist import Bit, Instance, Netlist
from .top import TOP

__all__ = ["ENDS", "levels"]

CARRY = 0.1
"""Levels of a bit of a carry chain: it needs no wire between cells."""
DSP = 4.0
"""Levels of a multiplier without registers."""
ENDS = 1.0
"""Levels of leaving one register and reaching the next."""
MEMORY = 4.5
"""Levels that a block RAM of ECP5 takes more than a register does until its word is there: 5.8 ns, not 0.5."""


@dataclass(frozen=True)
class _Cell:
    """A kind of cell: its outputs, pins of its carry chain, and pins that only its clock looks at."""

    pattern: str
    outputs: str
    levels: float = 1.0
    carry_in: str = ""
    carry_out: str = ""
    clocked: str = "CLK"


_MAC16 = "CLK|CE|[ABCDO](HOLD|RST).*|IRST.*"
_MULT = r"(CLK|CE|RST|RESET)\d?"
_CELLS = {
    "ice40": (
        _Cell("SB_LUT4", "O"),
        _Cell("SB_CARRY", "CO", CARRY, "CI", "CO"),
        _Cell("SB_MAC16", "O|ACCUMCO|CO|SIGNEXTOUT", DSP, clocked=_MAC16),
    ),
    "ecp5": (
        _Cell("LUT4", "Z"),
        _Cell("PFUMX|L6MUX21", "Z", CARRY),
        _Cell("CCU2C", "S0|S1|COUT", 1.0, "CIN", "COUT"),
        _Cell("MULT18X18D", r"P\d+", DSP, clocked=_MULT),
        _Cell("TRELLIS_DPR16X4", "DO", clocked="WCK|WRE|WAD|DI"),
    ),
    "gowin": (
        _Cell("LUT[1-4]", "F"),
        _Cell("MUX2_LUT[5-8]", "O", CARRY),
        _Cell("ALU", "SUM|COUT", 1.0, "CIN", "COUT"),
        _Cell(r"MULT\d+X\d+", "DOUT", DSP, clocked=_MULT),
        _Cell("RAM16SDP4", "DO", clocked="CLK|WRE|WAD|DI"),
    ),
}
"""Cells that signals run through, by family; all others begin and end paths."""
_SLOW = {"ecp5": _Cell("DP16KD", r"DO[AB]\d+", MEMORY)}
"""Cells that begin paths later than registers do."""


def levels(fpga: str, netlist: str) -> float:
    """Return the levels of the longest path between registers, `ENDS` included.

    A LUT with the wires to it is one level; bits of carry chains and multipliers count as the constants here say.

    Parameters
    ----------
    fpga
        Family.
    netlist
        Mapped and flat, as Yosys writes JSON.

    Raises
    ------
    CheckError
        Where there is a combinational loop.
    """
    cells = Netlist(json.loads(netlist), TOP).modules[TOP].instances
    arcs: dict[int, list[tuple[int, float]]] = defaultdict(list)
    waits: dict[int, int] = defaultdict(int)
    for source, target, taken in _arcs(fpga, cells):
        arcs[source].append((target, taken))
        waits[target] += 1
    return ENDS + _longest(arcs, waits)


def _longest(arcs: dict[int, list[tuple[int, float]]], waits: dict[int, int]) -> float:
    """Return the longest path in levels."""
    deep: dict[int, float] = defaultdict(float)
    ready = [bit for bit in arcs if not waits[bit]]
    while ready:
        bit = ready.pop()
        for target, taken in arcs.get(bit, ()):
            deep[target] = max(deep[target], deep[bit] + taken)
            waits[target] -= 1
            if not waits[target]:
                ready.append(target)
    if any(waits.values()):
        raise CheckError("Design must be free of combinational loops, but has one")
    return max(deep.values(), default=0.0)


def _arcs(fpga: str, cells: Sequence[Instance]) -> Iterator[tuple[int, int, float]]:
    """Give each way through a cell: net, net, levels."""
    slow = _SLOW.get(fpga)
    for number, cell in enumerate(cells):
        if slow and slow.pattern == cell.type:
            driven = [bit for pin, bits in cell.pins.items() if re.fullmatch(slow.outputs, pin) for bit in bits]
            yield from _between([-1 - number], driven, slow.levels)
        kind = next((kind for kind in _CELLS[fpga] if re.fullmatch(kind.pattern, cell.type)), None)
        if kind is None:
            continue
        given = {pin: re.fullmatch(kind.outputs, pin) is not None for pin in cell.pins}
        read = {pin: bits for pin, bits in cell.pins.items() if not given[pin] and not re.fullmatch(kind.clocked, pin)}
        if _registered(cell):
            # what comes is multiplied and then kept: the way ends inside
            yield from (
                (bit, -1 - number, kind.levels) for bits in read.values() for bit in bits if isinstance(bit, int)
            )
            continue
        for pin, bits in read.items():
            for out in (out for out in cell.pins if given[out] and (pin, out) not in _NO_WAYS):
                taken = CARRY if (pin, out) == (kind.carry_in, kind.carry_out) else kind.levels
                yield from _between(bits, cell.pins[out], taken)


def _between(bits: Sequence[Bit], driven: Sequence[Bit], taken: float) -> Iterator[tuple[int, int, float]]:
    """Give the ways from each net to each other."""
    yield from ((a, b, taken) for a in bits for b in driven if isinstance(a, int) and isinstance(b, int))


def _registered(cell: Instance) -> bool:
    """Tell whether a multiplier keeps its product, or its factors, in registers of its own."""
    names = ("A_REG", "B_REG", "TOP_8x8_MULT_REG", "BOT_8x8_MULT_REG")
    chosen = [int(str(cell.parameters.get(name, "0")), 2) for name in names]
    return any(chosen) or int(str(cell.parameters.get("TOPOUTPUT_SELECT", "0")), 2) == 1


_NO_WAYS = {(f"{letter}1", "S0") for letter in "ABCD"}
"""Pins of a CCU2C of which one does not depend on the other: its second half, and the sum of its first."""
