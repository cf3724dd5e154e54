"""Checks of a user's tensors and their way into vectors: which axis, which scales, which elements are neighbours."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import must
from ...hdl.formats import Format
from ..operands import per_lane, reject_unknown
from .norm_shape import NormShape
from .params import VectorParams
from .ports import scale_formats

__all__ = ["Batch", "batch_of"]

IntArray = NDArray[np.int64]
DEFAULTS = {"zero_point": 0, "epsilon": 0}


@dataclass(frozen=True)
class Batch:
    """Vectors in the order in which they travel.

    Parameters
    ----------
    x
        ``(vectors, length)``; of rope, each element beside the one that it turns with.
    scale
        For each field of the stream `scale` a number for each vector.
    beside
        Streams beside `x`: for each its fields, ``(vectors, length)``, or ``(vectors, length / 2)`` for angles.
    restore
        Makes the operation's result of such an array as `x`.
    """

    x: IntArray
    scale: dict[str, IntArray]
    beside: dict[str, dict[str, IntArray]]
    restore: Callable[[IntArray], IntArray]


def batch_of(params: VectorParams, operation: str, tensors: Mapping[str, Any]) -> Batch:
    """Check an operation's arguments and return its vectors.

    Raises
    ------
    InputError
        Where the operation is not the unit's own, or values or shapes do not fit.
    """
    if operation != params.unit:
        raise must("Vector operation", f"be {params.unit}, what the unit computes", operation)
    scales = tuple(scale_formats(params))
    beside = ("gamma",) * params.has_gamma + ("beta",) * params.has_beta + ("cos", "sin") * (params.unit == "rope")
    needed = ("x", *(name for name in (*beside, *scales) if name not in (*DEFAULTS, "beta")))
    reject_unknown(f"Vector {operation}", tensors, ("x", *beside, *scales), needed)
    x = params.x_format.check(tensors["x"], "Vector x")
    if x.ndim < 1:
        raise must("Vector x", "have at least 1 axis", x.shape)
    if params.holds and x.shape[-1] > params.max_length:
        raise must("Vector x", f"have at most max_length={params.max_length} elements along its last axis", x.shape)
    scale = {name: _per_vector(form, tensors, name, x.shape[:-1]) for name, (form, _) in scale_formats(params).items()}
    if params.unit == "rope":
        return _turned(params, x, scale, tensors)
    # What is not normalised along an axis, and scaled by the same numbers throughout, is one long vector.
    flat = not params.holds and all(value.ndim == 0 for value in scale.values())
    rows = x.reshape(1, -1) if flat else x.reshape(-1, x.shape[-1])
    affine = _affine(params, rows, tensors)
    return Batch(rows, _spread(scale, len(rows)), affine, lambda o: o.reshape(x.shape))


def _per_vector(form: Format, tensors: Mapping[str, Any], name: str, leading: tuple[int, ...]) -> IntArray:
    """Return one number, or one for each vector."""
    given = tensors.get(name)
    values = form.check(DEFAULTS.get(name, 0) if given is None else given, f"Vector {name}")
    if values.shape not in ((), leading):
        raise must(f"Vector {name}", f"be one number or have shape {leading}, one for each vector", values.shape)
    return values


def _spread(scale: Mapping[str, IntArray], vectors: int) -> dict[str, IntArray]:
    """Return a number for each vector."""
    return {name: np.broadcast_to(value.reshape(-1), vectors) for name, value in scale.items()}


def _affine(params: VectorParams, rows: IntArray, tensors: Mapping[str, Any]) -> dict[str, dict[str, IntArray]]:
    """Return gamma and beta for every element of every vector, as far as the unit takes them."""
    if not params.has_gamma:
        return {}
    length = rows.shape[1]
    fields = {"gamma": per_lane(params.gamma, tensors["gamma"], length, "Vector gamma")}
    if params.has_beta:
        given = tensors.get("beta")
        fields["beta"] = per_lane(NormShape(params).beta, 0 if given is None else given, length, "Vector beta")
    return {"affine": {name: np.broadcast_to(value, rows.shape) for name, value in fields.items()}}


def _turned(params: VectorParams, x: IntArray, scale: Mapping[str, IntArray], tensors: Mapping[str, Any]) -> Batch:
    """Return the vectors of rope, in pairs."""
    length = x.shape[-1]
    if length % 2:
        raise must("Vector x", "have an even number of elements along its last axis", x.shape)
    shape = (*x.shape[:-1], length // 2)
    turns = {name: _angle(params, tensors[name], name, shape) for name in ("cos", "sin")}
    adjacent = params.pairing == "adjacent"
    pairs = x.reshape(-1, length // 2, 2) if adjacent else x.reshape(-1, 2, length // 2).transpose(0, 2, 1)
    flat = all(value.ndim == 0 for value in scale.values())
    rows = 1 if flat else len(pairs)

    def restore(o: IntArray) -> IntArray:
        back = o.reshape(-1, length // 2, 2)
        return (back if adjacent else back.transpose(0, 2, 1)).reshape(x.shape)

    angles = {name: value.reshape(rows, -1) for name, value in turns.items()}
    return Batch(pairs.reshape(rows, -1), _spread(scale, rows), {"angles": angles}, restore)


def _angle(params: VectorParams, given: Any, name: str, shape: tuple[int, ...]) -> IntArray:
    """Return a cosine or sine for each pair."""
    values = params.angle.check(given, f"Vector {name}")
    try:
        return np.broadcast_to(values, shape)
    except ValueError:
        raise must(f"Vector {name}", f"broadcast to {shape}, one for each pair", values.shape) from None
