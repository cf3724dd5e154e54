"""Figures of the attention family's accuracy: rows that are hard in some way, and the functions within."""

import numpy as np

from rtloom.errors import CheckError
from rtloom.figures import Figure
from rtloom.generators.attention.functions import RECIPROCAL_BITS
from rtloom.generators.attention.params import AttentionParams
from rtloom.hdl.piecewise_shape import PiecewiseShape

from ..golden.attention_data import KINDS, Case, Errors, lost_weights, measure

SEED = 2026
SOFTMAX = ("online", "three_pass", "unified_max")
LENGTHS = (1, 2, 17, 64, 256, 1024)
ROWS = 500
LONG, LONG_ROWS = 1 << 16, 8
MOST_RISES = 2500
"""Keys that are each above the one before without any logit that saturates."""

WEIGHT_BITS = (16, 20)
LOST_LENGTHS = (256, 1024, 4096, LONG)
BAR = 100 * 2**-7
"""Largest error, in percent of V's range."""

EXACT = "golden against float64 attention of the same integers"


def figures() -> dict[str, Figure]:
    """Return all figures of this file; an error above the documented bound raises, or above the bar where it counts."""
    found: dict[str, Figure] = {}
    for softmax in SOFTMAX:
        found |= _rows(softmax)
    return {**found, **_long(), **_lost(), **_exponentials(), **_reciprocal()}


def _rows(softmax: str) -> dict[str, Figure]:
    """Measure rows of every kind at many lengths on the default design, all of which must be good enough."""
    params, rng = AttentionParams.parse({"softmax": softmax}), np.random.default_rng(SEED)
    found, rows = {}, 0
    for kind, make in KINDS.items():
        errors = [_checked(params, make(params, rng, ROWS, keys), kind) for keys in LENGTHS]
        rows += sum(error.rows for error in errors)
        # With one key or two, V may have hardly any range of its own.
        worst = max(100 * error.element / 255 for error in errors)
        if worst > BAR:
            raise CheckError(f"Attention error must be at most {BAR:.3f} % of V's range, but is {worst:.3f} %: {kind}")
        found[f"attention {softmax}, rows {kind}, largest error of V's range"] = Figure(worst, "%", EXACT)
    keys = f"{LENGTHS[0]} to {LENGTHS[-1]} keys"
    return found | {f"attention {softmax}, rows measured, {keys}": Figure(rows, "rows", EXACT)}


def _long() -> dict[str, Figure]:
    """Measure long rows with fewer and with more bits of a weight."""
    found = {}
    for bits in WEIGHT_BITS:
        params, rng = AttentionParams.parse({"weight_bits": bits, "e": 16, "f": 16}), np.random.default_rng(SEED)
        for kind, make in KINDS.items():
            keys = MOST_RISES if kind == "rising" else LONG
            error = _checked(params, make(params, rng, LONG_ROWS, keys), kind)
            label = f"attention online, weight_bits {bits}, {keys} keys, rows {kind}, largest error of V's range"
            found[label] = Figure(100 * error.element / 255, "%", EXACT)
    return found


def _lost() -> dict[str, Figure]:
    """Measure the worst that rounding of weights can do: one key against many of which each is just rounded to 0."""
    found = {}
    for bits in WEIGHT_BITS:
        params = AttentionParams.parse({"weight_bits": bits, "e": 16, "f": 16})
        for keys in LOST_LENGTHS:
            error = _checked(params, lost_weights(params, keys), "lost weights")
            label = f"attention online, weight_bits {bits}, {keys} keys all but one just lost, error of V's range"
            found[label] = Figure(100 * error.range_share, "%", EXACT)
    return found


def _checked(params: AttentionParams, case: Case, kind: str) -> Errors:
    """Return the errors of a case, or raise where they are above the documented bound."""
    errors = measure(params, case)
    if errors.bound_share > 1:
        raise CheckError(f"Attention error must stay below its bound, but is {errors.bound_share:.3f} times it: {kind}")
    return errors


def _exponentials() -> dict[str, Figure]:
    """Evaluate every x of every accuracy."""
    found = {}
    for kind in ("table", "polynomial"):
        for accuracy in range(6, 16):
            params = AttentionParams.parse({"exponential": kind, "exponential_accuracy": accuracy})
            shape, x = params.exponential_shape, np.arange(1 << params.logit_fraction)
            ratio = shape.evaluate(x) * 2.0 ** (x / len(x))
            error = (ratio.max() - ratio.min()) / (ratio.max() + ratio.min())
            size = f"{shape.segments} entries" if isinstance(shape, PiecewiseShape) else f"degree {shape.degree}"
            label = f"attention 2**-x as {kind}, accuracy {accuracy}, {size}, relative error in units of 2**-{accuracy}"
            found[label] = Figure(float(error) * 2**accuracy, "x", "exact, all inputs, weight_bits 16")
    return found


def _reciprocal() -> dict[str, Figure]:
    """Evaluate every x of the reciprocal."""
    shape = AttentionParams.parse({}).reciprocal_shape
    x = np.arange(1 << shape.x_bits)
    error = np.abs(shape.evaluate(x) / 2**RECIPROCAL_BITS - 1 / (1 + x / len(x))).max()
    label = f"attention reciprocal, {shape.segments} entries, error in units of 2**-14"
    return {label: Figure(float(error) * 2**14, "x", "exact, all inputs")}
