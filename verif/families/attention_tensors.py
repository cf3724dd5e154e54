"""Tensors for attention engines: sizes at every edge of a task and a tile, masks, logits that rise, fall and stay."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...generators.attention.drawing import draw_epilogue, draw_offset, draw_scale, fitting_codes
from ...generators.attention.params import AttentionParams
from ...generators.attention.scales import logit_limit
from ..stimulus import DATA_PATTERNS, values
from .base import DEEP, Operation, Tensors

__all__ = ["DATA", "JOBS", "Sized", "attention_tensors"]

IntArray = NDArray[np.int64]
Shape = tuple[int, ...]

EQUAL, DOMINATING, RISING, FALLING = "equal", "dominating", "rising", "falling"
DATA = (*DATA_PATTERNS, EQUAL, DOMINATING, RISING, FALLING)
"""Data patterns. ``equal``: all keys of a head are the same; ``dominating``: one key decides; ``rising`` and
``falling``: each key's logit is above, or below, the one before, by octaves where there are few keys."""

_EXTREME = ("corners", "minimum", "maximum", "alternating", RISING, FALLING)
_MONOTONE = (RISING, FALLING)
_OCTAVES = (0.5, 3.0, 12.0, 40.0, np.inf)
"""Largest logits that are drawn; the last one is as large as the design allows."""

FEW, LONG = 5, 300
"""Keys of jobs that are about rows, and of the long one."""


@dataclass(frozen=True)
class Sized:
    """An operation with the axes of its operands, but for the elements, and its masks.

    Parameters
    ----------
    operation
        ``attention`` or ``summary``.
    q, kv
        Axes of Q, and of K and V.
    options
        Masks.
    """

    operation: str
    q: Shape
    kv: Shape
    options: dict[str, Any] = field(default_factory=dict)


Make = Callable[[AttentionParams, np.random.Generator], Sized]


def _tile_keys(params: AttentionParams) -> int:
    """Return the keys of a tile, or some where it is long."""
    return min(params.key_tile, 24)


def _sized(params: AttentionParams, q: Shape, kv: Shape, **options: Any) -> Sized:
    """Return an attention of at most as many keys as the design counts."""
    return Sized("attention", q, (*kv[:-1], min(kv[-1], params.max_length)), options)


def _single(params: AttentionParams, _: np.random.Generator) -> Sized:
    """Return one row and one key, as matrices."""
    return _sized(params, (1,), (1,))


def _tile(params: AttentionParams, _: np.random.Generator) -> Sized:
    """Return a full task and a full tile."""
    return _sized(params, (params.rows,), (min(params.key_tile, LONG),))


def _edge(params: AttentionParams, _: np.random.Generator) -> Sized:
    """Return one row more than a task has, and one key more than a tile."""
    return _sized(params, (2, params.rows + 1), (2, _tile_keys(params) + 1))


def _ragged(params: AttentionParams, rng: np.random.Generator) -> Sized:
    """Return some rows and keys, full tasks and tiles by chance alone; keys are counted from any position."""
    queries, keys = int(rng.integers(1, 2 * params.rows + 2)), int(rng.integers(1, 2 * _tile_keys(params) + 2))
    options = {"causal": 1, "position": int(rng.integers(-2, keys + 2))} if rng.random() < 0.5 else {}
    return _sized(params, (2, queries), (int(rng.integers(1, 3)), keys), **options)


def _causal(params: AttentionParams, _: np.random.Generator) -> Sized:
    """Return as many keys as rows, several tasks."""
    queries = min(2 * params.rows + _tile_keys(params) + 1, params.max_length)
    return _sized(params, (1, queries), (1, queries), causal=1)


def _window(params: AttentionParams, rng: np.random.Generator) -> Sized:
    """Return a sliding window, shorter or longer than a tile; where the design has none, a causal mask."""
    queries = params.rows + 2 * _tile_keys(params) + 1
    size = {} if params.mask == "stop" else {"window": int(rng.integers(1, 2 * _tile_keys(params) + 2))}
    return _sized(params, (1, queries), (1, queries), **(size or {"causal": 1}))


def _sink(params: AttentionParams, rng: np.random.Generator) -> Sized:
    """Return a window far from the first keys, which count besides: tiles between are left out."""
    sized = _window(params, rng)
    far = {"position": 4 * _tile_keys(params)}
    first = min(int(rng.integers(1, _tile_keys(params) + 2)), params.max_length)
    sink = {"sink": first} if params.mask == "sink" else {}
    keys = 4 * _tile_keys(params) + params.rows
    return _sized(params, (1, params.rows), (1, keys), **sized.options, **far, **sink)


