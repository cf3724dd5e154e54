"""The flat design before it is mapped: its registers, and which of its multipliers get DSP blocks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from ..board import Board

__all__ = ["Multiplier", "Outline", "blocks", "keep_soft", "outline", "usable_dsp"]

# Narrower products stay in LUTs whatever there is (Yosys: DSP_Y_MINWIDTH of the family).
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
        Largest first.
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
    return Outline(registers, tuple(sorted(multipliers, key=lambda m: (-m.a * m.b, m.cell))))


def _number(bits: str) -> int:
    """Return a parameter's value, which Yosys writes in binary."""
    return int(bits, 2)


def usable_dsp(board: Board) -> int:
    """Return how many DSP blocks a design may use: none of Gowin's, whose delays nextpnr does not know.

    A clock chosen from paths that leave them out would be too fast for the board.
    """
    return 0 if board.fpga == "gowin" else board.budget["DSP"]


def blocks(fpga: str, multiplier: Multiplier) -> int:
    """Return how many DSP blocks a multiplier takes."""
    small, large = sorted((multiplier.a, multiplier.b))
    if multiplier.product < _LEAST_PRODUCT[fpga] or small < 2:
        return 0
    width = 16 if fpga == "ice40" else 18
    return ceil(small / width) * ceil(large / width)


def keep_soft(fpga: str, multipliers: Sequence[Multiplier], dsp: int) -> list[str]:
    """Return the cells of the multipliers for which `dsp` blocks do not suffice: the smallest ones go to LUTs."""
    soft, left = [], dsp
    for multiplier in multipliers:
        cost = blocks(fpga, multiplier)
        if cost > left:
            soft.append(multiplier.cell)
        else:
            left -= cost
    return soft
