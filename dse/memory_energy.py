"""Energy of memories from published tables: SRAM by size and word width, DRAM by type; beyond a table there is none."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from math import log2

from ..errors import must
from ..figures import Figure

__all__ = ["DRAMS", "SRAMS", "dram_energy", "sram_area", "sram_energy"]

KIB = 1024

IHP_SOURCE = "IHP SG13G2 RM_IHPSG13_1P macros, foundry liberty typ 1.20 V 25 C, 130 nm"
# bytes -> pJ of a read of 64 bits: internal power of the clock pin while memory and read enable are high
IHP_READ: Mapping[int, float] = {512: 39.1, 2 * KIB: 49.6, 4 * KIB: 68.9, 8 * KIB: 91.8, 16 * KIB: 122.4}
IHP_WRITE = 110.9 / 91.8  # a write over a read, of the macro of 8 KiB
IHP_WIDTH = 64
IHP_AREA = 263946.1408  # um^2 of RM_IHPSG13_1P_1024x64, 8 KiB, from the same liberty
IHP_BYTES = 8 * KIB

HOROWITZ_SOURCE = "Horowitz, ISSCC 2014, 45 nm 0.9 V, as coded in QKeras qtools/config_public.py (sram_rd)"
# pJ a bit, a polynomial in log2 of the memory's bits; 64-bit words of 8 KiB, 32 KiB and 1 MiB: 10, 20, 100
HOROWITZ = (9.02427321e-04, -2.68847858e-02, 2.08900804e-01, 0.0)
HOROWITZ_BYTES = (8 * KIB, 1024 * KIB)

SRAMS = ("sg13g2", "horowitz")
"""Tables of SRAMs."""


@dataclass(frozen=True)
class Dram:
    """A type of DRAM: picojoules a bit, reads and writes alike, and the source."""

    energy: float
    source: str


ACCELERGY = "Accelergy CACTI plug-in, cacti_wrapper.py"
DRAMS: Mapping[str, Dram] = {
    "LPDDR4": Dram(8.0, f"{ACCELERGY} (public data)"),
    "LPDDR": Dram(40.0, f"{ACCELERGY} (Malladi et al., ISCA 2012)"),
    "DDR3": Dram(70.0, f"{ACCELERGY} (Chatterjee et al., MICRO 2017)"),
    "GDDR5": Dram(14.0, ACCELERGY),
    "HBM2": Dram(3.9, ACCELERGY),
    "HMC": Dram(4.2, ACCELERGY),
    "horowitz": Dram(20.3125, "Horowitz, ISSCC 2014, as coded in QKeras qtools/config_public.py (dram_rd)"),
}
"""Types of DRAM by name."""


def sram_energy(size: int, width: int, access: str = "read", table: str = "sg13g2") -> Figure:
    """Return the energy of one access to an SRAM in picojoules.

    Parameters
    ----------
    size
        Bytes. ``sg13g2``: 512 to 16384, linear between the foundry's macros; ``horowitz``: 8192 to 1048576.
    width
        Bits of a word. ``sg13g2``: 64; ``horowitz``: any number, since it counts by the bit.
    access
        ``read`` or ``write``. ``sg13g2`` knows a write at 8 KiB, and takes its ratio for all sizes; ``horowitz`` knows
        reads alone.
    table
        ``sg13g2`` (130 nm, 1.2 V) or ``horowitz`` (45 nm).

    Raises
    ------
    InputError
        The table does not hold such a memory.
    """
    if table not in SRAMS:
        raise must("SRAM table", f"be one of {', '.join(SRAMS)}", table)
    if access not in ("read", "write"):
        raise must("SRAM access", "be read or write", access)
    return _ihp(size, width, access) if table == "sg13g2" else _horowitz(size, width, access)


def sram_area(size: int) -> Figure:
    """Return the area of an SRAM of so many bytes in square micrometres: whole macros of 8 KiB, 130 nm.

    Raises
    ------
    InputError
        Where the size is below 1.
    """
    if size < 1:
        raise must("SRAM size", "be at least 1 byte", size)
    macros = -(-size // IHP_BYTES)
    source = f"{macros} x RM_IHPSG13_1P_1024x64 of 8 KiB, {IHP_SOURCE}"
    return Figure(macros * IHP_AREA, "um^2", source)


def dram_energy(kind: str) -> Figure:
    """Return the energy of a type of DRAM in picojoules a bit.

    Raises
    ------
    InputError
        There is no such type.
    """
    if kind not in DRAMS:
        raise must("DRAM type", f"be one of {', '.join(DRAMS)}", kind)
    return Figure(DRAMS[kind].energy, "pJ/bit", DRAMS[kind].source)


def _ihp(size: int, width: int, access: str) -> Figure:
    """Interpolate between the foundry's macros."""
    sizes = sorted(IHP_READ)
    if not sizes[0] <= size <= sizes[-1]:
        raise must("SRAM size", f"be {sizes[0]} to {sizes[-1]} bytes in the table sg13g2", size)
    if width != IHP_WIDTH:
        raise must("SRAM width", f"be {IHP_WIDTH} bits in the table sg13g2", width)
    at = min(bisect_right(sizes, size), len(sizes) - 1)
    low, high = sizes[at - 1], sizes[at]
    read = IHP_READ[low] + (IHP_READ[high] - IHP_READ[low]) * (size - low) / (high - low)
    if access == "read":
        return Figure(read, "pJ", IHP_SOURCE)
    return Figure(read * IHP_WRITE, "pJ", f"{IHP_SOURCE}, a read x {IHP_WRITE:.2f} as at 8 KiB")


def _horowitz(size: int, width: int, access: str) -> Figure:
    """Evaluate the polynomial."""
    least, most = HOROWITZ_BYTES
    if not least <= size <= most:
        raise must("SRAM size", f"be {least} to {most} bytes in the table horowitz", size)
    if width < 1:
        raise must("SRAM width", "be 1 bit or more", width)
    if access != "read":
        raise must("SRAM access", "be read in the table horowitz", access)
    bits = log2(8 * size)
    a, b, c, d = HOROWITZ
    return Figure(width * (((a * bits + b) * bits + c) * bits + d), "pJ", HOROWITZ_SOURCE)
