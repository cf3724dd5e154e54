"""Golden model of the vector family: softmax, norms, GELU, SiLU and rotary positions, bit for bit."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError, must
from ...generators.vector.activation_shape import ActivationShape
from ...generators.vector.norm_shape import NormShape
from ...generators.vector.params import ACTIVATIONS, NORMS, VectorParams
from ...generators.vector.softmax_shape import SoftmaxShape
from ...hdl.formats import Format, Integer
from ...hdl.ports import Beats
from .arguments import shaped
from .requantize import round_shift, scale

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["compute", "framing"]

IntArray = NDArray[np.int64]
FAR = 62
"""A shift of int64 by so many places; further ones are this one."""


def compute(params: VectorParams, operation: str, **tensors: Any) -> IntArray:
    """Return what the unit gives for an operation, bit for bit; the result has the shape of x.

    Parameters
    ----------
    params
        The unit.
    operation
        The unit's name.
    **tensors
        ``x`` (…, N). One number or (…,) each: ``multiplier``, ``shift``, and ``zero_point``, ``epsilon`` (0 by
        default), ``input_multiplier``, ``input_shift``, ``correction`` where the unit takes them. ``gamma``, ``beta``:
        one number or (N,), beta 0 by default. ``cos``, ``sin``: whatever broadcasts to (…, N / 2).

    Returns
    -------
    numpy.ndarray
        int64, values of the output format.

    Raises
    ------
    InputError
        Where an argument is missing, unknown, of the wrong format or shape, or the operation is not the unit's.
    """
    if operation != params.unit:
        raise must("Vector operation", f"be {params.unit}, what the unit computes", operation)
    given = {name: value for name, value in tensors.items() if value is not None}
    _check_names(params, given)
    x = params.x_format.check(given.pop("x"), "Vector x")
    if x.ndim < 1:
        raise must("Vector x", "have at least 1 axis", x.shape)
    if params.holds and x.shape[-1] > params.max_length:
        raise must("Vector x", f"have at most max_length={params.max_length} elements along its last axis", x.shape)
    models: dict[str, Callable[..., IntArray]] = {"softmax": _softmax, "rope": _rope}
    models |= dict.fromkeys(NORMS, _norm) | dict.fromkeys(ACTIVATIONS, _activation)
    return models[operation](params, x, **given)


def _arguments(params: VectorParams) -> dict[str, bool]:
    """Return each argument beside x, and whether it must be given."""
    if params.unit == "softmax":
        return {"multiplier": True, "shift": True}
    result = {"multiplier": True, "shift": True, "zero_point": False}
    if params.unit in ACTIVATIONS:
        first = {"input_multiplier": True, "input_shift": True, "multiplier": True, "correction": True}
        return first | {"shift": True, "zero_point": False}
    if params.unit == "rope":
        return {"cos": True, "sin": True} | result
    affine = {"gamma": True} if params.has_gamma else {}
    return affine | ({"beta": False} if params.has_beta else {}) | {"epsilon": False} | result


def _check_names(params: VectorParams, given: dict[str, Any]) -> None:
    """Raise `InputError` where an argument is missing or unknown."""
    known = {"x": True} | _arguments(params)
    needed = [name for name, must_be in known.items() if must_be]
    for name in needed:
        if name not in given:
            raise InputError(f"Vector {params.unit} must be given {' and '.join(needed)}; {name} is missing")
    for name in given:
        if name not in known:
            raise InputError(f"Vector {params.unit} has no argument {name!r}; it has {', '.join(known)}")


def _each(form: Format, value: ArrayLike, name: str, x: IntArray) -> IntArray:
    """Return one number for all vectors, or one for each, so that it broadcasts to x."""
    values = form.check(value, f"Vector {name}")
    if values.shape not in ((), x.shape[:-1]):
        raise must(f"Vector {name}", f"be one number or have shape {x.shape[:-1]}, one for each vector", values.shape)
    return values[..., np.newaxis] if values.ndim else values


def _clip(form: Integer, values: NDArray[Any]) -> IntArray:
    """Return values brought into a format."""
    clipped: IntArray = np.clip(values, form.lo, form.hi).astype(np.int64)
    return clipped


def _result(
    params: VectorParams, total: IntArray, *, multiplier: ArrayLike, shift: ArrayLike, zero_point: ArrayLike = 0
) -> IntArray:
    """Scale, round, offset and clip to the output format."""
    scaled = scale(
        total,
        _each(params.multiplier_format, multiplier, "multiplier", total),
        _each(params.shift_format, shift, "shift", total),
    )
    return _clip(params.o_format, scaled + _each(params.o_format, zero_point, "zero_point", total))


def _activation(
    params: VectorParams,
    x: IntArray,
    *,
    input_multiplier: ArrayLike,
    input_shift: ArrayLike,
    multiplier: ArrayLike,
    correction: ArrayLike,
    shift: ArrayLike,
    zero_point: ArrayLike = 0,
) -> IntArray:
    """ReLU less an even function of the argument."""
    shape = ActivationShape(params)
    factor = _each(params.multiplier_format, input_multiplier, "input_multiplier", x)
    places = _each(params.shift_format, input_shift, "input_shift", x)
    magnitude = np.abs(_clip(shape.argument, scale(x << shape.lift, factor, places)))
    inside = magnitude < shape.reach
    gap = shape.table.evaluate(magnitude * inside) * inside
    above = np.maximum(x, 0) * _each(params.multiplier_format, multiplier, "multiplier", x)
    total = (above << shape.alignment) - gap * _each(params.multiplier_format, correction, "correction", x)
    return _result(params, total, multiplier=1, shift=shift, zero_point=zero_point)


def _rope(params: VectorParams, x: IntArray, *, cos: ArrayLike, sin: ArrayLike, **result: Any) -> IntArray:
    """Turn each pair by its angle."""
    length = x.shape[-1]
    if length % 2:
        raise must("Vector x", "have an even number of elements along its last axis", x.shape)
    shape = (*x.shape[:-1], length // 2)
    adjacent = params.pairing == "adjacent"
    first, second = (x[..., 0::2], x[..., 1::2]) if adjacent else (x[..., : length // 2], x[..., length // 2 :])
    c, s = (_angle(params, value, name, shape) for name, value in (("cos", cos), ("sin", sin)))
    turned = [first * c - second * s, first * s + second * c]
    total = np.stack(turned, axis=-1).reshape(x.shape) if adjacent else np.concatenate(turned, axis=-1)
    return _result(params, total, **result)


def _angle(params: VectorParams, value: ArrayLike, name: str, shape: tuple[int, ...]) -> IntArray:
    """Return a cosine or sine for each pair."""
    values = params.angle.check(value, f"Vector {name}")
    try:
        return np.broadcast_to(values, shape)
    except ValueError:
        raise must(f"Vector {name}", f"broadcast to {shape}, one for each pair", values.shape) from None


def _softmax(params: VectorParams, x: IntArray, *, multiplier: ArrayLike, shift: ArrayLike) -> IntArray:
    """One pass over the beats with a maximum in whole octaves, then quotients by the reciprocal of the sum."""
    shape = SoftmaxShape(params)
    factor = _each(params.multiplier_format, multiplier, "multiplier", x)
    places = _each(params.shift_format, shift, "shift", x)
    scores = _clip(shape.score, scale(x << shape.lift, factor, places)).reshape(-1, x.shape[-1])
    starts = range(0, scores.shape[1], params.lanes)
    beats = [_beat(shape, scores[:, start : start + params.lanes]) for start in starts]
    peak, total = beats[0][0], beats[0][1].sum(axis=1)
    for own, powers in beats[1:]:
        above = np.maximum(peak, own)
        total = (total >> np.minimum(above - peak, FAR)) + (powers.sum(axis=1) >> np.minimum(above - own, FAR))
        peak = above
    position = _position(total)
    inverse = shape.reciprocal_table.evaluate(_mantissa(total, position, shape.reciprocal_bits))
    parts = []
    for own, powers in beats:
        away = np.minimum(position + shape.shift_offset + peak - own, shape.longest_shift)
        held = powers >> (shape.power_bits - shape.held_bits)
        parts.append(round_shift(held * inverse[:, np.newaxis], away[:, np.newaxis]))
    return _clip(params.o_format, np.concatenate(parts, axis=1)).reshape(x.shape)


def _beat(shape: SoftmaxShape, scores: IntArray) -> tuple[IntArray, IntArray]:
    """Return the maximum of a beat in whole octaves, rounded up, and its scores' powers of two below that."""
    bits = shape.params.fraction
    peak = (-(-scores >> bits)).max(axis=1)
    below = (peak[:, np.newaxis] << bits) - scores
    powers = shape.power_table.evaluate(below & ((1 << bits) - 1)) << (shape.power_bits - shape.table_result_bits)
    return peak, powers >> np.minimum(below >> bits, FAR)


