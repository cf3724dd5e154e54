"""Checks of a user's Q, K and V and of what comes with them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ...errors import must
from ..operands import Argument
from .heads import Heads
from .params import AttentionParams

__all__ = ["KV_SCALES", "Operands", "Side"]

IntArray = NDArray[np.int64]
Codes = NDArray[np.int8]

KV_SCALES = ("k_scale", "v_scale")
"""Names of what an operation takes to dequantise K and V."""


@dataclass(frozen=True)
class Side:
    """Keys or values of all heads, one after the other.

    Parameters
    ----------
    codes
        ``(heads * keys, elements)`` as they travel.
    scale
        ``(heads * keys, groups)``; None in a design without scales.
    """

    codes: Codes
    scale: Codes | None

    @property
    def effective(self) -> NDArray[np.int16]:
        """The elements that the multipliers see."""
        wide = self.codes.astype(np.int16)
        if self.scale is None:
            return wide
        count, groups = self.scale.shape
        scaled = wide.reshape(count, groups, -1) * self.scale[:, :, np.newaxis]
        return cast("NDArray[np.int16]", scaled.reshape(wide.shape))


@dataclass(frozen=True)
class Operands:
    """Checked operands; `q` is ``(rows, e)`` in the order of `Heads`."""

    heads: Heads
    q: Codes
    k: Side
    v: Side

    @classmethod
    def check(cls, params: AttentionParams, tensors: Mapping[str, Any]) -> "Operands":
        """Return the operands of an operation.

        Parameters
        ----------
        params
            The design.
        tensors
            Arguments by name; of them `q`, `k`, `v` and `KV_SCALES`, as `Attention.lower` describes them, are looked
            at.

        Raises
        ------
        InputError
            Where values or shapes do not fit the design or each other, or a scaled element is not int8.
        """
        q = params.q_format.check(tensors["q"], "Attention q")
        k, v = (params.kv_format.check(tensors[name], f"Attention {name}") for name in "kv")
        _check_shapes(params, q, k, v)
        heads = Heads(q.shape[:-1], k.shape[-3] if k.ndim > 2 else 1, k.shape[-2])
        rows = heads.to_rows(q.astype(np.int8).reshape(*heads.full, params.e))
        sides = (_side(params, name, codes, tensors) for name, codes in (("k", k), ("v", v)))
        return cls(heads, rows, *sides)

    @property
    def reach(self) -> IntArray:
        """What the scores of each row cannot exceed in size."""
        sizes = np.abs(self.q.astype(np.int64)).sum(axis=1)
        keys = np.abs(self.k.effective).reshape(self.heads.groups, -1).max(axis=1)
        reach: IntArray = sizes * np.repeat(keys.astype(np.int64), self.heads.group_rows)
        return reach


def _check_shapes(params: AttentionParams, q: IntArray, k: IntArray, v: IntArray) -> None:
    """Raise `InputError` where the axes of the operands do not go together."""
    if not 2 <= q.ndim <= 4:
        raise must("Attention q", "have 2, 3 or 4 axes", q.shape)
    if q.shape[-1] != params.e:
        raise must("Attention q", f"have e={params.e} elements a row", q.shape)
    if k.ndim != q.ndim or k.shape[:-3] != q.shape[:-3] or k.shape[-1] != params.e:
        lead = "".join(f"{size}, " for size in q.shape[:-3]) + ("Hkv, " if q.ndim > 2 else "")
        raise must("Attention k", f"have shape ({lead}Lk, {params.e})", k.shape)
    if q.ndim > 2 and q.shape[-3] % k.shape[-3]:
        raise must("Attention k", f"have a number of heads that divides the {q.shape[-3]} of q", k.shape[-3])
    if k.shape[-2] > params.max_length:
        raise must("Attention k", f"have at most max_length={params.max_length} keys", k.shape[-2])
    if v.shape != (*k.shape[:-1], params.f):
        raise must("Attention v", f"have shape {(*k.shape[:-1], params.f)}", v.shape)


def _side(params: AttentionParams, name: str, codes: IntArray, tensors: Mapping[str, Any]) -> Side:
    """Return keys or values with their scales."""
    flat = codes.astype(np.int8).reshape(-1, codes.shape[-1])
    beats, lanes = {"k": (params.key_beats, params.e_lanes), "v": (params.value_beats, params.f_lanes)}[name]
    scaled = params.kv_scale_bits is not None
    reason = "the design was built with kv_scale_bits"
    argument = Argument(params.kv_scale_format if scaled else None, None, "kv_scale_bits", reason)
    value = argument.value(tensors, f"{name}_scale", "Attention")
    if not scaled:
        return Side(flat, None)
    shape = (*codes.shape[:-1], params.scale_lanes(lanes) * beats)
    scale = params.kv_scale_format.check(value, f"Attention {name}_scale")
    if scale.shape not in ((), shape):
        raise must(f"Attention {name}_scale", f"be one number or have shape {shape}", scale.shape)
    if scale.min() < 1:
        raise must(f"Attention {name}_scale", "be at least 1", int(scale.min()))
    side = Side(flat, np.broadcast_to(scale, shape).astype(np.int8).reshape(len(flat), -1))
    _check_scaled(params, name, side)
    return side


def _check_scaled(params: AttentionParams, name: str, side: Side) -> None:
    """Raise `InputError` where an element does not fit the multipliers."""
    form, elements = params.operand_format, side.effective
    for extreme in (int(elements.min()), int(elements.max())):
        if not form.lo <= extreme <= form.hi:
            raise must(f"Attention {name}", f"give values of {form}, {form.describe()}, when scaled", extreme)
