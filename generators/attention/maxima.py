"""The maximum of every row's logits, by which rows of a given maximum are found that have to be done again."""

import numpy as np
from numpy.typing import NDArray

from .masks import Masks
from .params import AttentionParams
from .scales import to_logits
from .tensors import Operands

__all__ = ["needs_redo", "row_maxima"]

IntArray = NDArray[np.int64]

_CHUNK = 1 << 24
"""Scores at a time."""


def row_maxima(params: AttentionParams, operands: Operands, masks: Masks, scale: tuple[IntArray, IntArray]) -> IntArray:
    """Return the largest logit of each row rounded up to whole octaves, as the stream `summary` does.

    Parameters
    ----------
    params
        The design.
    operands, masks
        Of one operation.
    scale
        Multiplier and shift of each row.

    Returns
    -------
    numpy.ndarray
        ``(rows,)`` of `maximum_format`; `no_key` for a row that sees no key.
    """
    heads = operands.heads
    # Sums of at most 2**22 in size are exact in float32, for which there are quick products.
    keys = operands.k.effective.astype(np.float32).reshape(heads.groups, heads.keys, params.e)
    best = np.empty(heads.rows, dtype=np.int64)
    step = max(_CHUNK // heads.keys, 1)
    for group in range(heads.groups):
        end = (group + 1) * heads.group_rows
        for at in range(group * heads.group_rows, end, step):
            rows = slice(at, min(at + step, end))
            score = operands.q[rows].astype(np.float32) @ keys[group].T
            best[rows] = np.where(masks.allowed(rows, heads.keys), score, -(2.0**23)).max(axis=1)
    octaves = -(-to_logits(best, *scale) >> params.logit_fraction)
    maxima: IntArray = np.where(masks.counts > 0, octaves, params.no_key)
    return maxima


def needs_redo(params: AttentionParams, maximum: IntArray, offset: IntArray) -> NDArray[np.bool_]:
    """Return which rows had a given maximum that was too low, or so high that the weights were too coarse."""
    missed = (maximum > offset) | (maximum < offset - params.slack)
    redo: NDArray[np.bool_] = (maximum != params.no_key) & missed
    return redo
