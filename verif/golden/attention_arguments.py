"""Arguments of attention, checked and brought to the axes (batch, head, position, element)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, must
from ...generators.attention.params import AttentionParams
from ...hdl.formats import Format
from .arguments import scalar, shaped
from .attention_masks import MASKS, bounds

__all__ = ["Operands"]

IntArray = NDArray[np.int64]

_TENSORS = ("q", "k", "v", "scale_multiplier", "scale_shift")
_UNITS = {
    "k_scale": "kv_scale_bits",
    "v_scale": "kv_scale_bits",
    "window": "mask=window or mask=sink",
    "sink": "mask=sink",
    "offset": "softmax=unified_max",
    "multiplier": "requantize",
    "shift": "requantize",
    "zero_point": "requantize",
}
"""Each argument that not every design takes, and the unit that it is for."""
_NEEDED = {
    "k_scale": "was built with kv_scale_bits",
    "v_scale": "was built with kv_scale_bits",
    "offset": "has softmax=unified_max",
    "multiplier": "requantizes",
    "shift": "requantizes",
}
"""Arguments without a default: a design with their unit must be given them, and why."""
_ALL = tuple(dict.fromkeys((*_TENSORS, *MASKS, *_UNITS)))


@dataclass(frozen=True)
class Operands:
    """What the arguments of attention say.

    Attributes
    ----------
    axes
        Axes of the result before F, as the caller gave them.
    q
        ``(B, H, Lq, E)``.
    k, v
        ``(B, Hkv, Lk, E)`` and ``(B, Hkv, Lk, F)``, dequantised.
    scale_multiplier, scale_shift, offset
        ``(B, H, Lq)``; the offset is 0 in designs without.
    stop, start, sink
        ``(B, Lq)``.
    multiplier, shift
        ``(B, H, Lq)`` for requantisation, 1 and 0 in designs without; with `zero_point`, one number.
    """

    axes: tuple[int, ...]
    q: IntArray
    k: IntArray
    v: IntArray
    scale_multiplier: IntArray
    scale_shift: IntArray
    offset: IntArray
    stop: IntArray
    start: IntArray
    sink: IntArray
    multiplier: IntArray
    shift: IntArray
    zero_point: int

    @property
    def group(self) -> int:
        """Query heads that share a head of K and V."""
        heads, shared = self.q.shape[1], self.k.shape[1]
        return int(heads // shared)

    @classmethod
    def check(cls, params: AttentionParams, operation: str, given: Mapping[str, Any]) -> "Operands":
        """Return the arguments of an operation, or raise `InputError` as `attention.compute` says."""
        _check_names(params, operation, given)
        q = params.q_format.check(given["q"], "Attention q")
        k, v = (params.kv_format.check(given[name], f"Attention {name}") for name in ("k", "v"))
        _check_shapes(params, q, k, v)
        if params.kv_scale_bits is not None:
            k = _dequantised(params, "k", k, given["k_scale"], params.e_lanes)
            v = _dequantised(params, "v", v, given["v_scale"], params.f_lanes)
        axes, (q, k, v) = q.shape[:-1], (tensor.reshape(_four(tensor.shape)) for tensor in (q, k, v))
        rows = _Rows(axes, given)
        masks = bounds(params, {name: given[name] for name in MASKS if name in given}, len(q), q.shape[2], k.shape[2])
        multiplier, shift = rows("scale_multiplier", params.scale_format), rows("scale_shift", params.shift_format)
        _check_logits(params, q, k, multiplier, shift)
        offset = rows("offset", params.maximum_format, 0)
        return cls(axes, q, k, v, multiplier, shift, offset, *masks, *_epilogue(params, given, rows))


@dataclass(frozen=True)
class _Rows:
    """Takes arguments of which there is one for all rows, for a head, or for each row."""

    axes: tuple[int, ...]
    given: Mapping[str, Any]

    def __call__(self, name: str, form: Format, default: int | None = None) -> IntArray:
        """Return the argument of that name as ``(B, H, Lq)``."""
        heads = self.axes[-2:-1] or (1,)
        value = shaped(form, self.given.get(name, default), f"Attention {name}", (), heads, self.axes)
        if value.shape == heads and len(self.axes) > 1:
            value = value[:, np.newaxis]
        full: IntArray = np.broadcast_to(value, self.axes).reshape(_four((*self.axes, 1))[:3])
        return full


def _four(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape with 4 axes."""
    return (*(1,) * (4 - len(shape)), *shape)


