"""Quantisers: real weights and activations to the formats of the LUT family, with a scale for each group of K."""

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import must
from ...hdl.formats import BIPOLAR, TERNARY, Format, Integer

__all__ = ["QuantizedWeights", "dequantize", "integer_scales", "quantize_activations", "quantize_weights"]

IntArray = NDArray[np.int64]
Reals = NDArray[np.float64]

BITS = (1, 1.58, 2, 3, 4, 5, 6, 7, 8)
CANDIDATES, SMALLEST_SHARE = 25, 0.4
"""How many scales are tried for a group, and the smallest as a share of the one at which nothing is clipped."""


@dataclass(frozen=True)
class QuantizedWeights:
    """Weights as ``(values - zeros) * scales``, group by group.

    Parameters
    ----------
    values
        ``(N, K)`` values of `format`.
    scales
        ``(N, G)``; 0 for a group that is all zero.
    zeros
        ``(N, G)`` integers, the values that stand for zero; None where that is 0.
    format
        ``bipolar``, ``ternary``, ``intB`` or ``uintB``.
    group
        Elements along K that share a scale; None for all.
    """

    values: IntArray
    scales: Reals
    zeros: IntArray | None
    format: Format
    group: int | None

    def dequantize(self) -> Reals:
        """Return the real ``(N, K)`` weights that the values stand for."""
        return dequantize(self.values, self.scales, self.group, self.zeros)


def quantize_weights(w: ArrayLike, bits: float, group: int | None = None, symmetric: bool = True) -> QuantizedWeights:
    """Quantise a weight matrix.

    1 bit takes the signs, times the mean magnitude; 1.58 bits are ternary, times the mean magnitude, as in BitNet
    b1.58; 2 to 8 bits round to nearest, the range of each group shrunk as far as this lowers its squared error.

    Parameters
    ----------
    w
        ``(N, K)`` real numbers.
    bits
        1, 1.58, or 2 to 8.
    group
        Elements along K that share a scale, the last ones of a row maybe fewer; None for all.
    symmetric
        True gives signed integers, False unsigned ones with a zero point for each group.

    Raises
    ------
    InputError
        Where the numbers are no finite matrix, or the bits or group do not exist.
    """
    reals = _finite(w, "LUT w")
    if reals.ndim != 2:
        raise must("LUT w", "have 2 axes, (N, K)", reals.shape)
    if bits not in BITS:
        raise must("LUT bits", "be 1, 1.58 or 2 to 8", bits)
    if not symmetric and bits < 2:
        raise must("LUT symmetric", f"be true with {bits} bits", symmetric)
    grouped, sizes = _grouped(reals, group)
    fmt = {1: BIPOLAR, 1.58: TERNARY}.get(bits) or Integer(int(bits), is_signed=symmetric)
    if bits < 2:
        scales, zeros = np.abs(grouped).sum(axis=2) / sizes, None
    else:
        whole, zeros = _largest_scale(grouped, fmt)
        scales = _best_scale(grouped, fmt, whole, zeros)
    values = _rounded(grouped, fmt, scales, zeros)
    return QuantizedWeights(values.reshape(len(reals), -1)[:, : reals.shape[1]], scales, zeros, fmt, group)


def quantize_activations(a: ArrayLike, fmt: Format, group: int | None = None) -> tuple[IntArray, Reals]:
    """Quantise activations by the largest magnitude of each row, or of each group of it.

    Parameters
    ----------
    a
        ``(…, K)`` real numbers; an unsigned format makes 0 of negative ones.
    fmt
        Format of the result.
    group
        Elements along K that share a scale; None for all.

    Returns
    -------
    tuple
        ``(…, K)`` values of the format and ``(…, G)`` scales, 0 for a group that is all zero.

    Raises
    ------
    InputError
        Where a number is not finite or the group does not exist.
    """
    reals = _finite(a, "LUT a")
    if reals.ndim < 1:
        raise must("LUT a", "have at least 1 axis", reals.shape)
    lead, k = reals.shape[:-1], reals.shape[-1]
    grouped, _ = _grouped(reals.reshape(-1, k), group)
    scales = np.abs(grouped).max(axis=2) / fmt.hi
    values = _rounded(grouped, fmt, scales, None).reshape(len(grouped), -1)[:, :k]
    return values.reshape(reals.shape), scales.reshape(*lead, -1)