def _norm(
    params: VectorParams,
    x: IntArray,
    *,
    gamma: ArrayLike = 1,
    beta: ArrayLike = 0,
    epsilon: ArrayLike = 0,
    **result: Any,
) -> IntArray:
    """Return N times the deviation over the root of N**2 times the variance; of rmsnorm, likewise without the mean."""
    shape, length = NormShape(params), x.shape[-1]
    total = x.sum(axis=-1, keepdims=True) if shape.centres else np.zeros((*x.shape[:-1], 1), dtype=np.int64)
    spread = length * (x * x).sum(axis=-1, keepdims=True) - total * total
    spread = np.maximum(spread + _each(shape.epsilon, epsilon, "epsilon", x), 1)
    position = _position(spread)
    odd = position & 1
    root = shape.root_table.evaluate(odd << shape.root_bits | _mantissa(spread, position, shape.root_bits))
    normal = round_shift((length * x - total) * root, (position >> 1) + shape.shift_offset)
    normal = _clip(shape.normal, normal)
    if params.has_gamma:
        normal = normal * shaped(params.gamma, gamma, "Vector gamma", (), (length,))
    if params.has_beta:
        normal = normal + shaped(shape.beta, beta, "Vector beta", (), (length,))
    return _result(params, normal, **result)


def _position(values: IntArray) -> IntArray:
    """Return the place of the leading one of positive integers."""
    place = np.zeros_like(values)
    for step in (32, 16, 8, 4, 2, 1):
        place += np.where(values >> (place + step), step, 0)
    return place


def _mantissa(values: IntArray, position: IntArray, bits: int) -> IntArray:
    """Return the bits below the leading one, as many as are asked for."""
    cut = np.where(position >= bits, values >> np.maximum(position - bits, 0), values << np.maximum(bits - position, 0))
    mantissa: IntArray = cut & ((1 << bits) - 1)
    return mantissa


def framing(params: VectorParams, inputs: dict[str, Beats]) -> dict[str, NDArray[np.bool_]]:
    """Return which output beats carry `last`: those of the beats of x that do.

    Parameters
    ----------
    params
        The unit.
    inputs
        Beats of each input stream.
    """
    del params  # the same for all
    return {"o": np.asarray(inputs["x"]["last"])}