def _check_names(params: AttentionParams, operation: str, given: Mapping[str, Any]) -> None:
    """Raise `InputError` where an argument is missing, unknown, or for a unit that there is not."""
    for name in _TENSORS:
        if name not in given:
            raise InputError(f"Attention {operation} must be given {', '.join(_TENSORS)}; {name} is missing")
    for name in given:
        if name not in _ALL:
            raise InputError(f"Attention {operation} has no argument {name!r}; it has {', '.join(_ALL)}")
    built = {
        "kv_scale_bits": params.kv_scale_bits is not None,
        "mask=window or mask=sink": params.mask != "stop",
        "mask=sink": params.mask == "sink",
        "softmax=unified_max": params.softmax == "unified_max",
        "requantize": params.requantize,
    }
    for name, unit in _UNITS.items():
        if name in given and not built[unit]:
            raise InputError(f"Attention {name} must be left out: the design was built without {unit}")
        if name not in given and built[unit] and name in _NEEDED:
            raise InputError(f"Attention {name} must be given: the design {_NEEDED[name]}")


def _check_shapes(params: AttentionParams, q: IntArray, k: IntArray, v: IntArray) -> None:
    """Raise `InputError` where the axes of Q, K and V do not go together."""
    if q.ndim not in (2, 3, 4):
        raise must("Attention q", "have 2, 3 or 4 axes", q.shape)
    if q.shape[-1] != params.e:
        raise must("Attention q", f"have e={params.e} elements a row", q.shape)
    if k.ndim != q.ndim or k.shape[:-3] != q.shape[:-3] or k.shape[-1] != params.e:
        lead = "".join(f"{size}, " for size in q.shape[:-3]) + ("Hkv, " if q.ndim > 2 else "")
        raise must("Attention k", f"have shape ({lead}Lk, {params.e})", k.shape)
    if v.shape != (*k.shape[:-1], params.f):
        raise must("Attention v", f"have shape {(*k.shape[:-1], params.f)}", v.shape)
    if q.ndim > 2 and q.shape[-3] % k.shape[-3]:
        raise must("Attention k", f"have a number of heads that divides the {q.shape[-3]} of q", k.shape[-3])
    if k.shape[-2] > params.max_length:
        raise must("Attention k", f"have at most max_length={params.max_length} keys", k.shape[-2])


def _dequantised(params: AttentionParams, name: str, codes: IntArray, scale: Any, lanes: int) -> IntArray:
    """Return codes times the scales of their groups."""
    size = params.kv_group or lanes
    shape = (*codes.shape[:-1], codes.shape[-1] // size)
    scales = shaped(params.kv_scale_format, scale, f"Attention {name}_scale", (), shape)
    if scales.min() < 1:
        raise must(f"Attention {name}_scale", "be at least 1", int(scales.min()))
    values: IntArray = codes * np.repeat(np.broadcast_to(scales, shape), size, axis=-1)
    outside = ~params.operand_format.contains(values)
    if outside.any():
        form = params.operand_format
        rule = f"give values of {form}, {form.describe()}, when scaled"
        raise must(f"Attention {name}", rule, int(values[outside].flat[0]))
    return values


def _check_logits(params: AttentionParams, q: IntArray, k: IntArray, multiplier: IntArray, shift: IntArray) -> None:
    """Raise `InputError` where a scale is 0 or a logit could saturate, by the largest element of a head's keys."""
    if multiplier.min() < 1:
        raise must("Attention scale_multiplier", "be at least 1", int(multiplier.min()))
    largest = np.repeat(np.abs(k).max(axis=(2, 3)), q.shape[1] // k.shape[1], axis=1)[:, :, np.newaxis]
    reach = (np.abs(q).sum(axis=3) * largest * multiplier) >> shift  # whole, as is what it must stay below
    limit = ((1 << (params.logit_integer - 1)) - 1) << params.logit_fraction
    if (reach >= limit).any():
        octaves = (1 << (params.logit_integer - 1)) - 1
        rule = f"keep every logit below {octaves} octaves, logit_integer={params.logit_integer}"
        raise must("Attention scale_multiplier", rule, int(reach.max()) >> params.logit_fraction)


def _epilogue(params: AttentionParams, given: Mapping[str, Any], rows: _Rows) -> tuple[IntArray, IntArray, int]:
    """Return multiplier, shift and zero point."""
    multiplier, shift = rows("multiplier", params.multiplier_format, 1), rows("shift", params.shift_format, 0)
    return multiplier, shift, scalar(params.output_format, given.get("zero_point", 0), "Attention zero_point")
