"""From scores to logits: a real scale as multiplier and shift, and the check that no logit can saturate."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import must
from .params import AttentionParams

__all__ = ["check_range", "logit_limit", "logit_scale", "to_logits"]

IntArray = NDArray[np.int64]


def logit_scale(params: AttentionParams, scale: ArrayLike) -> tuple[IntArray, IntArray]:
    """Return `scale_multiplier` and `scale_shift` for the natural ``softmax(scale * q.k)``.

    Parameters
    ----------
    params
        The design.
    scale
        What the integer score is multiplied with: ``q_scale * k_scale / sqrt(e)`` of a quantised network. A number or
        an array.

    Returns
    -------
    tuple
        Multipliers of all `scale_bits` bits and shifts, int64, in the shape of `scale`: logits in base 2 with
        `logit_fraction` bits, right but for ``2**-scale_bits``.

    Raises
    ------
    InputError
        Where a scale is zero, negative, not finite, or needs a shift that there is not.
    """
    real = np.asarray(scale, dtype=np.float64)
    usable = np.isfinite(real) & (real > 0)
    if not usable.all():
        raise must("Attention scale", "be positive and finite", real[~usable].flat[0].item())
    unit = math.log2(math.e) * 2.0**params.logit_fraction
    mantissa, exponent = np.frexp(real * unit)
    multiplier = np.rint(np.ldexp(mantissa, params.scale_bits)).astype(np.int64)
    # What rounds up to the next power of two has one bit more.
    over = multiplier >> params.scale_bits
    shift = params.scale_bits - exponent.astype(np.int64) - over
    fits = (shift >= 0) & (shift <= params.shift_format.hi)
    if not fits.all():
        most, least = (math.ldexp(1 / unit, params.scale_bits - at) for at in (0, params.shift_format.hi + 1))
        raise must("Attention scale", f"be from {least:.3g} to {most:.3g}", real[~fits].flat[0].item())
    return multiplier >> over, shift


def logit_limit(params: AttentionParams) -> int:
    """Return what no logit may reach in size, in units of ``2**-logit_fraction``, so that none saturates."""
    return ((1 << (params.logit_integer - 1)) - 1) << params.logit_fraction


def check_range(params: AttentionParams, reach: IntArray, multiplier: IntArray, shift: IntArray) -> None:
    """Raise `InputError` where a logit could saturate, which would change the softmax silently.

    Parameters
    ----------
    params
        The design.
    reach
        For each row what its scores cannot exceed: the sum of its sizes times the largest size in the keys.
    multiplier, shift
        The scale of each row.
    """
    limit = logit_limit(params)
    largest = int(((reach * multiplier) >> shift).max())
    if largest >= limit:
        octaves = limit >> params.logit_fraction
        rule = f"keep every logit below {octaves} octaves, logit_integer={params.logit_integer}"
        raise must("Attention scale_multiplier", rule, largest >> params.logit_fraction)


def to_logits(score: IntArray, multiplier: IntArray, shift: IntArray) -> IntArray:
    """Return ``score * multiplier / 2**shift`` rounded half to even; none may saturate, see `check_range`."""
    product = score * multiplier
    floor = product >> shift
    rest = product - (floor << shift)
    half = np.where(shift > 0, np.int64(1) << np.maximum(shift - 1, 0), 1)
    logits: IntArray = floor + ((rest > half) | ((rest == half) & (floor & 1 == 1)))
    return logits
