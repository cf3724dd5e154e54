"""Tensors that meet every entry of a unit's tables and every place of its shifts, each vector with its own scales."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...generators.vector.activation_shape import ActivationShape
from ...generators.vector.examples import draw_arguments
from ...generators.vector.norm_shape import NormShape
from ...generators.vector.params import ACTIVATIONS, NORMS, VectorParams
from ...generators.vector.ports import scale_formats
from ...generators.vector.scales import softmax_scales
from ...generators.vector.softmax_shape import OCTAVES
from .base import Tensors

__all__ = ["EVERY", "FEW", "SWEEPS"]

IntArray = NDArray[np.int64]
FEW, EVERY = 96, 1 << 15
"""Vectors of a sweep in the bench, and of one that leaves nothing out."""
BEYOND = 8
"""Arguments behind the last one that a table has."""


def scales(params: VectorParams, count: int, rng: np.random.Generator) -> Tensors:
    """Return vectors of one beat with scales from all over their formats: sums that overflow, and none but rounding.

    Parameters
    ----------
    params
        The unit.
    count
        Vectors.
    rng
        Source of the numbers.
    """
    count = min(count, EVERY // 4)
    shape = (count, _even(params, params.lanes))
    drawn = {"x": params.x_format.random(rng, shape)} | draw_arguments(params, shape, rng, each=True, corners=False)
    for name, (form, _) in scale_formats(params).items():
        # By the number of bits, so that small numbers are among them.
        lo, hi = form.lo, form.hi
        size = form.clip(np.rint(2.0 ** rng.uniform(0, np.log2(hi + 1.0), count)).astype(np.int64))
        drawn[name] = rng.integers(lo, hi, count, endpoint=True) if hi < 64 or lo < 0 else size
    if "zero_point" in drawn:
        drawn["zero_point"] = params.o_format.random(rng, (count,))
    return drawn


def tables(params: VectorParams, count: int, rng: np.random.Generator) -> Tensors:
    """Return vectors that look up the whole of a unit's tables, and results that show what was looked up.

    Parameters
    ----------
    params
        The unit; one without tables gets any vectors.
    count
        Vectors, at most; of tables with more entries some are left out by chance.
    rng
        Source of the numbers.
    """
    if params.unit in ACTIVATIONS:
        return _corrections(params, count, rng)
    if params.unit in NORMS:
        return _roots(params, count // 4, rng)
    if params.unit == "softmax":
        return _powers(params, count // 4, rng)
    return scales(params, count // 4, rng)


SWEEPS: dict[str, Callable[[VectorParams, int, np.random.Generator], Tensors]] = {"scales": scales, "tables": tables}
"""Jobs whose arguments are not drawn one by one."""


def _corrections(params: VectorParams, count: int, rng: np.random.Generator) -> Tensors:
    """Return x that is a power of two, its correction cancelled by a multiplier but for a small rest.

    The result is that rest, so that a correction that is off by its last bit shows in every lane.
    """
    shape = ActivationShape(params)
    every = np.arange(shape.reach + BEYOND)
    argument = every if len(every) <= count else np.sort(rng.choice(every, count, replace=False))
    place = min(max(shape.argument.bits - 1 - params.multiplier_bits, 0), params.x_format.bits - 2)
    factor = params.multiplier_format.clip(argument >> place)
    found = np.minimum(factor << place, shape.argument.hi)
    gap = np.where(found < shape.reach, shape.table.evaluate(np.minimum(found, shape.reach - 1)), 0)
    shift = shape.alignment + place
    weight = min(shift, params.multiplier_bits - 1)
    rest = params.o_format.random(rng, gap.shape) // 2
    return {
        "x": np.full((len(argument), params.lanes), 1 << place),
        "input_multiplier": factor,
        "input_shift": np.full_like(factor, shape.lift),
        "multiplier": params.multiplier_format.clip((gap << weight >> shift) + rest),
        "correction": np.full_like(factor, 1 << weight),
        "shift": np.full_like(factor, shift),
        "zero_point": params.o_format.random(rng, gap.shape) // 4,
    }


def _roots(params: VectorParams, count: int, rng: np.random.Generator) -> Tensors:
    """Return vectors with an epsilon of any size, scaled so that results use their format."""
    lengths = min(params.max_length, 4 * params.lanes)
    shape = (count, lengths)
    drawn: dict[str, Any] = {"x": params.x_format.random(rng, shape)}
    drawn |= draw_arguments(params, shape, rng, each=True, corners=False)
    form = NormShape(params).epsilon
    drawn["epsilon"] = form.clip(np.rint(2.0 ** rng.uniform(0, form.bits, count)).astype(np.int64))
    squares = lengths * (drawn["x"] ** 2).sum(axis=1) + 1.0
    size = np.sqrt(squares / (squares + drawn["epsilon"])) * 2.0**params.fraction
    size *= np.sqrt(np.mean(np.square(drawn.get("gamma", np.ones(1)))) + 1)
    multiplier = params.multiplier_format.random(rng, (count,)) | 1 << params.multiplier_bits - 1
    shift = np.rint(np.log2(size * multiplier / params.o_format.hi)).astype(np.int64)
    return drawn | {"multiplier": multiplier, "shift": params.shift_format.clip(shift)}


def _powers(params: VectorParams, count: int, rng: np.random.Generator) -> Tensors:
    """Return vectors of a few beats: elements a few octaves apart, so that all of them count, or hundreds, and equal.

    Where beats are hundreds of octaves apart nothing must be left of the lower ones, however long their distance is.
    """
    shape = (count, min(params.max_length, int(rng.integers(1, 4)) * params.lanes))
    form = params.x_format
    octaves = 2.0 ** rng.uniform(-3, 3, count) / form.hi
    steep = rng.random(count) < 0.5
    octaves[steep] = 2.0 ** rng.uniform(0, OCTAVES, steep.sum())
    # Around any number, since a difference is all that counts.
    near = form.clip(form.random(rng, (count, 1)) + rng.integers(0, 17, shape))
    x = np.where(steep[:, np.newaxis], near, form.random(rng, shape))
    return {"x": x} | softmax_scales(params, octaves * math.log(2))


def _even(params: VectorParams, length: int) -> int:
    """Return a length that the unit takes."""
    length = min(length, params.max_length) if params.holds else length
    return length + length % 2 if params.unit == "rope" else length
