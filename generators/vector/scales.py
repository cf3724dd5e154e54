"""From real scales to the integers that the units take: multipliers and shifts, gamma and beta, cosines and sines."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import must
from .activation_shape import ActivationShape
from .norm_shape import NormShape
from .params import ACTIVATIONS, NORMS, VectorParams
from .softmax_shape import OCTAVES, SoftmaxShape

__all__ = ["activation_scales", "norm_scales", "rope_angles", "rope_scales", "softmax_scales"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Arguments = dict[str, Any]
LONGEST_SHIFT = 63


def activation_scales(params: VectorParams, x_scale: ArrayLike, o_scale: ArrayLike, zero_point: int = 0) -> Arguments:
    """Return `input_multiplier`, `input_shift`, `multiplier`, `correction`, `shift` and `zero_point` of gelu or silu.

    Parameters
    ----------
    params
        The unit.
    x_scale, o_scale
        Real numbers that 1 in x and in the result stand for: one, or one for each vector.
    zero_point
        What 0 is in the result.
    """
    _for(params, *ACTIVATIONS)
    x, o = _positive("x_scale", x_scale), _positive("o_scale", o_scale)
    bits = params.multiplier_bits
    shape = ActivationShape(params)
    (argument,), input_shift = _fixed(
        bits, np.minimum(x, 2.0**shape.reach_bits) * 2.0 ** (params.fraction - shape.lift)
    )
    gap = 2.0**-shape.correction_bits / o
    (multiplier, correction), shift = _fixed(bits, x / o / 2.0**shape.alignment, gap)
    return {
        "input_multiplier": argument,
        "input_shift": input_shift,
        "multiplier": multiplier,
        "correction": correction,
        "shift": shift,
        "zero_point": zero_point,
    }


def softmax_scales(params: VectorParams, x_scale: ArrayLike) -> Arguments:
    """Return `multiplier` and `shift` with which 1 in x is worth `x_scale` in the exponent of e.

    Beyond 22 a softmax is 1 where x is largest and 0 elsewhere, whatever the scale; larger ones are taken for that.
    """
    _for(params, "softmax")
    octaves = np.minimum(_positive("x_scale", x_scale) * math.log2(math.e), 2.0**OCTAVES)
    (multiplier,), shift = _fixed(
        params.multiplier_bits, octaves * 2.0 ** (params.fraction - SoftmaxShape(params).lift)
    )
    return {"multiplier": multiplier, "shift": shift}


def norm_scales(
    params: VectorParams,
    length: int,
    x_scale: ArrayLike,
    o_scale: ArrayLike,
    *,
    gamma: ArrayLike | None = None,
    beta: ArrayLike | None = None,
    epsilon: float = 0.0,
    zero_point: int = 0,
) -> Arguments:
    """Return what a norm takes beside x.

    Parameters
    ----------
    params
        The unit.
    length
        Elements of a vector.
    x_scale, o_scale
        Real numbers that 1 in x and in the result stand for: one, or one for each vector.
    gamma, beta
        Real numbers for each element, or one for all; 1 and 0 if not given. Only for units that take them.
    epsilon
        Added to the variance, or the mean square, of the real vector.
    zero_point
        What 0 is in the result.
    """
    _for(params, *NORMS)
    for name, given, takes in (("gamma", gamma, params.has_gamma), ("beta", beta, params.has_beta)):
        if given is not None and not takes:
            raise must(f"Vector {name}", f"be left out for {params.unit} with affine={params.affine}", given)
    shape, x, o = NormShape(params), _positive("x_scale", x_scale), _positive("o_scale", o_scale)
    added = np.rint(np.minimum(length**2 * epsilon / x**2, float(shape.epsilon.hi))).astype(np.int64)
    made: Arguments = {"epsilon": shape.epsilon.clip(added), "zero_point": zero_point}
    unit = 2.0**-params.fraction
    if params.has_gamma:
        wanted = _each(1.0 if gamma is None else gamma, length)
        step = float(np.abs(wanted).max()) / params.gamma.hi or 1.0
        made["gamma"] = params.gamma.quantize(wanted, step)
        unit *= step
    if params.has_beta:
        made["beta"] = shape.beta.quantize(_each(0.0 if beta is None else beta, length), unit)
    (multiplier,), shift = _fixed(params.multiplier_bits, unit / o)
    return made | {"multiplier": multiplier, "shift": shift}


def _each(value: ArrayLike, length: int) -> FloatArray:
    """Return a number for each element."""
    return np.broadcast_to(np.asarray(value, dtype=np.float64), length)


def rope_scales(params: VectorParams, x_scale: ArrayLike, o_scale: ArrayLike, zero_point: int = 0) -> Arguments:
    """Return `multiplier`, `shift` and `zero_point` of rope; scales as in `activation_scales`."""
    _for(params, "rope")
    ratio = _positive("x_scale", x_scale) / _positive("o_scale", o_scale)
    (multiplier,), shift = _fixed(params.multiplier_bits, ratio / _angle_one(params))
    return {"multiplier": multiplier, "shift": shift, "zero_point": zero_point}


def rope_angles(params: VectorParams, positions: ArrayLike, length: int, base: float = 10000.0) -> Arguments:
    """Return `cos` and `sin`, ``(…, length / 2)``: pair i turns by ``position / base**(2i/length)``.

    Parameters
    ----------
    params
        The unit.
    positions
        Of each vector, any shape.
    length
        Elements of a vector.
    base
        Of the angles' geometric series.
    """
    _for(params, "rope")
    speed = base ** (-2.0 * np.arange(length // 2) / length)
    angle = np.asarray(positions, dtype=np.float64)[..., np.newaxis] * speed
    one = _angle_one(params)
    return {"cos": params.angle.quantize(np.cos(angle), 1 / one), "sin": params.angle.quantize(np.sin(angle), 1 / one)}


def _angle_one(params: VectorParams) -> float:
    """Return what a cosine of 1 is: the largest power of two that the format has."""
    return 2.0 ** (params.angle.bits - 2)


def _for(params: VectorParams, *units: str) -> None:
    """Raise where the unit takes other scales."""
    if params.unit not in units:
        raise must("Vector unit", f"be {' or '.join(units)} for these scales", params.unit)


def _positive(name: str, value: ArrayLike) -> FloatArray:
    """Return real numbers, each above 0."""
    numbers = np.asarray(value, dtype=np.float64)
    wrong = ~(np.isfinite(numbers) & (numbers > 0))
    if wrong.any():
        raise must(f"Vector {name}", "be positive and finite", float(numbers[wrong].flat[0]))
    return numbers


def _fixed(bits: int, *reals: FloatArray) -> tuple[tuple[IntArray, ...], IntArray]:
    """Return multipliers of `bits` bits and the shift that they share, the largest multiplier as large as it can be."""
    most = reals[0]
    for real in reals[1:]:
        most = np.maximum(most, real)
    largest = (1 << bits) - 1
    shift = np.floor(np.log2((largest + 0.5) / most)).astype(np.int64)
    if (shift < 0).any():
        raise must("Vector scales", f"need multipliers below 2**{bits}, as multiplier_bits says", float(most.max()))
    shift = np.minimum(shift, LONGEST_SHIFT)
    return tuple(np.minimum(np.rint(real * 2.0**shift), largest).astype(np.int64) for real in reals), shift
