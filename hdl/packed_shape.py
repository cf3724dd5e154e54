"""Two products in one wide multiplier: how far apart they lie and which multipliers hold them; no hardware import.

With S bits between them, ``(high * 2**S + low) * shared`` is ``high * shared * 2**S + low * shared``: both products,
and so are sums of such products, as long as every sum of low products can be told from every other in S bits.
"""

from dataclasses import dataclass

from ..errors import must
from .formats import Format, product_range, width_of

__all__ = ["MULTIPLIERS", "Multiplier", "PackedShape"]


@dataclass(frozen=True)
class Multiplier:
    """A multiplier of an FPGA as Yosys uses it.

    Parameters
    ----------
    cell
        Name of its primitive.
    wide, narrow
        Bits of its operands.
    signed_only
        Whether an unsigned operand costs a bit more.
    """

    cell: str
    wide: int
    narrow: int
    signed_only: bool = False


MULTIPLIERS = {
    "xilinx": Multiplier("DSP48E1", 25, 18, signed_only=True),
    "xilinx-up": Multiplier("DSP48E2", 27, 18, signed_only=True),
    "ecp5": Multiplier("MULT18X18D", 18, 18),
    "gowin": Multiplier("MULT18X18", 18, 18),
    "ice40": Multiplier("SB_MAC16", 16, 16),
}
"""The widest multiplier of each synthesis target."""


@dataclass(frozen=True)
class PackedShape:
    """Two products, or two sums of products, side by side: ``high * shared`` above ``low * shared``.

    Parameters
    ----------
    high, low
        Formats of the packed operands.
    shared
        Format of the operand that both are multiplied by.
    terms
        Products that are summed before they are taken apart, fewer included.
    tight
        Use the fewest bits that tell all low sums apart, one less where the largest sum is just beyond what a signed
        number holds: 8 products of int8 need 18 bits instead of 19, ``8 * 128 * 128`` having the code of ``-2**17``,
        which no sum has. Costs a comparison where it saves a bit, nothing elsewhere.

    Raises
    ------
    InputError
        Where there are no terms.
    """

    high: Format
    low: Format
    shared: Format
    terms: int = 1
    tight: bool = False

    def __post_init__(self) -> None:
        if self.terms < 1:
            raise must("Packed terms", "be positive", self.terms)

    def __repr__(self) -> str:
        tight = ", tight" if self.tight else ""
        return f"{self.high} and {self.low} x {self.shared}, terms={self.terms}{tight}"

    @property
    def low_range(self) -> tuple[int, int]:
        """Smallest and largest sum of low products."""
        lo, hi = product_range(self.low, self.shared)
        return lo * self.terms, hi * self.terms

    @property
    def high_range(self) -> tuple[int, int]:
        """Smallest and largest sum of high products."""
        lo, hi = product_range(self.high, self.shared)
        return lo * self.terms, hi * self.terms

    @property
    def spacing(self) -> int:
        """Bits of the low sum, and so the place of the high one."""
        lo, hi = self.low_range
        return (hi - lo).bit_length() if self.tight else width_of(lo, hi)[0]

    @property
    def operand_range(self) -> tuple[int, int]:
        """Smallest and largest packed operand."""
        return (self.high.lo << self.spacing) + self.low.lo, (self.high.hi << self.spacing) + self.low.hi

    @property
    def product_range(self) -> tuple[int, int]:
        """Bounds of a sum of packed products."""
        (high_lo, high_hi), (low_lo, low_hi) = self.high_range, self.low_range
        return (high_lo << self.spacing) + low_lo, (high_hi << self.spacing) + low_hi

    @property
    def upper_range(self) -> tuple[int, int]:
        """Smallest and largest value above the low field of a packed operand: `high`, less one if `low` is negative."""
        return self.high.lo - self.low.signed, self.high.hi

    @property
    def operand_bits(self) -> int:
        """Bits of the packed operand, which is signed if either operand is."""
        return width_of(*self.operand_range)[0]

    @property
    def folded_bits(self) -> int:
        """Bits of the packed operand without copies of the sign of `low`: what need be stored of it."""
        return width_of(self.low.lo, self.low.hi)[0] + width_of(*self.upper_range)[0]

    @property
    def product_bits(self) -> int:
        """Bits of a sum of packed products."""
        return width_of(*self.product_range)[0]

    def operands(self, signed_only: bool) -> tuple[int, int]:
        """Return the bits of the packed and of the shared operand at a multiplier's ports."""
        widths = [width_of(*self.operand_range), width_of(self.shared.lo, self.shared.hi)]
        as_signed = signed_only or any(is_signed for _, is_signed in widths)
        packed, shared = (bits + (as_signed and not is_signed) for bits, is_signed in widths)
        return packed, shared

    def blocks(self, target: str) -> int:
        """Return how many multipliers of a synthesis target one packed product takes, as Yosys cuts it.

        Two are what the products would take without packing: then packing saves nothing there.
        """
        if target not in MULTIPLIERS:
            raise must("Packed target", f"be one of {', '.join(MULTIPLIERS)}", target)
        kind = MULTIPLIERS[target]
        narrow, wide = sorted(self.operands(kind.signed_only))
        return _slices(wide, kind.wide, kind.signed_only) * _slices(narrow, kind.narrow, kind.signed_only)

    def fits(self, target: str) -> bool:
        """Say whether one multiplier of a synthesis target holds both products."""
        return self.blocks(target) == 1


def _slices(bits: int, port: int, signed_only: bool) -> int:
    """Return into how many parts an operand is cut; of a signed-only port all but the last lose a bit."""
    return 1 + -(-max(bits - port, 0) // (port - signed_only))
