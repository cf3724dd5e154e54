"""Number formats as plain objects: range, width, rounding, clipping, packing; no hardware import."""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import must

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

IntArray = NDArray[np.int64]


def width_of(lo: int, hi: int) -> tuple[int, bool]:
    """Return the fewest bits, and whether signed, that hold every integer in ``[lo, hi]``."""
    signed = lo < 0
    bits = max(hi.bit_length(), (~lo).bit_length() if signed else 0) + signed
    return max(bits, 1), signed


@dataclass(frozen=True, repr=False)
class Format(ABC):
    """What a number format must say; scalar formats now, minifloats and block formats can join.

    A format knows its values (integers in units of its scale), how they are coded in `bits` wires, and how real
    numbers are rounded into it. Values travel as ``int64`` arrays, codes as ``uint64`` arrays.

    Attributes
    ----------
    name
        Name in parameters and manifests.
    bits
        Wires of a code.
    lo, hi
        Smallest and largest value.
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

    def quantize(self, real: ArrayLike, scale: ArrayLike = 1.0) -> IntArray:
        """Round ``real / scale`` half to even and clip: the format's value nearest to each real number.

        Parameters
        ----------
        real
            Real numbers of any shape.
        scale
            What the value 1 stands for; a number, or an array that broadcasts to `real`.

        Raises
        ------
        InputError
            Where a number is not finite, or a scale not positive.
        """
        numbers, scales = np.asarray(real, dtype=np.float64), np.asarray(scale, dtype=np.float64)
        if not np.isfinite(numbers).all():
            raise must("Array to quantize", "hold finite numbers only", _first(numbers, ~np.isfinite(numbers)))
        usable = np.isfinite(scales) & (scales > 0)
        if not usable.all():
            raise must("Scale", "be positive and finite", _first(scales, ~usable))
        with np.errstate(over="ignore"):
            limited = np.clip(np.rint(numbers / scales), -(2.0**62), 2.0**62)
        return self.clip(limited.astype(np.int64))

    def check(self, array: ArrayLike, thing: str) -> IntArray:
        """Return `array` as ``int64`` values of this format, or raise naming `thing`, the rule and the value.

        Raises
        ------
        InputError
            Where the array is empty or holds anything but values of this format; integers as floats are taken.
        """
        raw = np.asarray(array)
        if raw.dtype.kind not in "iubf":
            raise must(thing, "hold numbers", str(raw.dtype))
        if raw.size == 0:
            raise must(thing, "not be empty", raw.shape)
        if raw.dtype.kind == "f":
            broken = ~np.isfinite(raw) | (raw != np.rint(raw))
            if broken.any():
                raise must(thing, "hold integers", _first(raw, broken))
        rule = f"hold {self.name} values, {self.describe()}"
        beyond = (raw >= 2**63) | (raw < -(2**63)) if raw.dtype.kind in "uf" else np.zeros(raw.shape, dtype=np.bool_)
        if beyond.any():
            raise must(thing, rule, int(_first(raw, beyond)))
        values = raw.astype(np.int64)
        inside = self.contains(values)
        if not inside.all():
            raise must(thing, rule, _first(values, ~inside))
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


def _first(values: NDArray[Any], where: NDArray[np.bool_]) -> Any:
    """Return the first value where `where` is true, as a plain Python number."""
    return values[where].flat[0].item()


def product_range(a: Format, b: Format) -> tuple[int, int]:
    """Return the smallest and largest product of a value of `a` and a value of `b`."""
    corners = [x * y for x in (a.lo, a.hi) for y in (b.lo, b.hi)]
    return min(corners), max(corners)
