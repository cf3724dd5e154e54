"""Attention in real numbers, the yardstick of the integer model."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["real_attention"]

FloatArray = NDArray[np.float64]


def real_attention(
    q: ArrayLike, k: ArrayLike, v: ArrayLike, scale: ArrayLike = 1.0, allowed: ArrayLike = True
) -> tuple[FloatArray, FloatArray]:
    """Return ``softmax(scale * q . k) v`` in float64, and each row's sum of weights, the largest weight being 1.

    Parameters
    ----------
    q, k, v
        ``(…, H, Lq, E)``, ``(…, Hkv, Lk, E)`` and ``(…, Hkv, Lk, F)``, or without the axis of heads; query head h sees
        head ``h // (H / Hkv)``.
    scale
        One number, or ``(…, H, Lq)``.
    allowed
        Which keys a row may see; broadcasts to ``(…, H, Lq, Lk)``.

    Returns
    -------
    tuple
        ``(…, H, Lq, F)`` and ``(…, H, Lq)``; both 0 where a row sees no key.
    """
    queries, keys, values = (np.asarray(tensor, dtype=np.float64) for tensor in (q, k, v))
    if queries.ndim > 2:
        group = queries.shape[-3] // keys.shape[-3]
        keys, values = np.repeat(keys, group, axis=-3), np.repeat(values, group, axis=-3)
    factor = np.asarray(scale, dtype=np.float64)
    logits = queries @ keys.swapaxes(-1, -2) * (factor[..., np.newaxis] if factor.ndim else factor)
    logits = np.where(allowed, logits, -np.inf)
    top = logits.max(axis=-1, keepdims=True)
    weights = np.exp(logits - np.where(np.isfinite(top), top, 0))
    mass = weights.sum(axis=-1)
    return weights @ values / np.where(mass > 0, mass, 1)[..., np.newaxis], mass
