"""Random tensors for self-tests of an attention engine: one task and several, masks, shared heads, extremes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import must
from ...hdl.formats import Format
from .drawing import draw_epilogue, draw_offset, draw_scale, fitting_codes
from .params import AttentionParams

__all__ = ["attention_example"]

IntArray = NDArray[np.int64]
SIZES = ("small", "ragged", "corner")

_OCTAVES = 12.0
"""Largest logit of ordinary examples: many keys count, none alone."""


def attention_example(params: AttentionParams, size: str, seed: int) -> dict[str, Any]:
    """Return the arguments of an attention that exercises the design.

    Parameters
    ----------
    params
        The engine's parameters.
    size
        ``small``: one task, no mask; ``ragged``: a batch of two, two heads that share keys and look back only, the
        entries of the batch of different lengths; ``corner``: as ragged, with extreme values only and logits as large
        as they may be.
    seed
        Of the random numbers.
    """
    if size not in SIZES:
        raise must("Example size", f"be {', '.join(SIZES)}", size)
    rng = np.random.default_rng(seed)
    lead, kv_lead, options = _small(params) if size == "small" else _ragged(params)
    tensors = _operands(params, lead, kv_lead, rng, size == "corner") | options
    tensors |= draw_scale(params, tensors, float("inf") if size == "corner" else _OCTAVES, rng)
    return tensors | draw_offset(params, tensors, rng) | draw_epilogue(params, lead, rng)


Shape = tuple[int, ...]


def _small(params: AttentionParams) -> tuple[Shape, Shape, dict[str, Any]]:
    """Return the axes of Q and K but for the elements, and no mask."""
    return (params.rows,), (min(params.key_tile + 1, params.max_length, 40),), {}


def _ragged(params: AttentionParams) -> tuple[Shape, Shape, dict[str, Any]]:
    """Return axes of a batch of two, one head of keys for two of queries, and every mask that the design has."""
    queries = params.rows // 2 + 2
    keys = min(min(params.key_tile, 16) + 5, params.max_length)
    options: dict[str, Any] = {"causal": 1, "length": [keys, keys // 2]}
    if params.mask != "stop":
        options["window"] = max(keys // 3, 1)
    if params.mask == "sink":
        options["sink"] = min(2, keys)
    return (2, 2, queries), (2, 1, keys), options


def _operands(
    params: AttentionParams, lead: Shape, kv_lead: Shape, rng: np.random.Generator, corner: bool
) -> dict[str, Any]:
    """Draw Q, K, V and the scales of K and V."""
    drawn = {"q": _draw(params.q_format, (*lead, params.e), rng, corner)}
    for name, lanes, elements in (("k", params.e_lanes, params.e), ("v", params.f_lanes, params.f)):
        codes = _draw(params.kv_format, (*kv_lead, elements), rng, corner)
        if params.kv_scale_bits is not None:
            groups = params.scale_lanes(lanes) * (elements // lanes)
            scale = np.maximum(_draw(params.kv_scale_format, (*kv_lead, groups), rng, corner), 1)
            codes, drawn[f"{name}_scale"] = fitting_codes(params, codes, scale), scale
        drawn[name] = codes
    return drawn


def _draw(form: Format, shape: Shape, rng: np.random.Generator, corner: bool) -> IntArray:
    """Draw values of a format, uniformly or from its corners."""
    return rng.choice(form.corners(), size=shape) if corner else form.random(rng, shape)
