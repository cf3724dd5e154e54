"""Exact cycles of operations from the shapes of their tensors alone, however large; no hardware import."""

import numpy as np
from numpy.typing import NDArray

from ...errors import must
from .params import AttentionParams
from .timing import cycles

__all__ = ["attention_cycles", "attention_stream_bits"]


def attention_cycles(
    params: AttentionParams, lead: tuple[int, int, int], kv_heads: int, keys: int, causal: bool = False
) -> int:
    """Return the cycles of ``attention`` on Q of shape (*lead, e), K and V of (lead[0], kv_heads, keys, e or f).

    Parameters
    ----------
    params
        The engine's parameters.
    lead
        Batch, heads and queries.
    kv_heads
        Heads of K and V, a divisor of those of Q.
    keys
        Keys of a head.
    causal
        The last query sees all keys, each one before it one key less.

    Raises
    ------
    InputError
        Where there are more keys than the design was made for, or the cycles depend on more than shapes.
    """
    return cycles(params, _tasks(params, lead, kv_heads, keys, causal))


def attention_stream_bits(
    params: AttentionParams, lead: tuple[int, int, int], kv_heads: int, keys: int, causal: bool = False
) -> int:
    """Return the bits that the streams `q`, `k`, `v` and `o` carry in such a job, padding included.

    Those of tasks, tiles and scales are left out.
    """
    tasks = _tasks(params, lead, kv_heads, keys, causal)
    passed = int(tasks.sum())
    values = passed // 3 if params.softmax == "three_pass" else passed
    rows = len(tasks) * params.rows
    kv = params.kv_format.bits * (passed * params.e + values * params.f)
    return kv + rows * (params.e * params.q_format.bits + params.f * params.o_format.bits)


def _tasks(
    params: AttentionParams, lead: tuple[int, int, int], kv_heads: int, keys: int, causal: bool
) -> NDArray[np.int64]:
    """Return the keys sent to each task."""
    if params.softmax == "unified_max":
        raise must(
            "Attention softmax", "be online or three_pass: the rows done again depend on the data", params.softmax
        )
    if keys > params.max_length:
        raise must("Attention k", f"have at most max_length={params.max_length} keys", keys)
    batch, heads, queries = lead
    shared = heads // kv_heads
    sent = _keys_sent(params, queries, shared, keys, causal)
    return np.tile(sent, batch * kv_heads)


def _keys_sent(params: AttentionParams, queries: int, shared: int, keys: int, causal: bool) -> NDArray[np.int64]:
    """Return the keys sent to each task of one head of K: as far as its last row sees, in all stages."""
    rows = queries * shared
    last = np.minimum(np.arange(params.rows, rows + params.rows, params.rows, dtype=np.int64), rows) - 1
    # Rows count by position, then by the head that shares these keys.
    position = last // shared
    sees = np.clip(keys - queries + position + 1, 0, keys) if causal else np.full(len(last), keys, dtype=np.int64)
    # A task whose rows see no key is sent the first one.
    sent: NDArray[np.int64] = np.maximum(sees, 1) * (3 if params.softmax == "three_pass" else 1)
    return sent
