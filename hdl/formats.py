"""The number formats: integers, ternary and bipolar, and how they are named; no hardware import."""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import must
from .number_format import Format, IntArray

__all__ = [
    "BIPOLAR",
    "TERNARY",
    "Bipolar",
    "Format",
    "Integer",
    "Ternary",
    "parse_format",
    "product_range",
    "width_of",
    "wire_format",
]


def width_of(lo: int, hi: int) -> tuple[int, bool]:
    """Return the fewest bits, and whether signed, that hold every integer in ``[lo, hi]``."""
    signed = lo < 0
    bits = max(hi.bit_length(), (~lo).bit_length() if signed else 0) + signed
    return max(bits, 1), signed


class Integer(Format):
    """Two's complement or unsigned integer of `bits` bits: ``int8`` is -128 to 127, ``uint4`` is 0 to 15.

    Parameters
    ----------
    bits
        Width: up to 64, or up to 63 if unsigned, so that every value fits an ``int64`` array.
    is_signed
        Whether it is two's complement.

    Raises
    ------
    InputError
        Where the width is impossible.
    """

    def __init__(self, bits: int, is_signed: bool = True) -> None:
        most = 63 + is_signed
        if not 1 <= bits <= most:
            raise must("Integer bits", f"be between 1 and {most}", bits)
        hi = (1 << (bits - is_signed)) - 1
        super().__init__(f"{'int' if is_signed else 'uint'}{bits}", bits, ~hi if is_signed else 0, hi)

    def __repr__(self) -> str:
        return f"Integer({self.bits}, is_signed={self.is_signed})"

    @property
    def is_signed(self) -> bool:
        """Whether it is two's complement."""
        return self.signed

    @property
    def has_zero(self) -> bool:
        """Always: integers hold zero."""
        return True

    def contains(self, values: IntArray) -> NDArray[np.bool_]:
        """Say whether each integer lies in the range."""
        return (values >= self.lo) & (values <= self.hi)

    def encode(self, values: IntArray) -> NDArray[np.uint64]:
        """Two's complement code."""
        return values.astype(np.uint64) & np.uint64((1 << self.bits) - 1)

    def decode(self, codes: NDArray[np.uint64]) -> IntArray:
        """Value of a two's complement code."""
        values = (codes & np.uint64((1 << self.bits) - 1)).astype(np.int64)
        if not self.is_signed or self.bits == 64:
            return values
        return values - ((values >> (self.bits - 1)) << self.bits)

    def clip(self, values: IntArray) -> IntArray:
        """Limit to the range."""
        return np.clip(values, self.lo, self.hi)


class Ternary(Format):
    """The values -1, 0, 1 in two bits of two's complement; the code 2 is never sent."""

    def __init__(self) -> None:
        super().__init__("ternary", 2, -1, 1)

    def __repr__(self) -> str:
        return "Ternary()"

    @property
    def has_zero(self) -> bool:
        """Always: zero is the middle value."""
        return True

    def contains(self, values: IntArray) -> NDArray[np.bool_]:
        """Say whether each integer is -1, 0 or 1."""
        return (values >= -1) & (values <= 1)

    def encode(self, values: IntArray) -> NDArray[np.uint64]:
        """Two's complement in two bits."""
        return values.astype(np.uint64) & np.uint64(3)

    def decode(self, codes: NDArray[np.uint64]) -> IntArray:
        """Value of a two-bit code."""
        values = (codes & np.uint64(3)).astype(np.int64)
        return values - ((values >> 1) << 2)

    def clip(self, values: IntArray) -> IntArray:
        """Limit to -1, 0, 1."""
        return np.clip(values, -1, 1)

    def describe(self) -> str:
        """Name the three values."""
        return "-1, 0 or 1"


class Bipolar(Format):
    """The values +1 (code 0) and -1 (code 1) in one bit: the sign alone; zero does not exist."""

    def __init__(self) -> None:
        super().__init__("bipolar", 1, -1, 1)

    def __repr__(self) -> str:
        return "Bipolar()"

    @property
    def has_zero(self) -> bool:
        """Never."""
        return False

    def contains(self, values: IntArray) -> NDArray[np.bool_]:
        """Say whether each integer is -1 or 1."""
        members: NDArray[np.bool_] = (values == 1) | (values == -1)
        return members

    def encode(self, values: IntArray) -> NDArray[np.uint64]:
        """One for -1, zero for +1."""
        return (values < 0).astype(np.uint64)

    def decode(self, codes: NDArray[np.uint64]) -> IntArray:
        """Value of a one-bit code."""
        return 1 - 2 * (codes & np.uint64(1)).astype(np.int64)

    def clip(self, values: IntArray) -> IntArray:
        """Take the sign; zero becomes +1."""
        return np.where(values < 0, -1, 1).astype(np.int64)

    def describe(self) -> str:
        """Name the two values."""
        return "-1 or 1"

    def random(self, rng: np.random.Generator, shape: tuple[int, ...]) -> IntArray:
        """Draw both signs with equal probability."""
        return 1 - 2 * rng.integers(0, 2, size=shape, dtype=np.int64)


TERNARY = Ternary()
BIPOLAR = Bipolar()
_NAMED: dict[str, Format] = {fmt.name: fmt for fmt in (TERNARY, BIPOLAR)}
_INTEGER = re.compile(r"(u?)int([1-9][0-9]?)")
_OPERAND_RULE = "be int2 to int16, uint1 to uint16, ternary or bipolar"
_WIRE_RULE = "be int1 to int64, uint1 to uint63, ternary or bipolar"


def parse_format(name: Any, thing: str = "Format") -> Format:
    """Return the operand format of that name, or the format that was given; `thing` names the parameter in the error.

    Raises
    ------
    InputError
        Where it is not ``int2`` … ``int16``, ``uint1`` … ``uint16``, ``ternary`` or ``bipolar``.
    """
    fmt = name if isinstance(name, Format) else _named(name)
    if fmt is None or (isinstance(fmt, Integer) and not (1 + fmt.signed <= fmt.bits <= 16)):
        raise must(thing, _OPERAND_RULE, name.name if isinstance(name, Format) else name)
    return fmt


def wire_format(name: Any) -> Format:
    """Return a format named in a manifest: as `parse_format`, and wider integers for accumulators.

    Raises
    ------
    InputError
        Where it is not ``int1`` … ``int64``, ``uint1`` … ``uint63``, ``ternary`` or ``bipolar``.
    """
    fmt = _named(name)
    if fmt is None:
        raise must("Manifest format", _WIRE_RULE, name)
    return fmt


def _named(name: Any) -> Format | None:
    """Return the format of that name, None where there is none."""
    if not isinstance(name, str):
        return None
    found = _INTEGER.fullmatch(name)
    if found and int(found[2]) <= 63 + (not found[1]):
        return Integer(int(found[2]), not found[1])
    return _NAMED.get(name)


def product_range(a: Format, b: Format) -> tuple[int, int]:
    """Return the smallest and largest product of a value of `a` and a value of `b`."""
    corners = [x * y for x in (a.lo, a.hi) for y in (b.lo, b.hi)]
    return min(corners), max(corners)
