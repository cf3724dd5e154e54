"""Golden model of the sparse family: GEMM and convolution with weights that may be scaled, most of them zero."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError, must
from ...generators.sparse.params import SparseParams
from ...hdl.formats import Integer
from ...hdl.ports import Beats
from .arguments import requantized, scalar, shaped
from .convolution import Padding, Pair, patches
from .gemm import exact_product, narrow

__all__ = ["compute", "framing", "weights"]

IntArray = NDArray[np.int64]

_OPERANDS = {"gemm": ("a", "w"), "conv2d": ("x", "w", "stride", "padding")}
_OPTIONS = ("stride", "padding")
_SCALES = ("weight_scale", "weight_zero", "scale_group")
_UNITS = {
    "weight_scale": "scale_bits",
    "weight_zero": "zero_points",
    "scale_group": "scale_bits",
    "bias": "bias",
    "multiplier": "requantize",
    "shift": "requantize",
    "zero_point": "requantize",
    "activate": "activation",
}
"""Each further argument and the unit that it is for."""
_NEEDED = {
    "weight_scale": "was built with scale_bits",
    "multiplier": "requantizes",
    "shift": "requantizes",
}
"""Arguments without a default: a design with their unit must be given them, and why."""


def compute(params: SparseParams, operation: str, **tensors: Any) -> IntArray:
    """Return what the chains give for an operation, bit for bit; the result does not depend on where zeros are.

    The result is ``A x W^T`` with the effective weights of `weights`, plus the bias, requantised, as far as the design
    has units for that.

    Parameters
    ----------
    params
        Formats, scales and epilogue.
    operation
        ``"gemm"``: ``a`` (…, M, K) or (K,) and ``w`` (N, K). ``"conv2d"``: ``x`` (B, H, W, Cin), ``w``
        (KH, KW, Cin, Cout), ``stride``, ``padding``; K runs over (KH, KW, Cin), M over (B, OH, OW) and N is Cout.
    **tensors
        The operands above. ``weight_scale``, ``weight_zero`` and ``scale_group`` as in `weights`. ``bias``,
        ``multiplier``, ``shift``: one number or (N,); the bias is 0 by default. ``zero_point``, ``activate``: one
        number; 0 and 1 by default.

    Returns
    -------
    numpy.ndarray
        int64: (…, M, N), (N,) for an ``a`` of one axis, or (B, OH, OW, Cout).

    Raises
    ------
    InputError
        Where an argument is missing, unknown, of the wrong format or shape, or for a unit that the design was built
        without, where a weight is not int8 after scaling, or K is longer than `max_reduction`.
    """
    operands: dict[str, Callable[..., _Operands]] = {"gemm": _gemm, "conv2d": _conv2d}
    if operation not in operands:
        raise must("Sparse operation", f"be {' or '.join(operands)}", operation)
    given = {name: value for name, value in tensors.items() if value is not None}
    _check_names(params, operation, given)
    pair = operands[operation](params, **{name: given.pop(name) for name in _OPERANDS[operation] if name in given})
    reduction = pair.w.shape[1]
    if reduction > params.max_reduction:
        raise must("Sparse K", f"be at most max_reduction={params.max_reduction}", reduction)
    effective = weights(params, pair.w, **{name: given.pop(name) for name in _SCALES if name in given})
    sums = narrow(exact_product(pair.a, effective.T), params.sum_bits, "exact")
    return _epilogue(params, sums.reshape(*pair.rows, len(pair.w)), **given)


def weights(
    params: SparseParams,
    w: ArrayLike,
    weight_scale: ArrayLike = 1,
    weight_zero: ArrayLike = 0,
    scale_group: int | None = None,
) -> IntArray:
    """Return the weights that the multipliers see, ``(N, K)`` of `weight_format`; zeros among them are the pruned ones.

    Parameters
    ----------
    params
        The design; without `scale_bits` the weights are `w` itself.
    w
        ``(N, K)`` values of `carried_format`.
    weight_scale, weight_zero
        One number or ``(N, G)`` with ``G = ceil(K / scale_group)``: a weight is ``(w - weight_zero) * weight_scale``.
    scale_group
        K elements that share a scale, a multiple of `length`; may be left out where G is 1.

    Raises
    ------
    InputError
        Where a value is out of range or of the wrong shape.
    """
    codes = params.carried_format.check(w, "Sparse w")
    if params.scale_bits is None:
        return codes
    n, k = codes.shape
    for name, value in (("weight_scale", weight_scale), ("weight_zero", weight_zero)):
        if scale_group is None and np.ndim(value) == 2 and np.shape(value)[1] > 1:
            raise InputError(f"Sparse scale_group must be given where {name} has several numbers along K")
    size = _scale_group(params, k if scale_group is None else scale_group, scale_group is not None)
    shape = (n, -(-k // size))
    scale = shaped(params.scale_format, weight_scale, "Sparse weight_scale", (), shape)
    zero = shaped(params.zero_format, weight_zero, "Sparse weight_zero", (), shape)
    if scale.min() < 1:
        raise must("Sparse weight_scale", "be at least 1", int(scale.min()))
    along = np.arange(k) // size
    scaled = (codes - np.broadcast_to(zero, shape)[:, along]) * np.broadcast_to(scale, shape)[:, along]
    outside = ~params.weight_format.contains(scaled)
    if outside.any():
        rule = f"give weights of {params.weight_format}, {params.weight_format.describe()}, when scaled"
        raise must("Sparse w", rule, int(scaled[outside].flat[0]))
    return scaled


def _scale_group(params: SparseParams, size: Any, given: bool) -> int:
    """Return how many K elements share a scale, or raise."""
    whole = isinstance(size, int | np.integer) and not isinstance(size, bool)
    if given and (not whole or size < 1 or size % params.length):
        raise must("Sparse scale_group", f"be a positive multiple of length={params.length}", size)
    return int(size)


@dataclass(frozen=True)
class _Operands:
    """`a` (M, K), `w` (N, K), and the axes of the result that M was flattened from."""

    a: IntArray
    w: IntArray
    rows: tuple[int, ...]


def _check_names(params: SparseParams, operation: str, given: Mapping[str, Any]) -> None:
    """Raise `InputError` where an argument is missing, unknown, or for a unit that there is not."""
    operands = _OPERANDS[operation]
    needed = [name for name in operands if name not in _OPTIONS]
    for name in needed:
        if name not in given:
            raise InputError(f"Sparse {operation} must be given {' and '.join(needed)}; {name} is missing")
    for name in given:
        if name not in operands and name not in _UNITS:
            raise InputError(f"Sparse {operation} has no argument {name!r}; it has {', '.join((*operands, *_UNITS))}")
    built = _built(params)
    for name, unit in _UNITS.items():
        if name in given and not built[unit]:
            raise InputError(f"Sparse {name} must be left out: the design was built without {unit}")
        if name not in given and built[unit] and name in _NEEDED:
            raise InputError(f"Sparse {name} must be given: the design {_NEEDED[name]}")


def _built(params: SparseParams) -> dict[str, bool]:
    """Return which units the design has."""
    return {
        "scale_bits": params.scale_bits is not None,
        "zero_points": params.zero_points,
        "bias": params.bias,
        "requantize": params.requantize,
        "activation": params.activation != "none",
    }


def _gemm(params: SparseParams, *, a: ArrayLike, w: ArrayLike) -> _Operands:
    left, right = params.a_format.check(a, "Sparse a"), params.carried_format.check(w, "Sparse w")
    if left.ndim < 1:
        raise must("Sparse a", "have at least 1 axis", left.shape)
    if right.ndim != 2:
        raise must("Sparse w", "have 2 axes, (N, K)", right.shape)
    if right.shape[1] != left.shape[-1]:
        raise must("Sparse w", f"have {left.shape[-1]} columns, as a has", right.shape)
    return _Operands(left.reshape(-1, left.shape[-1]), right, left.shape[:-1])


def _conv2d(params: SparseParams, *, x: ArrayLike, w: ArrayLike, stride: Pair = 1, padding: Padding = 0) -> _Operands:
    images, kernels = params.a_format.check(x, "Sparse x"), params.carried_format.check(w, "Sparse w")
    for name, array in (("x", images), ("w", kernels)):
        if array.ndim != 4:
            raise must(f"Sparse {name}", "have 4 axes", array.shape)
    if images.shape[3] != kernels.shape[2]:
        raise must("Sparse w", f"have {images.shape[3]} input channels, as x has", kernels.shape)
    seen = patches(images, kernels, stride=stride, padding=padding)
    return _Operands(seen.reshape(-1, seen.shape[-1]), kernels.reshape(seen.shape[-1], -1).T, seen.shape[:-1])


def _epilogue(
    params: SparseParams, total: IntArray, *, bias: ArrayLike = 0, activate: ArrayLike = 1, **scale: Any
) -> IntArray:
    """Add the bias and requantise, as far as the design was built for it."""
    if params.bias:
        total = total + shaped(params.bias_format, bias, "Sparse bias", (), total.shape[-1:])
    if not params.requantize:
        return total
    on = scalar(Integer(1, is_signed=False), activate, "Sparse activate")
    return requantized(params, total, activate=bool(on), **scale)


def framing(params: SparseParams, inputs: Mapping[str, Beats]) -> dict[str, NDArray[np.bool_]]:
    """Return which output beats carry `last`, from what the input streams carry alone.

    Each panel with `last` ends the reduction of a tile: a beat for each channel of the chains.

    Parameters
    ----------
    params
        The design's parameters.
    inputs
        Beats of each input stream.

    Returns
    -------
    dict
        For the output stream ``o`` a bool array, one for each beat.
    """
    tiles = int(np.count_nonzero(inputs["panels"]["last"]))
    return {"o": np.tile(np.arange(params.panel_rows) == params.panel_rows - 1, tiles)}