def _padded(params: AttentionParams, rng: np.random.Generator) -> Sized:
    """Return entries of a batch that are of different lengths, one of them of none."""
    keys = min(_tile_keys(params) + FEW, params.max_length)
    lengths = [keys, 0, *rng.integers(0, keys + 1, size=2).tolist()]
    causal = {"causal": 1} if rng.random() < 0.5 else {}
    return _sized(params, (4, 1, params.rows), (4, 1, keys), length=rng.permutation(lengths), **causal)


def _shared(heads: int, kv_heads: int) -> Make:
    """Return heads of Q that share keys; the rows of a position go side by side."""

    def make(params: AttentionParams, _: np.random.Generator) -> Sized:
        queries = params.rows // 2 + 1
        return _sized(params, (heads, queries), (kv_heads, queries + FEW), causal=1)

    return make


def _decode(params: AttentionParams, rng: np.random.Generator) -> Sized:
    """Return one query of every head, its keys in a cache that is partly filled."""
    keys = min(2 * _tile_keys(params) + FEW, params.max_length)
    return _sized(params, (2, 4, 1), (2, 2, keys), causal=1, length=rng.integers(1, keys + 1, size=2))


def _batched(params: AttentionParams, _: np.random.Generator) -> Sized:
    """Return several batches and heads, all tasks full."""
    return _sized(params, (2, 2, params.rows), (2, 2, _tile_keys(params) + 1))


def _empty(params: AttentionParams, _: np.random.Generator) -> Sized:
    """Return more rows than keys, the first before all of these: tasks without any key, or with some rows without."""
    return _sized(params, (1, 2 * params.rows + FEW), (1, FEW), causal=1)


def _long(params: AttentionParams, rng: np.random.Generator) -> Sized:
    """Return hundreds of keys."""
    return _sized(params, (1, params.rows), (1, LONG + int(rng.integers(8))))


def _deepest(params: AttentionParams, _: np.random.Generator) -> Sized:
    """Return as many keys as the design counts, if they are few enough: equal ones have the largest sum of weights."""
    return _sized(params, (1, 1), (1, DEEP))


