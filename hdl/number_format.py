"""What a number format must say: values, codes, rounding, clipping and checking; no hardware import."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import must

__all__ = ["Format", "IntArray"]

IntArray = NDArray[np.int64]


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


def _first(values: NDArray[Any], where: NDArray[np.bool_]) -> Any:
    """Return the first value where `where` is true, as a plain Python number."""
    return values[where].flat[0].item()
