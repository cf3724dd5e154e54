"""Cover points of the attention family."""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...generators.attention.family import ATTENTION
from ...generators.attention.params import AttentionParams
from .attention_facts import AttentionFacts
from .common import axis, crosses, operand, operations, resets, scalars, streams
from .epilogues import requantising
from .observation import Observation, Point, Points, Stimulus

__all__ = ["learn", "points"]

IntArray = NDArray[np.int64]


def learn(stimulus: Stimulus) -> AttentionFacts:
    """Return what the points look at."""
    return AttentionFacts(stimulus)


def points(params: AttentionParams) -> Points:
    """Return the points that an engine can reach."""
    edges = (
        *axis("rows", params.rows, lambda f: f.group_rows),
        *axis("keys", params.key_tile, lambda f: f.keys, params.max_length),
    )
    masked = _masks(params)
    return (
        *operations(ATTENTION.operations_of(params)),
        *_heads(),
        *operand("q", params.q_format, lambda f: f.tensor("q"), lambda f: f.rows_of("q")),
        *operand("k", params.kv_format, lambda f: f.tensor("k"), lambda f: f.rows_of("k")),
        *operand("v", params.kv_format, lambda f: f.tensor("v"), lambda f: f.rows_of("v")),
        *_scales(params),
        *masked,
        *edges,
        *_logits(params),
        *_softmax(params),
        *(requantising(params, lambda f: f.requantised, negative=True) if params.requantize else ()),
        *streams(ATTENTION.ports(params), _flowing(params)),
        *resets(),
        *crosses([*(p for p in edges if "ragged" in p.name), *(p for p in masked if p.name == "row without a key")]),
    )


def _flowing(params: AttentionParams) -> list[str]:
    """Return the streams that can move a beat in every cycle."""
    names = [name for name, beats in (("k", params.key_beats), ("v", params.value_beats)) if beats > 1]
    return names + (["q"] if params.key_beats > 1 else []) + (["o"] if params.value_beats > 1 else [])


def _heads() -> Points:
    return (
        Point("heads", "matrices", "rows and keys without heads", lambda o: np.ndim(o.tensors["q"]) == 2),
        Point("heads", "several", "several heads, each with keys of its own", lambda o: _head(o, own=True)),
        Point("heads", "shared", "several heads share their keys", lambda o: _head(o, own=False)),
        Point("heads", "batch", "several entries of a batch", lambda o: o.facts.operands.q.shape[0] > 1),
    )


def _head(o: Observation, *, own: bool) -> bool:
    operands = o.facts.operands
    return bool(operands.k.shape[1] > 1) if own else bool(operands.group > 1)


def _scales(params: AttentionParams) -> Points:
    if params.kv_scale_bits is None:
        return ()
    tests: dict[str, Any] = {"1": lambda s: s == 1}
    tests |= {"highest": lambda s: s == params.kv_scale_format.hi} if params.kv_scale_bits > 1 else {}
    named = ("k_scale", "v_scale")
    return tuple(p for name in named for p in scalars("scales", name, partial(_tensor, name), tests))


def _tensor(name: str, facts: AttentionFacts) -> IntArray:
    return facts.tensor(name)