def _far(params: AttentionParams, rng: np.random.Generator) -> Sized:
    """Return tasks whose rows end at keys with numbers of every length, further keys behind them."""
    tasks = 4
    keys = min(DEEP >> 1, params.max_length)
    lengths = (2.0 ** rng.uniform(0, np.log2(keys), tasks)).astype(np.int64)
    lengths[0] = int(rng.integers(keys // 2, keys, endpoint=True))
    return _sized(params, (tasks, 1, params.rows), (tasks, 1, keys), length=lengths, causal=1)


def _short(params: AttentionParams, rng: np.random.Generator) -> Sized:
    """Return many tasks of 1 to 3 keys each, and of none: results want to leave faster than keys come."""
    lengths = rng.integers(0, min(3, params.max_length) + 1, size=10)
    return _sized(params, (10, 1, params.rows), (10, 1, 3), length=lengths)


def _summary(params: AttentionParams, rng: np.random.Generator) -> Sized:
    """Return what is said about rows, some of which see no key."""
    sized = _empty(params, rng) if rng.random() < 0.5 else _padded(params, rng)
    return Sized("summary", sized.q, sized.kv, sized.options)


JOBS: dict[str, Make] = {
    "tile": _tile,
    "single": _single,
    "edge": _edge,
    "ragged": _ragged,
    "causal": _causal,
    "window": _window,
    "sink": _sink,
    "padded": _padded,
    "gqa": _shared(4, 2),
    "mqa": _shared(3, 1),
    "decode": _decode,
    "batched": _batched,
    "empty": _empty,
    "long": _long,
    "deepest": _deepest,
    "far": _far,
    "short": _short,
    "summary": _summary,
}
"""Every job by name."""


def attention_tensors(params: AttentionParams, sized: Sized, data: str, rng: np.random.Generator) -> Operation:
    """Return an operation and its arguments.

    Parameters
    ----------
    params
        The design.
    sized
        Axes and masks.
    data
        A name in `DATA`, for the operands; how large logits are is drawn at random, extremes among them, and so are
        offsets and the requantisation.
    rng
        Source of what is random.
    """
    tensors = _sides(params, sized, data, rng)
    tensors["q"] = _queries(params, sized, data, tensors, rng)
    octaves = np.inf if data in _MONOTONE else _OCTAVES[int(rng.integers(len(_OCTAVES)))]
    tensors |= sized.options
    tensors |= draw_scale(params, tensors, octaves, rng)
    if data == EQUAL and np.abs(tensors["q"]).sum(axis=-1).max() * -params.operand_format.lo < logit_limit(params):
        # Logits of few bits, none of which is dropped.
        tensors |= {"scale_multiplier": 1, "scale_shift": 0}
    tensors |= draw_offset(params, tensors, rng)
    epilogue = draw_epilogue(params, sized.q, rng)
    if data == "maximum" and "shift" in epilogue:
        epilogue["shift"] = 0
    return sized.operation, tensors | epilogue


def _sides(params: AttentionParams, sized: Sized, data: str, rng: np.random.Generator) -> Tensors:
    """Return `k` and `v` and, where the design has them, their scales."""
    drawn: Tensors = {}
    for name, lanes, elements in (("k", params.e_lanes, params.e), ("v", params.f_lanes, params.f)):
        shape = (*sized.kv, elements)
        codes = _keys(params, data, shape, rng) if name == "k" else _values(params, data, shape, rng)
        if params.kv_scale_bits is not None:
            scale = _scales(params, data, (*sized.kv, params.scale_lanes(lanes) * (elements // lanes)), rng)
            codes, drawn[f"{name}_scale"] = fitting_codes(params, codes, scale), _one_or_all(scale)
        drawn[name] = codes
    return drawn


def _one_or_all(scale: IntArray) -> IntArray | int:
    """Return one number where it stands for all, or the array."""
    return int(scale.flat[0]) if (scale == scale.flat[0]).all() else scale


def _scales(params: AttentionParams, data: str, shape: Shape, rng: np.random.Generator) -> IntArray:
    """Return scales: the same for all keys where these are ordered or equal, largest where codes are extreme."""
    form = params.kv_scale_format
    if data in _EXTREME:
        return np.full(shape, min(form.hi, params.operand_format.lo // params.kv_format.lo), dtype=np.int64)
    if data == EQUAL:
        return np.broadcast_to(np.maximum(form.random(rng, (1, shape[-1])), 1), shape)
    return np.maximum(form.random(rng, shape), 1)


def _keys(params: AttentionParams, data: str, shape: Shape, rng: np.random.Generator) -> IntArray:
    """Return the codes of the keys."""
    form, (count, elements) = params.kv_format, shape[-2:]
    if data in DATA_PATTERNS:
        return values(data, form, shape, rng)
    if data == EQUAL:
        return np.broadcast_to(form.random(rng, (*shape[:-2], 1, elements)), shape).copy()
    if data == DOMINATING:
        small = np.clip(form.random(rng, shape), -1, 1)
        small[..., int(rng.integers(count)), :] = rng.choice([form.lo, form.hi], size=elements)
        return small
    # Elements rise one after the other, so that the sum over all of them rises by as much from key to key.
    level = np.linspace(0, (form.hi - form.lo) * elements, count).astype(np.int64)[:, np.newaxis]
    ramp = form.lo + (level + rng.permutation(elements)) // elements
    return np.broadcast_to(ramp, shape).copy()


def _values(params: AttentionParams, data: str, shape: Shape, rng: np.random.Generator) -> IntArray:
    """Return the codes of the values."""
    return values(
        data if data in DATA_PATTERNS else ("random", "corners")[int(rng.integers(2))], params.kv_format, shape, rng
    )


def _queries(params: AttentionParams, sized: Sized, data: str, tensors: Tensors, rng: np.random.Generator) -> IntArray:
    """Return Q."""
    form, shape = params.q_format, (*sized.q, params.e)
    if data in DATA_PATTERNS:
        return values(data, form, shape, rng)
    if data in _MONOTONE:
        sizes = np.maximum(form.random(rng, shape), 1) if rng.random() < 0.5 else np.full(shape, form.hi)
        return sizes if data == RISING else -sizes
    if data == DOMINATING:
        # For half of the rows the one key is the best one, for the others the worst one.
        key = np.asarray(tensors["k"]).reshape(-1, params.e)
        signs = np.sign(key[np.argmax(np.abs(key).sum(axis=1))])
        along: IntArray = signs * rng.choice([form.lo + 1, form.hi], size=(*sized.q, 1))
        return along
    drawn = form.random(rng, shape)
    return np.clip(drawn, -1, 1) if data == EQUAL else drawn
