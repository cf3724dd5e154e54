"""Random tensors for self-tests of a vector unit: one vector, some of ragged length, and extreme values."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import must
from .norm_shape import NormShape
from .params import ACTIVATIONS, NORMS, VectorParams
from .scales import activation_scales, norm_scales, rope_angles, rope_scales, softmax_scales

__all__ = ["draw_arguments", "vector_example"]

FloatArray = NDArray[np.float64]
SIZES = ("small", "ragged", "corner")
FEW = 5
"""Beats of a vector in an example."""


def vector_example(params: VectorParams, size: str, seed: int) -> dict[str, Any]:
    """Return the arguments of an operation that exercises the unit.

    Parameters
    ----------
    params
        The unit's parameters.
    size
        ``small``: one vector of whole beats; ``ragged``: several vectors with a part of a beat at their ends, each with
        scales of its own; ``corner``: as ragged, with extreme values only, among them vectors of one value.
    seed
        Of the random numbers.
    """
    if size not in SIZES:
        raise must("Example size", f"be {', '.join(SIZES)}", size)
    rng = np.random.default_rng(seed)
    length = FEW * params.lanes + (0 if size == "small" else (params.lanes + 1) // 2)
    length = min(length, params.max_length) if params.holds else length + length % 2 * (params.unit == "rope")
    shape = (length,) if size == "small" else (2, 3, length)
    x = params.x_format.random(rng, shape)
    if size == "corner":
        x = rng.choice(params.x_format.corners(), size=shape)
        x[0] = np.array([params.x_format.lo, 0, params.x_format.hi])[:, np.newaxis]
    return {"x": x} | draw_arguments(params, shape, rng, each=size == "ragged", corners=size == "corner")


def draw_arguments(
    params: VectorParams, shape: tuple[int, ...], rng: np.random.Generator, *, each: bool, corners: bool
) -> dict[str, Any]:
    """Draw what an operation takes beside x, so that results use the range of their format.

    Parameters
    ----------
    params
        The unit's parameters.
    shape
        Of x.
    rng
        Source of the numbers.
    each
        Whether each vector has scales of its own.
    corners
        Whether gamma, beta, epsilon, zero points and angles are extreme.
    """
    leading, length = (shape[:-1] if each else ()), shape[-1]
    reach = np.asarray(2.0 ** rng.uniform(0, 4, leading))
    x_scale = reach / params.x_format.hi
    zero = params.o_format.corners() if corners else params.o_format.random(rng, (9,)) // 4
    zero_point = int(rng.choice(zero))
    if params.unit == "softmax":
        return softmax_scales(params, x_scale)
    if params.unit in ACTIVATIONS:
        return activation_scales(params, x_scale, _coarse(params, x_scale, reach / params.o_format.hi), zero_point)
    if params.unit in NORMS:
        drawn = norm_scales(
            params,
            length,
            x_scale,
            _coarse(params, np.asarray(0.0), np.asarray(3.0 / params.o_format.hi)),
            **_affine(params, length, rng),
            epsilon=1e-3,
            zero_point=zero_point,
        )
        return drawn | (_extreme(params, length, rng) if corners else {})
    turned = rope_angles(params, rng.integers(0, 1000, shape[:-1]), length)
    if corners:
        turned = {name: rng.choice(params.angle.corners(), size=value.shape) for name, value in turned.items()}
    return turned | rope_scales(params, x_scale, _coarse(params, x_scale, reach / params.o_format.hi), zero_point)


def _coarse(params: VectorParams, x_scale: FloatArray, wanted: FloatArray) -> FloatArray:
    """Return the wanted scale of results, or the smallest that the multipliers reach."""
    finest: FloatArray = np.maximum(x_scale, 2.0**-params.fraction) / 2.0 ** (params.multiplier_bits - 1)
    return np.maximum(wanted, finest)


def _affine(params: VectorParams, length: int, rng: np.random.Generator) -> dict[str, Any]:
    """Draw gamma and beta, as far as the unit takes them."""
    drawn = {"gamma": rng.uniform(-1, 1, length), "beta": rng.normal(size=length)}
    return {name: drawn[name] for name, takes in (("gamma", params.has_gamma), ("beta", params.has_beta)) if takes}


def _extreme(params: VectorParams, length: int, rng: np.random.Generator) -> dict[str, Any]:
    """Draw gamma, beta and epsilon from the ends of their ranges."""
    shape = NormShape(params)
    drawn: dict[str, Any] = {"epsilon": int(rng.choice(shape.epsilon.corners()))}
    if params.has_gamma:
        drawn["gamma"] = rng.choice(params.gamma.corners(), size=length)
    if params.has_beta:
        drawn["beta"] = rng.choice(shape.beta.corners(), size=length)
    return drawn
