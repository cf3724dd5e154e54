"""Attention on rows that are hard in some way, measured against real numbers."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtloom.generators.attention.params import AttentionParams
from rtloom.generators.attention.scales import logit_scale
from rtloom.verif.golden.attention import compute
from rtloom.verif.golden.attention_bound import error_bound
from rtloom.verif.golden.attention_real import real_attention

__all__ = ["KINDS", "Case", "Errors", "lost_weights", "measure", "scored"]

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """Operands with an axis of heads; `octaves` is what a score of 1 is worth in base 2, (H, Lq), before rounding."""

    q: IntArray
    k: IntArray
    v: IntArray
    octaves: FloatArray


Make = Callable[[AttentionParams, np.random.Generator, int, int], Case]


@dataclass(frozen=True)
class Errors:
    """Largest differences from real numbers: in elements of V, as a share of V's range, and of the documented bound."""

    rows: int
    element: float
    range_share: float
    bound_share: float


def measure(params: AttentionParams, case: Case, offset: int | None = None) -> Errors:
    """Return the errors of a case, all keys allowed; with unified_max some rows need the second pass if not told.

    Raises
    ------
    InputError
        Where the case does not fit the design.
    """
    multiplier, shift = logit_scale(params, case.octaves * math.log(2))
    scale = {"scale_multiplier": multiplier, "scale_shift": shift}
    unit = multiplier * 2.0 ** -(shift + params.logit_fraction) * math.log(2)
    expected, mass = real_attention(case.q, case.k, case.v, unit)
    if params.softmax == "unified_max":
        scale["offset"] = _usual_maximum(params, case, scale) if offset is None else offset
    got = compute(params, "attention", q=case.q, k=case.k, v=case.v, **scale) / 2.0**params.output_fraction
    error = np.abs(got - expected).max(axis=-1)
    spread, largest = int(case.v.max() - case.v.min()), int(np.abs(case.v).max())
    bound = error_bound(params, case.k.shape[-2], spread, largest, mass)
    worst = float(error.max())
    return Errors(error.size, worst, worst / spread if spread else math.inf, float((error / bound).max()))


def _usual_maximum(params: AttentionParams, case: Case, scale: dict[str, IntArray]) -> IntArray:
    """Return an offset for each head, right for about half of its rows."""
    online = params.replace(softmax="online", slack_bits=None)
    maxima = compute(online, "summary", q=case.q, k=case.k, v=case.v, **scale)[..., 0]
    return np.median(maxima, axis=-1).astype(np.int64)


def scored(scores: IntArray, e: int) -> tuple[IntArray, IntArray]:
    """Return a row (E,) of Q and keys (Lk, E) that have these scores, of at most ``8 * 127**2``; E is 9 or more."""
    q = np.where(np.arange(e) < 8, 127, 0)
    q[-1] = 1
    k, rest = np.zeros((len(scores), e), dtype=np.int64), scores.copy()
    for at in range(8):
        k[:, at] = np.clip(np.rint(rest / 127), -127, 127)
        rest -= 127 * k[:, at]
    k[:, -1] = rest
    return q, k


def lost_weights(params: AttentionParams, keys: int, above: int = 0) -> Case:
    """Return one key against many that have just too little weight not to be rounded to 0, opposite values.

    `above` is by how many octaves the expected maximum will be above the real one.
    """
    octaves = 2.0**-10
    gap = math.ceil((params.weight_bits + 1 - above) / octaves) + 4
    scores = np.full(keys, -gap)
    scores[0] = 0
    q, k = scored(scores, params.e)
    v = np.full((keys, params.f), 127)
    v[0] = -128
    return Case(q[np.newaxis, np.newaxis], k[np.newaxis], v[np.newaxis], np.full((1, 1), octaves))


def _int8(rng: np.random.Generator, *shape: int) -> IntArray:
    return rng.integers(-128, 128, shape)


def _sharpness(rng: np.random.Generator, q: IntArray, k: IntArray, most: float = 300.0) -> FloatArray:
    """Return an octave's worth for each row: from all keys alike to one that has all weight."""
    reach = np.abs(q).sum(axis=-1) * np.abs(k).max()
    return most / reach * 2.0 ** rng.uniform(-12, 0, q.shape[:-1])


def _random(params: AttentionParams, rng: np.random.Generator, rows: int, keys: int) -> Case:
    """Return what is nothing in particular."""
    q, k, v = _int8(rng, 1, rows, params.e), _int8(rng, 1, keys, params.e), _int8(rng, 1, keys, params.f)
    return Case(q, k, v, _sharpness(rng, q, k))


def _equal(params: AttentionParams, rng: np.random.Generator, rows: int, keys: int) -> Case:
    """Return keys that are all the same."""
    case = _random(params, rng, rows, keys)
    return Case(case.q, np.repeat(case.k[:, :1], keys, axis=1), case.v, case.octaves)


def _dominating(params: AttentionParams, rng: np.random.Generator, rows: int, keys: int) -> Case:
    """Return one key somewhere that is 0 to 24 octaves above all others: these are alike or differ by up to two."""
    scores = -rng.integers(0, rng.choice([1, 1 << 11]), keys) - (24 << 10)
    scores[rng.integers(keys)] = 0
    q, k = scored(scores, params.e)
    octaves = 2.0**-10 * rng.uniform(0, 1, (1, rows))
    return Case(np.tile(q, (1, rows, 1)), k[np.newaxis], _int8(rng, 1, keys, params.f), octaves)


def _alternating(params: AttentionParams, rng: np.random.Generator, rows: int, keys: int) -> Case:
    """Return extreme keys and values in turn, the signs of keys and of values as different as they can be."""
    sign = 1 - 2 * (np.arange(keys) % 2)
    q = np.where(rng.random((1, rows, params.e)) < 0.5, 127, -128)
    k = np.where(sign[:, np.newaxis] * (1 - 2 * (np.arange(params.e) % 2)) > 0, 127, -128)[np.newaxis]
    v = np.where(sign[:, np.newaxis] * rng.choice([-1, 1], params.f) > 0, 127, -128)[np.newaxis]
    return Case(q, k, v, _sharpness(rng, q, k))


def _rising(params: AttentionParams, rng: np.random.Generator, rows: int, keys: int) -> Case:
    """Return keys of which each is above the one before, so that the sums are rescaled most often."""
    q, k = scored(np.arange(keys) * 100 - keys * 50, params.e)
    octaves = 2.0 ** rng.uniform(-13, -9, (1, rows))
    return Case(np.tile(q, (1, rows, 1)), k[np.newaxis], _int8(rng, 1, keys, params.f), octaves)


KINDS: dict[str, Make] = {
    "random": _random,
    "all equal": _equal,
    "one dominating": _dominating,
    "alternating extremes": _alternating,
    "rising": _rising,
}
"""Cases by what is hard about them: of a design, with a generator, so many rows and keys."""