def _masks(params: AttentionParams) -> Points:
    """Return every kind of mask, and what masks leave of rows and tiles."""
    kinds = ("causal", "window", "sink", "length", "position")
    there = {"window": params.mask != "stop", "sink": params.mask == "sink"}
    made = [Point("masks", "none", "every row sees every key", lambda o: not any(kind in o.tensors for kind in kinds))]
    made += [
        Point("masks", kind, f"{kind} is given", partial(_masked_by, kind)) for kind in kinds if there.get(kind, True)
    ]
    made += [
        Point("masks", "length 0", "an entry without valid keys", lambda o: bool((_length(o) == 0).any())),
        Point("masks", "row without a key", "all is masked in a row", lambda o: bool((o.facts.seen == 0).any())),
        Point("masks", "row with one key", "a row sees one key alone", lambda o: bool((o.facts.seen == 1).any())),
        Point("masks", "task without a key", "all rows of a task see none", lambda o: o.facts.empty_task),
    ]
    if params.rows > 1:
        meaning = "rows of a task see different numbers of keys"
        made.append(Point("masks", "task of unlike rows", meaning, lambda o: o.facts.unlike_rows))
    if params.key_tile > 1 and params.max_length > 1:
        made.append(Point("masks", "tile partly masked", "for some row", lambda o: o.facts.partial_tile))
    if params.mask != "stop" and params.max_length > params.key_tile:
        meaning = "a task's first tiles are all masked and left out"
        made.append(Point("masks", "first tiles left out", meaning, lambda o: o.facts.late_start))
    if params.mask == "sink" and params.max_length > 2 * params.key_tile:
        meaning = "tiles between first keys and window are left out"
        made.append(Point("masks", "tiles between left out", meaning, lambda o: o.facts.hole))
    return tuple(made)


def _masked_by(kind: str, o: Observation) -> bool:
    return o.tensors.get(kind) is not None


def _length(o: Observation) -> IntArray:
    return np.asarray(o.tensors.get("length", 1))


def _logits(params: AttentionParams) -> Points:
    """Return sizes and signs of logits."""
    half = 1 << (params.logit_integer + params.logit_fraction - 2)
    return (
        Point("logits", "zero", "a logit is 0", lambda o: bool((o.facts.logits == 0).any())),
        Point("logits", "large", "a logit above half of the range", lambda o: bool((o.facts.logits > half).any())),
        Point("logits", "small", "a logit below half of the range", lambda o: bool((o.facts.logits < -half).any())),
        Point("logits", "shift 0", "nothing is dropped", lambda o: bool((o.facts.operands.scale_shift == 0).any())),
        Point("logits", "rounded", "bits are dropped", lambda o: bool((o.facts.operands.scale_shift > 0).any())),
    )


def _softmax(params: AttentionParams) -> Points:
    """Return what happens to maxima and weights."""
    made = [
        Point("softmax", "equal keys", "all keys that a row sees have one logit", lambda o: o.facts.equal_keys),
        Point("softmax", "one decides", "all other keys have weight 0", lambda o: o.facts.one_decides),
        Point("softmax", "octave", "a largest logit of whole octaves", lambda o: o.facts.whole_octave),
        Point("softmax", "lowest mean", "all values that a row sees are lowest", lambda o: o.facts.extreme_mean(-1)),
        Point("softmax", "highest mean", "all values that a row sees are highest", lambda o: o.facts.extreme_mean(1)),
    ]
    made += _online(params) if params.softmax == "online" else ()
    if params.softmax == "unified_max":
        made += [
            Point("softmax", "as expected", "a row's maximum fits its offset", lambda o: bool(o.facts.fits.any())),
            Point("softmax", "too high", "a maximum above its offset", lambda o: bool(o.facts.too_high.any())),
            Point("softmax", "too low", "a maximum far below its offset", lambda o: bool(o.facts.too_low.any())),
        ]
    return tuple(made)


def _online(params: AttentionParams) -> Points:
    """Return how the maximum of a row may rise, and sums be rescaled."""
    made = [
        Point("softmax", "maximum stays", "the first key of a row has its maximum", lambda o: o.facts.stays),
        Point("softmax", "maximum rises", "a later key is larger", lambda o: bool((o.facts.rises > 0).any())),
        Point("softmax", "rises again", "the maximum rises with three keys or more", lambda o: o.facts.rises_often),
    ]
    if params.logit_integer > 4:
        meaning = "a key raises the maximum by 8 octaves or more"
        made.append(Point("softmax", "rises by many", meaning, lambda o: bool((o.facts.rises >= 8).any())))
    far = params.accumulator_bits
    if far < 1 << (params.logit_integer - 1):
        meaning = "all that was summed is shifted out"
        made.append(Point("softmax", "rises by all", meaning, lambda o: bool((o.facts.rises >= far).any())))
    return tuple(made)
