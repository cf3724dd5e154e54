"""Random arguments that a design takes: scales that no logit saturates with, scaled codes, offsets, requantisation."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .masks import Masks
from .maxima import row_maxima
from .params import AttentionParams
from .scales import logit_limit
from .tensors import Operands

__all__ = ["draw_epilogue", "draw_offset", "draw_scale", "fitting_codes", "one_for"]

IntArray = NDArray[np.int64]
Tensors = dict[str, Any]


def one_for(rng: np.random.Generator, lead: tuple[int, ...]) -> tuple[int, ...]:
    """Draw the shape of what belongs to rows: one number, one for each head, or one for each row.

    Parameters
    ----------
    rng
        Source of the choice.
    lead
        Axes of Q but for the last.
    """
    shapes = [(), lead[-2:-1] or (1,), lead]
    return shapes[int(rng.integers(len(shapes)))]


def draw_scale(params: AttentionParams, tensors: Tensors, octaves: float, rng: np.random.Generator) -> Tensors:
    """Draw the scale with which the largest logit that Q and K could make has so many octaves, or as many as it may.

    Parameters
    ----------
    params
        The design.
    tensors
        `q`, `k`, `v` and their scales.
    octaves
        Positive; more than a logit holds means all that it does.
    rng
        Decides whether there is one scale, one for each head or one for each row.
    """
    operands = Operands.check(params, tensors)
    reach = operands.heads.from_rows(operands.reach)
    shape = one_for(rng, reach.shape)
    largest = np.maximum(_most(reach, shape), 1)
    # Half a unit less, so that a logit at the limit stays below it.
    target = min(octaves * 2.0**params.logit_fraction, logit_limit(params)) - 0.5
    mantissa, exponent = np.frexp(target / largest)
    shift = params.scale_bits - exponent.astype(np.int64)
    whole = np.floor(np.ldexp(mantissa, params.scale_bits)).astype(np.int64)
    multiplier = np.where(shift < 0, params.scale_format.hi, np.maximum(whole, 1))
    return {"scale_multiplier": multiplier, "scale_shift": np.maximum(shift, 0)}


def _most(reach: IntArray, shape: tuple[int, ...]) -> IntArray:
    """Return the largest reach of all rows, of each head's, or of each row."""
    if shape == reach.shape:
        return reach
    if not shape:
        return np.array(reach.max())
    most: IntArray = reach.reshape(-1, *shape, reach.shape[-1]).max(axis=(0, -1))
    return most


def fitting_codes(params: AttentionParams, codes: IntArray, scale: IntArray) -> IntArray:
    """Return the codes nearest to those given that are elements of int8 when scaled.

    Parameters
    ----------
    params
        The design.
    codes
        ``(…, elements)``.
    scale
        ``(…, groups)``, at least 1.
    """
    form, size = params.operand_format, codes.shape[-1] // scale.shape[-1]
    wide = np.repeat(scale, size, axis=-1)
    fitting: IntArray = np.clip(codes, -(-form.lo // wide), form.hi // wide)
    return fitting


def draw_offset(params: AttentionParams, tensors: Tensors, rng: np.random.Generator) -> Tensors:
    """Draw the maximum that each row of a unified_max design is said to have: right, too low or too high.

    Parameters
    ----------
    params
        The design; of another kind it takes no offset.
    tensors
        All other arguments.
    rng
        Decides which rows have to be done again: none, some or all.
    """
    if params.softmax != "unified_max":
        return {}
    operands = Operands.check(params, tensors)
    heads = operands.heads
    scale = [
        heads.per_row(form, tensors[name], name)
        for name, form in (("scale_multiplier", params.scale_format), ("scale_shift", params.shift_format))
    ]
    maxima = row_maxima(params, operands, Masks.check(params, heads, tensors), (scale[0], scale[1]))
    slack = params.slack
    right, low, high = [0, 1, slack], [-1, -2, -slack], [slack + 1, slack + 9]
    kinds = [right, right + low + high, low, high, right * 9 + low + high]
    off = rng.choice(kinds[int(rng.integers(len(kinds)))], size=maxima.shape)
    # A row without a key may be said to have any maximum.
    anything = params.maximum_format.random(rng, maxima.shape)
    offset = np.where(maxima == params.no_key, anything, params.maximum_format.clip(maxima + off))
    return {"offset": heads.from_rows(offset)}


def draw_epilogue(params: AttentionParams, lead: tuple[int, ...], rng: np.random.Generator) -> Tensors:
    """Draw a requantisation that brings means to the output's range, and beyond now and then.

    Parameters
    ----------
    params
        The design; one that does not requantize takes none.
    lead
        Axes of Q but for the last.
    rng
        Source of the numbers.
    """
    if not params.requantize:
        return {}
    form = params.requantized_format
    shape = one_for(rng, lead)
    fit = params.mean_format.bits + params.multiplier_bits - form.bits
    multiplier = params.multiplier_format.random(rng, shape)
    shift = np.clip(fit + rng.integers(-6, 1, size=shape), 0, params.shift_format.hi)
    return {"multiplier": multiplier, "shift": shift, "zero_point": int(form.random(rng, (1,))[0])}