def integer_scales(scales: ArrayLike, bits: int) -> tuple[IntArray, float]:
    """Return unsigned integer scales as the hardware takes them.

    Parameters
    ----------
    scales
        Real scales of any shape, none negative.
    bits
        Bits of the integers, `scale_bits` of the design.

    Returns
    -------
    tuple
        Integers from 1 to ``2**bits - 1``, and the unit, such that a scale is about its integer times the unit: the
        largest exactly, the others to half a unit; those below half a unit, zeros too, become one unit.

    Raises
    ------
    InputError
        Where a scale is negative or not finite.
    """
    reals = _finite(scales, "LUT scales")
    if reals.min() < 0:
        raise must("LUT scales", "be at least 0", float(reals.min()))
    most = (1 << bits) - 1
    unit = float(reals.max()) / most or 1.0
    return np.clip(np.rint(reals / unit), 1, most).astype(np.int64), unit


def dequantize(values: ArrayLike, scales: ArrayLike, group: int | None = None, zeros: ArrayLike | None = None) -> Reals:
    """Return the real numbers that quantised ones stand for.

    Parameters
    ----------
    values
        ``(…, K)`` integers.
    scales, zeros
        ``(…, G)``, a scale and a zero point (0 if None) for each group.
    group
        Elements along K that share a scale; None for all.
    """
    numbers = np.asarray(values, dtype=np.float64)
    which = np.arange(numbers.shape[-1]) // (group or numbers.shape[-1])
    if zeros is not None:
        numbers = numbers - np.asarray(zeros)[..., which]
    return numbers * np.asarray(scales, dtype=np.float64)[..., which]


def _finite(array: ArrayLike, thing: str) -> Reals:
    """Return real numbers, or raise where there are none or one is not finite."""
    reals = np.asarray(array)
    if reals.dtype.kind not in "iubf":
        raise must(thing, "hold numbers", str(reals.dtype))
    if reals.size == 0:
        raise must(thing, "not be empty", reals.shape)
    reals = reals.astype(np.float64)
    if not np.isfinite(reals).all():
        raise must(thing, "hold finite numbers", float(reals[~np.isfinite(reals)][0]))
    return reals


def _grouped(rows: Reals, group: int | None) -> tuple[Reals, IntArray]:
    """Cut ``(R, K)`` into ``(R, G, group)``, zeros at the end; return it and the elements of each group, ``(G,)``."""
    if group is not None and (not isinstance(group, int | np.integer) or group < 1):
        raise must("LUT group", "be an integer of at least 1", group)
    k = rows.shape[1]
    size = min(group or k, k)
    count = -(-k // size)
    padded = np.pad(rows, ((0, 0), (0, count * size - k)))
    return padded.reshape(len(rows), count, size), np.minimum(size, k - size * np.arange(count))


def _rounded(grouped: Reals, fmt: Format, scales: Reals, zeros: IntArray | None) -> IntArray:
    """Return the format's values nearest to ``grouped / scales + zeros``."""
    steps = np.where(scales > 0, scales, 1.0)[..., np.newaxis]
    if not fmt.has_zero:
        return fmt.clip(np.where(grouped < 0, -1, 1))
    offset = 0 if zeros is None else zeros[..., np.newaxis]
    return np.clip(np.rint(grouped / steps) + offset, fmt.lo, fmt.hi).astype(np.int64)


def _errors(grouped: Reals, fmt: Format, scales: Reals, zeros: IntArray | None) -> Reals:
    """Return the squared error of each group, ``(R, G)``."""
    offset = 0 if zeros is None else zeros[..., np.newaxis]
    back = (_rounded(grouped, fmt, scales, zeros) - offset) * scales[..., np.newaxis]
    return cast("Reals", np.square(back - grouped).sum(axis=2))


def _largest_scale(grouped: Reals, fmt: Format) -> tuple[Reals, IntArray | None]:
    """Return for each group the scale at which no value is clipped, and for unsigned formats what stands for zero."""
    if fmt.signed:
        return np.abs(grouped).max(axis=2) / fmt.hi, None
    low, high = np.minimum(grouped.min(axis=2), 0), np.maximum(grouped.max(axis=2), 0)
    scales = (high - low) / fmt.hi
    return scales, np.rint(-low / np.where(scales > 0, scales, 1.0)).astype(np.int64)


def _best_scale(grouped: Reals, fmt: Format, whole: Reals, zeros: IntArray | None) -> Reals:
    """Return for each group the scale, of shares of the largest one, with the least squared error."""
    best, least = whole, np.full(whole.shape, np.inf)
    # A signed format reaches further down than up, twice as far at 2 bits: at this share the largest one down fits.
    reach = fmt.hi / -fmt.lo if fmt.signed else 1.0
    for share in (reach, *np.linspace(1.0, SMALLEST_SHARE * reach, CANDIDATES)):
        error = _errors(grouped, fmt, share * whole, zeros)
        best, least = np.where(error < least, share * whole, best), np.minimum(error, least)
    return best
