"""How a weight becomes bit planes: the digits that a table is looked up with, and what makes up for them."""

from dataclasses import dataclass
from typing import Literal

from ...hdl.formats import Bipolar, Format, Integer, Ternary

__all__ = ["Digits", "PlaneCode", "plane_code"]

Digits = Literal["signed", "binary"]


@dataclass(frozen=True)
class PlaneCode:
    """A weight as digits: ``factor * w = 2**base * sum_p sign_p * 2**shift_p * digit_p + rest``.

    The constant `rest` costs one number a row, since ``sum_k A[m, k] * rest = rest * row_sum[m]``. Half tables read
    the bits 0, 1 as the digits -1, +1 (LUT Tensor Core, ISCA 2025, eq. 1 to 3); binary digits stay 0, 1.

    Parameters
    ----------
    shifts
        Power of two of each plane, in the order in which planes are looked up.
    negative
        Whether each plane is subtracted.
    rest
        The constant, for a zero point of 0.
    factor
        1, or 2 where the sum over the planes is twice the product.
    base
        Power of two of all planes together; accumulators leave it out.
    zero_point
        By how much `rest` changes for each unit of a zero point.
    """

    shifts: tuple[int, ...]
    negative: tuple[bool, ...]
    rest: int
    factor: int
    zero_point: int
    base: int = 0

    @property
    def count(self) -> int:
        """Planes of a weight."""
        return len(self.shifts)


def plane_code(fmt: Format, digits: Digits) -> PlaneCode:
    """Return how weights of a format are looked up.

    Parameters
    ----------
    fmt
        ``intB``, ``uintB``, ``ternary`` or ``bipolar``.
    digits
        ``signed``: -1, +1, as half tables and their sign need; ``binary``: 0, 1.
    """
    if isinstance(fmt, Bipolar):
        # Binary: w = 1 - 2 b, b being the code.
        return PlaneCode((0,), (False,), 0, 1, 0) if digits == "signed" else PlaneCode((0,), (True,), 1, 1, 0, 1)
    if isinstance(fmt, Ternary) and digits == "signed":
        return PlaneCode((0, 0), (False, False), 0, 2, 0)
    bits, signed = fmt.bits, isinstance(fmt, Ternary) or (isinstance(fmt, Integer) and fmt.is_signed)
    shifts = tuple(range(bits))
    if digits == "binary":
        return PlaneCode(shifts, (*(False,) * (bits - 1), signed), 0, 1, -1)
    # 2 w = sum 2**p d_p + (2**bits - 1) for the unsigned code; a signed one is 2**(bits-1) less.
    rest = (1 << bits) - 1 - (1 << bits if signed else 0)
    return PlaneCode(shifts, (False,) * bits, rest, 2, -2)
