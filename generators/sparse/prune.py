"""Pruning to N:M: the largest magnitudes of every block along K are kept."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import must

__all__ = ["prune"]

_CHUNK = 1 << 18
"""Numbers pruned at a time."""


def prune(w: ArrayLike, n: int, m: int) -> NDArray[Any]:
    """Keep the `n` largest magnitudes of every `m` consecutive elements of the last axis and make the others 0.

    Parameters
    ----------
    w
        ``(…, K)`` numbers; where K is no multiple of `m`, the last block is shorter.
    n, m
        How many of how many; of equal magnitudes the earlier ones are kept.

    Returns
    -------
    numpy.ndarray
        In the shape and type of `w`.

    Raises
    ------
    InputError
        Where there are no numbers or one is not finite, or `n` is not between 0 and `m`.
    """
    values = np.asarray(w)
    if values.dtype.kind not in "iuf":
        raise must("Sparse w", "hold numbers", str(values.dtype))
    if values.ndim < 1 or values.size == 0:
        raise must("Sparse w", "have at least one axis and not be empty", values.shape)
    if not np.isfinite(values).all():
        raise must("Sparse w", "hold finite numbers", float(values[~np.isfinite(values)][0]))
    if not _whole(m) or m < 1:
        raise must("Sparse m", "be an integer of at least 1", m)
    if not _whole(n) or not 0 <= n <= m:
        raise must("Sparse n", f"be an integer from 0 to m={m}", n)
    flat = values.reshape(-1, values.shape[-1])
    # Parts that stay in a cache take a fraction of the time.
    rows = max(_CHUNK // flat.shape[1], 1)
    kept = np.concatenate([_kept(flat[at : at + rows], n, m) for at in range(0, len(flat), rows)])
    return np.where(kept.reshape(values.shape), values, values.dtype.type(0))


def _kept(rows: NDArray[Any], n: int, m: int) -> NDArray[np.bool_]:
    """Return which of ``(R, K)`` numbers are kept."""
    k = rows.shape[1]
    # As floats: an integer type may have no room for its own magnitudes. What fills a block up comes last.
    magnitude = np.full((len(rows), -(-k // m) * m), -1.0)
    magnitude[:, :k] = np.abs(rows.astype(np.float64))
    blocks = magnitude.reshape(-1, m)
    kept, every = np.zeros(blocks.shape, dtype=np.bool_), np.arange(len(blocks))
    for _ in range(n):
        largest = blocks.argmax(axis=1)
        kept[every, largest] = True
        blocks[every, largest] = -2
    return kept.reshape(len(rows), -1)[:, :k]


def _whole(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
