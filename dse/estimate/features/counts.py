"""Counts that several families have in common; every number may be an array."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ....hdl.formats import Format, Integer
from ....hdl.requantize_shape import SHIFT_BITS

__all__ = ["Counts", "bit_length", "epilogue", "grouped", "products", "range_bits", "triangle"]

Counts = dict[str, Any]
"""Counts by the name of what is counted; with its group before it, ``PEs/product bits``, as a family gives them."""


def grouped(group: str, counts: Mapping[str, Any]) -> Counts:
    """Return counts under their group's name."""
    return {f"{group}/{name}": value for name, value in counts.items()}


def bit_length(value: Any) -> Any:
    """Return the bits of numbers from 0 on, which may be an array."""
    return np.where(np.asarray(value) > 0, np.floor(np.log2(np.maximum(value, 1))) + 1, 0).astype(np.int64)


def range_bits(lo: Any, hi: Any) -> Any:
    """Return the bits that hold every integer from `lo` to `hi`, as `rtloom.hdl.formats.width_of` has them."""
    signed = np.asarray(lo) < 0
    low = np.where(signed, bit_length(np.maximum(-1 - np.asarray(lo), 0)), 0)
    return np.maximum(np.maximum(bit_length(np.maximum(hi, 0)), low) + signed, 1)


def triangle(lanes: Any, span: Any = 1) -> Any:
    """Return the registers of lanes of which each `span` wait one cycle longer than those before: 0 for the first."""
    whole, rest = np.asarray(lanes) // span, np.asarray(lanes) % span
    return span * whole * (whole - 1) // 2 + rest * whole


def products(a: Format, b: Format, count: Any) -> Counts:
    """Return what `count` multipliers of two formats are made of, as synthesis builds them (`NARROW_MULTIPLIERS`).

    Rows of ANDs where one operand is narrow; else Booth's digits of two bits; what passes or negates an operand for a
    ternary or bipolar one. An unsigned integer beside a signed one counts one bit more, for its sign.
    """
    signed = _signed(a) or _signed(b)
    long, short = sorted((form.bits + (signed and not _signed(form)) for form in (a, b)), reverse=True)
    if not (isinstance(a, Integer) and isinstance(b, Integer)):
        return {"passed bits": count * (long + 1)}
    if short <= (5 if signed else 7) and not (signed and long == short == 4):
        return {"row bits": count * long * (short - 1), "row operand bits": count * (long + short)}
    return {"digit bits": count * (long + 1) * (short // 2 + 1), "digit operand bits": count * (long + short)}


def _signed(form: Format) -> bool:
    return not isinstance(form, Integer) or form.is_signed


def epilogue(p: Any, lanes: Any, sum_bits: Any, addend: bool, sides: Any, results: Format) -> Counts:
    """Return what bias and requantisation are made of.

    Parameters
    ----------
    p
        Parameters with `requantize`, `multiplier_bits`, `activation`.
    lanes
        Results of a beat.
    sum_bits
        Bits of a sum.
    addend
        Whether something is added.
    sides
        Lanes with a multiplier and shift of their own.
    results
        Format of a result.
    """
    total = sum_bits + int(addend)
    scales, active = int(p.requantize), getattr(p, "activation", "none")
    product = total + p.multiplier_bits
    return {
        "multiplied bits": scales * lanes * total * p.multiplier_bits,
        "product bits": scales * lanes * product,
        "lanes": scales * lanes,
        "result bits": scales * lanes * results.bits,
        "added bits": int(addend) * lanes * total,
        "active bits": scales * (active != "none") * lanes * results.bits,
        "held bits": scales * (int(addend) * sides * (p.multiplier_bits + SHIFT_BITS) + 3 * results.bits),
    }
