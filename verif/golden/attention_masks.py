"""Which keys each query may see: causal, windowed, sinks and valid lengths as three bounds a query."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import must
from ...generators.attention.params import AttentionParams
from ...hdl.formats import Integer
from .arguments import scalar, shaped

__all__ = ["MASKS", "bounds"]

IntArray = NDArray[np.int64]

MASKS = ("causal", "window", "sink", "length", "position")
"""Names of the arguments that say what is masked."""

NUMBER = Integer(32)
FLAG = Integer(1, is_signed=False)


def bounds(
    params: AttentionParams, given: Mapping[str, Any], batch: int, queries: int, keys: int
) -> tuple[IntArray, IntArray, IntArray]:
    """Return `stop`, `start` and `sink` of every query: key j counts if ``j < stop and (j >= start or j < sink)``.

    Parameters
    ----------
    params
        The design.
    given
        Arguments of `MASKS`, as `attention.compute` describes them.
    batch, queries, keys
        B, Lq and Lk.

    Returns
    -------
    tuple
        Three int64 arrays ``(B, Lq)``.

    Raises
    ------
    InputError
        Where a length is more than there are keys, or a number out of range.
    """
    one_each = ((), (batch,))
    length = shaped(params.bound_format, given.get("length", keys), "Attention length", *one_each)
    if length.max() > keys:
        raise must("Attention length", f"be at most the {keys} keys of k", int(length.max()))
    window = _window(given.get("window"))
    ordered = window is not None or bool(scalar(FLAG, given.get("causal", False), "Attention causal"))
    sink = scalar(params.bound_format, given.get("sink", 0), "Attention sink")
    first = given.get("position", length - queries if ordered else 0)
    position = shaped(NUMBER, first, "Attention position", *one_each)
    at = np.broadcast_to(position, (batch,))[:, np.newaxis] + np.arange(queries)
    valid = np.broadcast_to(np.broadcast_to(length, (batch,))[:, np.newaxis], at.shape)
    stop = np.maximum(np.minimum(valid, at + 1), 0) if ordered else valid
    start = np.zeros_like(at) if window is None else np.maximum(at - window + 1, 0)
    return stop, start, np.full_like(at, sink)


def _window(value: Any) -> int | None:
    """Return the keys that a query sees, itself included; None for all."""
    if value is None:
        return None
    window = scalar(NUMBER, value, "Attention window")
    if window < 1:
        raise must("Attention window", "be at least 1", window)
    return window
