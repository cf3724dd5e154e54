"""Golden model of the LUT family: mixed-precision GEMM and convolution, exact or by way of INT8 tables."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError, must
from ...generators.lut.params import LutParams
from ...hdl.formats import Integer
from ...hdl.ports import Beats
from .arguments import requantized, scalar, shaped
from .convolution import Padding, Pair, patches
from .gemm import exact_product, narrow
from .lut_tables import table_product

__all__ = ["compute", "framing"]

IntArray = NDArray[np.int64]

_OPERANDS = {"gemm": ("a", "w"), "conv2d": ("x", "w", "stride", "padding")}
_OPTIONS = ("stride", "padding")
_UNITS = {
    "weight_zero": "zero_points",
    "weight_scale": "weight_scales",
    "activation_scale": "activation_scales",
    "bias": "addend=bias",
    "accumulator": "addend=matrix",
    "multiplier": "requantize",
    "shift": "requantize",
    "zero_point": "requantize",
    "activate": "activation",
}
"""Each further argument and the unit that it is for."""
_NEEDED = ("weight_scale", "activation_scale", "accumulator", "multiplier", "shift")
"""Arguments without a default: a design with their unit must be given them."""


def compute(params: LutParams, operation: str, **tensors: Any) -> IntArray:
    """Return what the tile gives for an operation, bit for bit.

    Each group g of K (or all of it) gives ``P_g = sum_k A[m, k] * (W[n, k] - weight_zero[n, g])``, exactly or, with
    `table_scale` table or group, through INT8 tables. The result is ``sum_g P_g * weight_scale[n, g] *
    activation_scale[m, g]``, with the addend, requantised, as far as the design has units for that.

    Parameters
    ----------
    params
        Formats, groups, tables and epilogue.
    operation
        ``"gemm"``: ``a`` (…, M, K) or (K,) and ``w`` (N, K). ``"conv2d"``: ``x`` (B, H, W, Cin), ``w``
        (KH, KW, Cin, Cout), ``stride``, ``padding``; K runs over (KH, KW, Cin), M over (B, OH, OW) and N is Cout.
    **tensors
        The operands above. ``weight_zero``: one number, (N,) or (N, G), G groups; 0 by default. ``weight_scale``: one
        number or (N, G). ``activation_scale``: one number, (M, G) or, unflattened, (…, M, G). ``bias``: one number
        or (N,); 0 by default. ``accumulator``: the result's shape. ``multiplier``, ``shift``: one number or (N,).
        ``zero_point``, ``activate``: one number; 0 and 1 by default.

    Returns
    -------
    numpy.ndarray
        int64: (…, M, N), (N,) for an ``a`` of one axis, or (B, OH, OW, Cout).

    Raises
    ------
    InputError
        Where an argument is missing, unknown, of the wrong format or shape, a scale of zero, or for a unit that the
        design was built without, or where K is longer than `max_reduction`.
    """
    operands: dict[str, Callable[..., _Operands]] = {"gemm": _gemm, "conv2d": _conv2d}
    if operation not in operands:
        raise must("LUT operation", f"be {' or '.join(operands)}", operation)
    given = {name: value for name, value in tensors.items() if value is not None}
    _check_names(params, operation, given)
    pair = operands[operation](params, **{name: given.pop(name) for name in _OPERANDS[operation] if name in given})
    if pair.reduction > params.max_reduction:
        raise must("LUT K", f"be at most max_reduction={params.max_reduction}", pair.reduction)
    grouped = {name: given.pop(name) for name in ("weight_zero", "weight_scale", "activation_scale") if name in given}
    sums = narrow(_sums(params, pair, _Groups.check(params, pair, **grouped)), params.sum_bits, "exact")
    return _epilogue(params, sums.reshape(*pair.rows, pair.channels), **given)


@dataclass(frozen=True)
class _Operands:
    """`a` (M, K), `w` (N, K), and the axes of the result that M was flattened from."""

    a: IntArray
    w: IntArray
    rows: tuple[int, ...]

    @property
    def reduction(self) -> int:
        """K."""
        return len(self.a.T)

    @property
    def channels(self) -> int:
        """N."""
        return len(self.w)


def _check_names(params: LutParams, operation: str, given: Mapping[str, Any]) -> None:
    """Raise `InputError` where an argument is missing, unknown, or for a unit that there is not."""
    operands = _OPERANDS[operation]
    needed = [name for name in operands if name not in _OPTIONS]
    for name in needed:
        if name not in given:
            raise InputError(f"LUT {operation} must be given {' and '.join(needed)}; {name} is missing")
    for name in given:
        if name not in operands and name not in _UNITS:
            raise InputError(f"LUT {operation} has no argument {name!r}; it has {', '.join((*operands, *_UNITS))}")
    built = _built(params)
    for name, unit in _UNITS.items():
        if name in given and not built[unit]:
            raise InputError(f"LUT {name} must be left out: the design was built without {unit}")
        if name not in given and built[unit] and name in _NEEDED:
            reason = "requantizes" if unit == "requantize" else f"was built with {unit}"
            raise InputError(f"LUT {name} must be given: the design {reason}")


def _built(params: LutParams) -> dict[str, bool]:
    """Return which units the design has."""
    return {
        "zero_points": params.zero_points,
        "weight_scales": params.weight_scales,
        "activation_scales": params.activation_scales,
        "addend=bias": params.addend == "bias",
        "addend=matrix": params.addend == "matrix",
        "requantize": params.requantize,
        "activation": params.activation != "none",
    }


def _gemm(params: LutParams, *, a: ArrayLike, w: ArrayLike) -> _Operands:
    left, right = params.a_format.check(a, "LUT a"), params.weight_format.check(w, "LUT w")
    if left.ndim < 1:
        raise must("LUT a", "have at least 1 axis", left.shape)
    if right.ndim != 2:
        raise must("LUT w", "have 2 axes, (N, K)", right.shape)
    if right.shape[1] != left.shape[-1]:
        raise must("LUT w", f"have {left.shape[-1]} columns, as a has", right.shape)
    return _Operands(left.reshape(-1, left.shape[-1]), right, left.shape[:-1])


def _conv2d(params: LutParams, *, x: ArrayLike, w: ArrayLike, stride: Pair = 1, padding: Padding = 0) -> _Operands:
    images, kernels = params.a_format.check(x, "LUT x"), params.weight_format.check(w, "LUT w")
    for name, array in (("x", images), ("w", kernels)):
        if array.ndim != 4:
            raise must(f"LUT {name}", "have 4 axes", array.shape)
    if images.shape[3] != kernels.shape[2]:
        raise must("LUT w", f"have {images.shape[3]} input channels, as x has", kernels.shape)
    seen = patches(images, kernels, stride=stride, padding=padding)
    return _Operands(seen.reshape(-1, seen.shape[-1]), kernels.reshape(seen.shape[-1], -1).T, seen.shape[:-1])


@dataclass(frozen=True)
class _Groups:
    """Zero points and scales: `zero` and `weight` (N, G), `activation` (M, G)."""

    zero: IntArray
    weight: IntArray
    activation: IntArray

    @classmethod
    def check(
        cls,
        params: LutParams,
        pair: _Operands,
        weight_zero: ArrayLike = 0,
        weight_scale: ArrayLike = 1,
        activation_scale: ArrayLike = 1,
    ) -> "_Groups":
        """Return them for all groups, or raise."""
        m, n, count = len(pair.a), pair.channels, -(-pair.reduction // (params.group or pair.reduction))
        zero = np.zeros((), dtype=np.int64)
        if params.zero_points:
            zero = shaped(params.weight_zero_format, weight_zero, "LUT weight_zero", (), (n,), (n, count))
        weight = _scales(params, weight_scale, "LUT weight_scale", (n, count))
        activation = _scales(params, activation_scale, "LUT activation_scale", (m, count), (*pair.rows, count))
        return cls(
            np.broadcast_to(zero.reshape(n, -1) if zero.ndim else zero, (n, count)),
            np.broadcast_to(weight, (n, count)),
            np.broadcast_to(activation.reshape(m, count) if activation.ndim else activation, (m, count)),
        )


def _scales(params: LutParams, value: ArrayLike, thing: str, *shapes: tuple[int, ...]) -> IntArray:
    """Return group scales, or raise, also where one is zero."""
    scales = shaped(params.scale_format, value, thing, (), *shapes)
    if scales.min() < 1:
        raise must(thing, "be at least 1", 0)
    return scales


def _sums(params: LutParams, pair: _Operands, groups: _Groups) -> IntArray:
    """Return the scaled sum over all groups, (M, N)."""
    total = np.zeros((len(pair.a), pair.channels), dtype=np.int64)
    size = params.group or pair.reduction
    for g, at in enumerate(range(0, pair.reduction, size)):
        part = slice(at, at + size)
        product = _product(params, pair.a[:, part], pair.w[:, part], groups.zero[:, g])
        total += product * groups.weight[:, g] * groups.activation[:, g, np.newaxis]
    return total


def _product(params: LutParams, a: IntArray, w: IntArray, zero: IntArray) -> IntArray:
    """Return one group's product, (M, N), as the design's tables give it."""
    if params.table_scale == "exact":
        return exact_product(a, (w - zero[:, np.newaxis]).T)
    shared = params.table_scale == "group"
    return table_product(a, w, zero, weight_format=params.weight_format, lookup=params.lookup, shared=shared)


def _epilogue(
    params: LutParams,
    total: IntArray,
    *,
    bias: ArrayLike = 0,
    accumulator: ArrayLike = 0,
    activate: ArrayLike = 1,
    **scale: Any,
) -> IntArray:
    """Add the addend and requantise, as far as the design was built for it."""
    if params.addend == "bias":
        total = total + shaped(params.addend_format, bias, "LUT bias", (), total.shape[-1:])
    elif params.addend == "matrix":
        total = total + shaped(params.addend_format, accumulator, "LUT accumulator", total.shape)
    if not params.requantize:
        return total
    on = scalar(Integer(1, is_signed=False), activate, "LUT activate")
    return requantized(params, total, activate=bool(on), **scale)


def framing(params: LutParams, inputs: Mapping[str, Beats]) -> dict[str, NDArray[np.bool_]]:
    """Return which output beats carry `last`, from what the input streams carry alone.

    Each reduction that `a` ends with `last` gives a tile: a beat for each segment of the columns.

    Parameters
    ----------
    params
        The tile's parameters.
    inputs
        Beats of each input stream.

    Returns
    -------
    dict
        For the output stream ``o`` a bool array, one for each beat.
    """
    tiles = int(np.count_nonzero(inputs["a"]["last"]))
    return {"o": np.tile(np.arange(params.column_segments) == params.column_segments - 1, tiles)}
