"""Number formats as plain objects: range, width, rounding, clipping, packing; no hardware import."""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError, must

__all__ = ["BIPOLAR", "TERNARY", "Bipolar", "Format", "Integer", "Ternary", "parse_format", "product_range", "width_of"]

IntArray = NDArray[np.int64]


def width_of(lo: int, hi: int) -> tuple[int, bool]:
    """Return the fewest bits, and whether signed, that hold every integer in ``[lo, hi]``."""
    signed = lo < 0
    bits = max(hi.bit_length(), (~lo).bit_length() if signed else 0) + signed
    return max(bits, 1), signed


class Format(ABC):
    """What a number format must say; scalar formats now, minifloats and block formats can join.

    A format knows its values (integers in units of its scale), how they are coded in `bits` wires, and how real
    numbers are rounded into it. Values travel as ``int64`` arrays, codes as ``uint64`` arrays.
    """

    name: str
    bits: int
    lo: int
    hi: int

    @property
    def signed(self) -> bool:
        """Whether a negative value exists."""
        return self.lo < 0

    @property
    @abstractmethod
    def has_zero(self) -> bool:
        """Whether zero is a value, so that padding costs nothing."""

    @abstractmethod
    def contains(self, values: IntArray) -> NDArray[np.bool_]:
        """Say for each integer whether it is a value of this format."""

    @abstractmethod
    def encode(self, values: IntArray) -> NDArray[np.uint64]:
        """Turn values into codes of `bits` bits; the values must be members."""

    @abstractmethod
    def decode(self, codes: NDArray[np.uint64]) -> IntArray:
        """Turn codes of `bits` bits into values."""

    @abstractmethod
    def clip(self, values: IntArray) -> IntArray:
        """Map each integer to the nearest value of this format."""

    def quantize(self, real: ArrayLike, scale: float = 1.0) -> IntArray:
        """Round ``real / scale`` half to even and clip: the format's value nearest to each real number."""
        scaled = np.asarray(real, dtype=np.float64) / scale
        if not np.isfinite(scaled).all():
            raise must("Array to quantize", "hold finite numbers only", "NaN or infinity")
        limited = np.clip(np.rint(scaled), -(2.0**62), 2.0**62)
        return self.clip(limited.astype(np.int64))

    def check(self, array: ArrayLike, thing: str) -> IntArray:
        """Return `array` as ``int64`` values of this format, or raise naming `thing`, the rule and the value."""
        raw = np.asarray(array)
        if raw.dtype.kind not in "iubf":
            raise must(thing, "hold numbers", str(raw.dtype))
        if raw.size == 0:
            raise must(thing, "not be empty", raw.shape)
        if raw.dtype.kind == "f" and not np.isfinite(raw).all():
            raise must(thing, "hold integers", float(raw[~np.isfinite(raw)].flat[0]))
        if raw.dtype.kind == "f" and (raw != np.rint(raw)).any():
            raise must(thing, "hold integers", float(raw[raw != np.rint(raw)].flat[0]))
        if raw.dtype.kind in "uf" and raw.size and float(np.abs(raw).max()) >= 2.0**63:
            raise must(thing, f"hold {self.name} values, {self.describe()}", raw.flat[int(np.argmax(np.abs(raw)))].item())
        values = raw.astype(np.int64)
        inside = self.contains(values)
        if not inside.all():
            raise must(thing, f"hold {self.name} values, {self.describe()}", int(values[~inside].flat[0]))
        return values

    def describe(self) -> str:
        """Say the values in a few words, for messages and documentation."""
        return f"{self.lo} to {self.hi}"

    def corners(self) -> IntArray:
        """Return the values that break designs: extremes, their neighbours, zero and one, ascending."""
        near = np.array([self.lo, self.lo + 1, -1, 0, 1, self.hi - 1, self.hi], dtype=np.int64)
        return np.unique(near[self.contains(near)])

    def random(self, rng: np.random.Generator, shape: tuple[int, ...]) -> IntArray:
        """Draw values uniformly."""
        codes = rng.integers(self.lo, self.hi + 1, size=shape, dtype=np.int64)
        return self.clip(codes)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Integer(Format):
    """Two's complement or unsigned integer of `bits` bits: ``int8`` is -128 to 127, ``uint4`` is 0 to 15."""

    bits: int
    is_signed: bool = True

    @property
    def name(self) -> str:  # type: ignore[override]
        """``int<bits>`` or ``uint<bits>``."""
        return f"{'int' if self.is_signed else 'uint'}{self.bits}"

    @property
    def lo(self) -> int:  # type: ignore[override]
        """Smallest value."""
        return -(1 << (self.bits - 1)) if self.is_signed else 0

    @property
    def hi(self) -> int:  # type: ignore[override]
        """Largest value."""
        return (1 << (self.bits - self.is_signed)) - 1

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


@dataclass(frozen=True)
class Ternary(Format):
    """The values -1, 0, 1 in two bits of two's complement; the code 2 is never sent."""

    name: str = "ternary"
    bits: int = 2
    lo: int = -1
    hi: int = 1

    @property
    def has_zero(self) -> bool:
        """Always: zero is the middle value."""
        return True

    def contains(self, values: IntArray) -> NDArray[np.bool_]:
        """Say whether each integer is -1, 0 or 1."""
        return np.abs(values) <= 1

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


@dataclass(frozen=True)
class Bipolar(Format):
    """The values +1 (code 0) and -1 (code 1) in one bit: the sign alone; zero does not exist."""

    name: str = "bipolar"
    bits: int = 1
    lo: int = -1
    hi: int = 1

    @property
    def has_zero(self) -> bool:
        """Never."""
        return False

    def contains(self, values: IntArray) -> NDArray[np.bool_]:
        """Say whether each integer is -1 or 1."""
        return np.abs(values) == 1

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
_INTEGER = re.compile(r"(u?)int([1-9][0-9]?)")
RULE = "be int2 to int16, uint1 to uint16, ternary or bipolar"


def parse_format(name: Any, thing: str = "Format") -> Format:
    """Return the operand format of that name; `thing` names the parameter in the error.

    Raises
    ------
    InputError
        Where the name is not ``int2`` … ``int16``, ``uint1`` … ``uint16``, ``ternary`` or ``bipolar``.
    """
    if isinstance(name, Format):
        return name
    if name == "ternary":
        return TERNARY
    if name == "bipolar":
        return BIPOLAR
    found = _INTEGER.fullmatch(name) if isinstance(name, str) else None
    if found:
        bits, signed = int(found[2]), not found[1]
        if (2 if signed else 1) <= bits <= 16:
            return Integer(bits, signed)
    raise must(thing, RULE, name)


def wire_format(name: str) -> Format:
    """Return a format named in a manifest: as `parse_format`, and integers up to 64 bits for accumulators."""
    found = _INTEGER.fullmatch(name)
    if found and 1 <= int(found[2]) <= 64:
        return Integer(int(found[2]), not found[1])
    if name in ("ternary", "bipolar"):
        return parse_format(name)
    raise InputError(f"Manifest format must be an integer of 1 to 64 bits, ternary or bipolar, not {name!r}")


def product_range(a: Format, b: Format) -> tuple[int, int]:
    """Return the smallest and largest product of a value of `a` and a value of `b`."""
    corners = [x * y for x in (a.lo, a.hi) for y in (b.lo, b.hi)]
    return min(corners), max(corners)
