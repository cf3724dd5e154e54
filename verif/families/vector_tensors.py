"""Tensors for vector units: lengths at every edge of a beat, scales of every size, and values that strain the sums."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ...generators.vector.examples import draw_arguments
from ...generators.vector.params import ACTIVATIONS, NORMS, VectorParams
from ...generators.vector.timing import held_vectors
from ..stimulus import DATA_PATTERNS, rng_for, values
from .base import DEEP, Tensors
from .vector_sweeps import EVERY, FEW, SWEEPS

__all__ = ["DATA", "EVERYTHING", "JOBS", "vector_tensors"]

Shape = tuple[int, ...]

LEVEL, RISING, EVERYTHING = "level", "rising", "everything"
DATA = (*DATA_PATTERNS, LEVEL, RISING)
"""Data patterns. ``level``: all elements of a vector are equal; ``rising``: sorted, each beat has a new maximum. Of
thorough sweeps it is ``everything``: as many vectors as there are table entries."""

_EXTREME = ("corners", "alternating")


def _short(params: VectorParams, rng: np.random.Generator) -> Shape:
    """Return many vectors of one beat, more than a unit holds."""
    return (held_vectors(params) + 8 if params.holds else 24, int(rng.integers(1, params.lanes + 1)))


def _ragged(params: VectorParams, rng: np.random.Generator) -> Shape:
    return (int(rng.integers(1, 5)), int(rng.integers(1, 4 * params.lanes + 2)))


JOBS: dict[str, Callable[[VectorParams, np.random.Generator], Shape]] = {
    "beat": lambda params, _: (params.lanes,),
    "single": lambda _params, _: (1, 1),
    "edge": lambda params, _: (3, 2 * params.lanes + 1),
    "even": lambda params, _: (4, 3 * params.lanes),
    "short": _short,
    "ragged": _ragged,
    "long": lambda params, _: (2, min(params.max_length, 40 * params.lanes) if params.holds else 40 * params.lanes + 1),
    "deepest": lambda params, _: (1, params.max_length if params.max_beats <= DEEP else params.lanes),
    "batched": lambda params, _: (2, 2, 2 * params.lanes),
}
"""For each job the shape of x, before it is fitted to the unit; besides, there are those of `SWEEPS`."""

EACH = ("short", "ragged", "batched")
"""Jobs in which each vector has scales of its own."""


def vector_tensors(params: VectorParams, job: str, data: str, seed: int) -> Tensors:
    """Return the arguments of the unit's operation.

    Parameters
    ----------
    params
        The unit.
    job, data
        Names in `JOBS` and `DATA`.
    seed
        Decides everything that is random.
    """
    rng = rng_for(seed, job, data)
    if job in SWEEPS:
        return SWEEPS[job](params, EVERY if data == EVERYTHING else FEW, rng)
    shape = _fitted(params, JOBS[job](params, rng))
    tensors: dict[str, Any] = {"x": _values(params, data, shape, rng)}
    each = job in EACH and len(shape) > 1
    drawn = draw_arguments(params, shape, rng, each=each, corners=data in _EXTREME)
    if each and params.unit in NORMS:
        # Norms need no scale for each vector, but take one.
        factor = drawn["multiplier"] * rng.uniform(0.25, 1, shape[:-1])
        drawn["multiplier"] = np.maximum(factor.astype(np.int64), 1)
    if data in _EXTREME and params.unit in ACTIVATIONS:
        # Arguments eight times as large: beyond what their format holds.
        drawn["input_shift"] = np.maximum(drawn["input_shift"] - 3, 0)
    if data == RISING and "zero_point" in drawn:
        drawn["zero_point"] = params.o_format.lo
    return tensors | drawn


def _fitted(params: VectorParams, shape: Shape) -> Shape:
    """Return a shape with a length that the unit takes."""
    length = min(shape[-1], params.max_length) if params.holds else shape[-1]
    return (*shape[:-1], length + length % 2 if params.unit == "rope" else length)


def _values(params: VectorParams, data: str, shape: Shape, rng: np.random.Generator) -> Any:
    """Draw x."""
    if data == LEVEL:
        return np.broadcast_to(values("random", params.x_format, (*shape[:-1], 1), rng), shape)
    if data == RISING:
        return np.sort(values("random", params.x_format, shape, rng), axis=-1)
    return values(data, params.x_format, shape, rng)
