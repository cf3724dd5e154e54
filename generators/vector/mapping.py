"""Tensors to transactions and back: vectors of any length cut into beats, in NumPy alone."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...hdl.ports import Beats
from ..family import Job
from .params import VectorParams
from .tensors import Batch

__all__ = ["Plan", "lift_vectors", "lower_vectors"]

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Plan:
    """How a job's beats are laid out.

    Parameters
    ----------
    vectors, length, beats
        Number of vectors, elements of each, and beats of each.
    restore
        Makes the operation's result of ``(vectors, length)``.
    """

    vectors: int
    length: int
    beats: int
    restore: Callable[[IntArray], IntArray]


def lower_vectors(params: VectorParams, batch: Batch) -> Job:
    """Cut vectors into beats, each vector beginning one of its own; unused lanes carry zeros."""
    (vectors, length), lanes = batch.x.shape, params.lanes
    beats = -(-length // lanes)
    last = np.tile(np.arange(beats) == beats - 1, vectors)
    x: Beats = {"data": _paired(params, _cut(batch.x, beats, lanes)), "last": last}
    if params.holds and lanes > 1:
        x["count"] = np.where(last, length - (beats - 1) * lanes, lanes)[:, np.newaxis]
    inputs = {"x": x, "scale": {name: value[:, np.newaxis] for name, value in batch.scale.items()}}
    for name, fields in batch.beside.items():
        # Angles are half as many as elements.
        inputs[name] = {field: _cut(value, beats, lanes * value.shape[1] // length) for field, value in fields.items()}
    work = batch.x.size * params.products
    return Job(inputs, {"o": vectors * beats}, work, Plan(vectors, length, beats, batch.restore))


def lift_vectors(params: VectorParams, plan: Plan, o: Beats) -> IntArray:
    """Put the output beats together to the operation's result."""
    rows = _unpaired(params, o["data"]).reshape(plan.vectors, -1)
    return plan.restore(rows[:, : plan.length])


def _cut(rows: IntArray, beats: int, lanes: int) -> IntArray:
    """Return ``(vectors, length)`` as ``(vectors * beats, lanes)``, zeros behind each vector."""
    cut = np.zeros((len(rows), beats * lanes), dtype=np.int64)
    cut[:, : rows.shape[1]] = rows
    return cut.reshape(-1, lanes)


def _paired(params: VectorParams, beats: IntArray) -> IntArray:
    """Move the elements of pairs, which are neighbours, to the lanes of pairs."""
    if params.unit != "rope" or params.pairing == "adjacent":
        return beats
    return beats.reshape(len(beats), -1, 2).transpose(0, 2, 1).reshape(beats.shape)


def _unpaired(params: VectorParams, beats: IntArray) -> IntArray:
    """Undo `_paired`."""
    if params.unit != "rope" or params.pairing == "adjacent":
        return beats
    return beats.reshape(len(beats), 2, -1).transpose(0, 2, 1).reshape(beats.shape)
