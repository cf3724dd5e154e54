"""What an operation takes beside Q, K and V and its masks: scales of the logits, offsets, requantisation."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import must
from ..operands import Argument
from .heads import Heads
from .mapping import Attend
from .masks import MASKS, Masks
from .params import AttentionParams
from .scales import check_range
from .tensors import KV_SCALES, Operands

__all__ = ["ARGUMENTS", "NEEDED", "attend"]

IntArray = NDArray[np.int64]

NEEDED = ("q", "k", "v", "scale_multiplier", "scale_shift")
"""Names of what every operation must be given."""

ARGUMENTS = (*NEEDED, *KV_SCALES, *MASKS, "offset", "multiplier", "shift", "zero_point")
"""Names of all that an operation takes."""


def attend(params: AttentionParams, tensors: Mapping[str, Any]) -> Attend:
    """Return the checked operation.

    Raises
    ------
    InputError
        Where values or shapes do not fit, a logit could saturate, or the design does not take an argument.
    """
    operands = Operands.check(params, tensors)
    heads = operands.heads
    multiplier = heads.per_row(params.scale_format, tensors["scale_multiplier"], "Attention scale_multiplier")
    if multiplier.min() < 1:
        raise must("Attention scale_multiplier", "be at least 1", int(multiplier.min()))
    shift = heads.per_row(params.shift_format, tensors["scale_shift"], "Attention scale_shift")
    check_range(params, operands.reach, multiplier, shift)
    values = {"multiplier": multiplier, "shift": shift} | _offset(params, heads, tensors)
    return Attend(operands, Masks.check(params, heads, tensors), values, _epilogue(params, heads, tensors))


def _offset(params: AttentionParams, heads: Heads, tensors: Mapping[str, Any]) -> dict[str, IntArray]:
    """Return the maximum that each row is expected to have, where the design takes one."""
    given_maximum = params.softmax == "unified_max"
    reason = "the design has softmax=unified_max"
    argument = Argument(params.maximum_format if given_maximum else None, None, "softmax=unified_max", reason)
    value = argument.value(tensors, "offset", "Attention")
    return {"offset": heads.per_row(params.maximum_format, value, "Attention offset")} if given_maximum else {}


def _epilogue(params: AttentionParams, heads: Heads, tensors: Mapping[str, Any]) -> dict[str, IntArray]:
    """Return how each row's results are requantised, where the design does that."""
    requantize, reason = params.requantize, "the design requantizes"
    known = {
        "multiplier": Argument(params.multiplier_format if requantize else None, None, "requantize", reason),
        "shift": Argument(params.shift_format if requantize else None, None, "requantize", reason),
        "zero_point": Argument(params.requantized_format if requantize else None, 0, "requantize"),
    }
    values = {}
    for name, argument in known.items():
        value = argument.value(tensors, name, "Attention")
        if argument.format is None:
            continue
        if name == "zero_point" and np.ndim(value):
            raise must("Attention zero_point", "be one number", np.shape(value))
        values[name] = heads.per_row(argument.format, value, f"Attention {name}")
    return values
