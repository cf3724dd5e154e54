"""The flat design before it is mapped: its registers, and which of its multipliers get DSP blocks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..board import Board

__all__ = ["Multiplier", "Outline", "blocks", "keep_soft", "outline", "usable_dsp"]

# Narrower factors and products stay in LUTs whatever there is (Yosys: DSP_A_MINWIDTH, DSP_Y_MINWIDTH of the family).
_LEAST_FACTOR = 2
_LEAST_PRODUCT = {"ice40": 11, "ecp5": 9, "gowin": 7}


@dataclass(frozen=True)
class Multiplier:
    """A multiplier: its cell, and the bits of both factors and of the product."""

    cell: str
    a: int
    b: int
    product: int


@dataclass(frozen=True)
class Outline:
    """What is known of a design before it is mapped.

    Parameters
    ----------
    registers
        Bits in flip-flops.
    multipliers
        In the order of their cells' names.
    """

    registers: int
    multipliers: tuple[Multiplier, ...]


def outline(netlist: Mapping[str, Any], top: str) -> Outline:
    """Read the outline of a flat netlist as Yosys writes it in JSON."""
    registers, multipliers = 0, []
    for name, cell in netlist["modules"][top]["cells"].items():
        sizes = cell["parameters"]
        if "dff" in cell["type"]:
            registers += _number(sizes["WIDTH"])
        elif cell["type"] == "$mul":
            a, b, product = (_number(sizes[f"{port}_WIDTH"]) for port in "ABY")
            multipliers.append(Multiplier(name, a, b, product))
    return Outline(registers, tuple(sorted(multipliers, key=lambda multiplier: multiplier.cell)))


def _number(bits: str) -> int:
    """Return a parameter's value, which Yosys writes in binary."""
    return int(bits, 2)


def usable_dsp(board: Board) -> int:
    """Return how many DSP blocks a design may use: none of Gowin's, whose delays nextpnr does not know.

    A clock chosen from paths that leave them out would be too fast for the board.
    """
    return 0 if board.fpga == "gowin" else board.budget["DSP"]


def blocks(fpga: str, multiplier: Multiplier) -> int:
    """Return how many DSP blocks a multiplier takes, which Yosys cuts into parts of a block's size."""
    width = 16 if fpga == "ice40" else 18
    parts = [
        (a, b) for a in _parts(multiplier.a, width) for b in _parts(multiplier.b, width) if min(a, b) >= _LEAST_FACTOR
    ]
    return sum(min(a + b, multiplier.product) >= _LEAST_PRODUCT[fpga] for a, b in parts)


def _parts(bits: int, width: int) -> list[int]:
    """Cut a factor into parts of at most `width` bits."""
    return [width] * (bits // width) + ([bits % width] if bits % width else [])


def keep_soft(fpga: str, multipliers: Sequence[Multiplier], dsp: int) -> list[str]:
    """Return the cells of the multipliers for which `dsp` blocks do not suffice: those that save least a block."""
    costs = [(multiplier, blocks(fpga, multiplier)) for multiplier in multipliers]
    costs = [(multiplier, cost) for multiplier, cost in costs if cost]
    soft, left = [], dsp
    for multiplier, cost in sorted(costs, key=lambda known: (-known[0].a * known[0].b / known[1], known[0].cell)):
        if cost > left:
            soft.append(multiplier.cell)
        else:
            left -= cost
    return soft
