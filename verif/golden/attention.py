"""Golden model of the attention family: softmax(Q K^T * scale + mask) V in the integers of the hardware."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import must
from ...generators.attention.params import AttentionParams
from ...hdl.ports import Beats
from .attention_arguments import Operands
from .attention_rows import Rows, attend
from .requantize import requantize

__all__ = ["compute", "framing"]

IntArray = NDArray[np.int64]
OfRows = Callable[[AttentionParams, Rows, IntArray, IntArray], IntArray]
BoolArray = NDArray[np.bool_]

_OPERATIONS = ("attention", "summary")


def compute(params: AttentionParams, operation: str, **tensors: Any) -> IntArray:
    """Return what the engine gives for an operation, bit for bit.

    A logit is the score ``q . k`` times ``scale_multiplier / 2**scale_shift``, in base 2 with `logit_fraction` bits; a
    key's weight is 2 to the power of what its logit lies below the maximum of the keys so far (``online``), of all
    keys (``three_pass``) or below `offset` (``unified_max``). The result is the weighted mean of V with
    `output_fraction` bits, requantised as far as the design has units for that. `attention_bound.error_bound` says how
    far it may be from real numbers.

    Parameters
    ----------
    params
        Formats, softmax and masks.
    operation
        ``"attention"``: the results; with unified_max those of rows whose maximum was not as expected, above `offset`
        or more than `slack_bits` below it, are of a second pass with the right one. ``"summary"``: what the first
        pass says about each row.
    **tensors
        ``q`` (B, H, Lq, E), (H, Lq, E) or (Lq, E); ``k`` (…, Hkv, Lk, E) and ``v`` (…, Hkv, Lk, F) with as many axes:
        query head h sees head ``h // (H / Hkv)``. ``k_scale``, ``v_scale``: one number, or one for each group of
        elements of a key or value. ``scale_multiplier``, ``scale_shift``, ``offset``, ``multiplier``, ``shift``: one
        number, (H,) or (…, H, Lq). ``zero_point``: one number, 0 by default. ``length``: valid keys, one number or
        (B,), all by default. ``causal``: whether a query sees keys up to its own position alone, False by default.
        ``window``: keys that it then sees, itself included. ``sink``: first keys that it sees besides, 0 by default.
        ``position``: that of the first query, one number or (B,); by default the last query has the last valid key's
        where there is ``causal`` or ``window``.

    Returns
    -------
    numpy.ndarray
        int64. ``attention``: (…, H, Lq, F), 0 for rows that see no key. ``summary``: (…, H, Lq, 2), or 3 with
        unified_max: the largest logit rounded up to a whole octave, 1 for a row that saw no key, 1 for one that needs
        the second pass.

    Raises
    ------
    InputError
        Where an argument is missing, unknown, of the wrong format or shape, or for a unit that the design was built
        without, where a dequantised element is not int8, or a logit could saturate.
    """
    if operation not in _OPERATIONS:
        raise must("Attention operation", f"be {' or '.join(_OPERATIONS)}", operation)
    given = {name: value for name, value in tensors.items() if value is not None}
    operands = Operands.check(params, operation, given)
    if operation == "summary":
        return _each_head(params, operands, _summary).reshape(*operands.axes, -1)
    means = _each_head(params, operands, _checked_means)
    if params.requantize:
        means = requantize(
            means,
            multiplier=operands.multiplier[..., np.newaxis],
            shift=operands.shift[..., np.newaxis],
            zero_point=operands.zero_point,
            lo=params.output_format.lo,
            hi=params.output_format.hi,
        )
    return means.reshape(*operands.axes, params.f)


def framing(params: AttentionParams, inputs: Mapping[str, Beats]) -> dict[str, BoolArray]:
    """Return which output beats carry `last`, from what the input streams carry alone.

    Each task, which `tiles` ends with `last` (with three_pass in its third stage), gives `value_beats` beats of `o`
    and one of `summary` for each row.

    Parameters
    ----------
    params
        The design's parameters.
    inputs
        Beats of each input stream.

    Returns
    -------
    dict
        For the output streams ``o`` and ``summary`` a bool array, one for each beat.
    """
    ends = inputs["tiles"]["last"]
    if params.softmax == "three_pass":
        ends = ends & (inputs["tiles"]["stage"][:, 0] == 2)
    tasks = int(np.count_nonzero(ends))
    sizes = {"o": params.rows * params.value_beats, "summary": params.rows}
    return {name: np.tile(np.arange(size) == size - 1, tasks) for name, size in sizes.items()}


def _each_head(params: AttentionParams, operands: Operands, function: OfRows) -> IntArray:
    """Return a function of the rows that see a head of K and V, for all heads, (B, H, Lq, …)."""
    batch, heads = operands.k.shape[:2]
    pairs = [(b, h) for b in range(batch) for h in range(heads)]
    found = [function(params, _rows(operands, b, h), operands.k[b, h], operands.v[b, h]) for b, h in pairs]
    return np.concatenate(found).reshape(*operands.q.shape[:3], -1)


def _rows(operands: Operands, b: int, head: int) -> Rows:
    """Return the rows of all query heads that see a head of K and V, head by head."""
    group, queries = operands.group, operands.q.shape[2]
    mine = (b, slice(head * group, (head + 1) * group))
    return Rows(
        q=operands.q[mine].reshape(group * queries, -1),
        multiplier=operands.scale_multiplier[mine].ravel(),
        shift=operands.scale_shift[mine].ravel(),
        stop=np.tile(operands.stop[b], group),
        start=np.tile(operands.start[b], group),
        sink=np.tile(operands.sink[b], group),
        offset=operands.offset[mine].ravel(),
    )


def _checked_means(params: AttentionParams, rows: Rows, k: IntArray, v: IntArray) -> IntArray:
    """Return the means of rows, (R, F), those that need it from a second pass."""
    first = attend(params, rows, k, v)
    if not first.redo.any():
        return first.mean
    means = first.mean.copy()
    means[first.redo] = attend(params, rows.expecting(first.maximum)[first.redo], k, v).mean
    return means


def _summary(params: AttentionParams, rows: Rows, k: IntArray, v: IntArray) -> IntArray:
    """Return what the first pass says about each row, (R, 2 or 3)."""
    first = attend(params, rows, k, v)
    columns = [first.maximum, first.empty, *([first.redo] if params.softmax == "unified_max" else [])]
    return np.stack(columns, axis=1).astype(np.int64)
