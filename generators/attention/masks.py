"""Which keys each row of Q may see: three numbers a row, from the masks that users name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import must
from ...hdl.formats import Integer
from ..operands import Argument
from .heads import Heads
from .params import AttentionParams

__all__ = ["MASKS", "Masks"]

IntArray = NDArray[np.int64]

MASKS = ("causal", "window", "sink", "length", "position")
"""Names of what an operation takes for its masks."""

_FLAG = Integer(1, is_signed=False)
_COUNT = Integer(32)
"""Format of positions and sizes, which may lie outside of the keys."""


@dataclass(frozen=True)
class Masks:
    """A row sees ``key < stop and (key >= start or key < sink)``; ``(rows,)`` each, 0 to max_length."""

    stop: IntArray
    start: IntArray
    sink: IntArray

    @classmethod
    def check(cls, params: AttentionParams, heads: Heads, given: Mapping[str, Any]) -> "Masks":
        """Return the bounds of every row.

        Parameters
        ----------
        params
            The design.
        heads
            Sizes of the operation.
        given
            Arguments by name; of them `MASKS`, as `Attention.lower` describes them, are looked at.

        Raises
        ------
        InputError
            Where one is out of range, of the wrong shape, for a mask that the design was built without, or without
            effect beside the others.
        """
        length = _lengths(params, heads, given)
        window, sink = _window(params, given), _sink(params, given)
        # A window looks back from the row's own position, so nothing after that is seen.
        causal = _one(_FLAG, given.get("causal", 0), "Attention causal") == 1 or window is not None
        where = _positions(heads, given, length, causal)
        if given.get("position") is not None and not causal:
            raise must("Attention position", "be left out without causal or window", given["position"])
        if sink and window is None:
            raise must("Attention sink", "be left out without window", sink)
        stop = np.minimum(length[:, np.newaxis], where + 1) if causal else np.broadcast_to(length[:, None], where.shape)
        start = np.zeros_like(where) if window is None else where - window + 1
        most = params.max_length
        bounds = (np.clip(part, 0, most) for part in (stop, start, np.full_like(where, sink)))
        batch, count, queries = heads.full
        return cls(*(heads.to_rows(np.broadcast_to(b[:, None], (batch, count, queries))) for b in bounds))

    @property
    def counts(self) -> IntArray:
        """Keys that each row sees."""
        before = np.minimum(np.minimum(self.sink, self.start), self.stop)
        counts: IntArray = np.maximum(self.stop - self.start, 0) + before
        return counts

    def allowed(self, rows: slice, keys: int) -> NDArray[np.bool_]:
        """Return which of the first `keys` keys some rows see: ``(rows, keys)``."""
        key = np.arange(keys)
        stop, start, sink = (bound[rows, np.newaxis] for bound in (self.stop, self.start, self.sink))
        seen: NDArray[np.bool_] = (key < stop) & ((key >= start) | (key < sink))
        return seen


def _lengths(params: AttentionParams, heads: Heads, given: Mapping[str, Any]) -> IntArray:
    """Return the valid keys of each entry of the batch."""
    if given.get("length") is None:
        return np.full(heads.full[0], heads.keys, dtype=np.int64)
    length = heads.per_batch(params.bound_format, given["length"], "Attention length")
    if length.max() > heads.keys:
        raise must("Attention length", f"be at most the {heads.keys} keys of k", int(length.max()))
    return length


def _positions(heads: Heads, given: Mapping[str, Any], length: IntArray, causal: bool) -> IntArray:
    """Return the position of each query of each entry of the batch; by default the last one is the last key's."""
    queries = heads.full[2]
    if given.get("position") is None:
        first = length - queries if causal else np.zeros_like(length)
    else:
        first = heads.per_batch(_COUNT, given["position"], "Attention position")
    return first[:, np.newaxis] + np.arange(queries)


def _window(params: AttentionParams, given: Mapping[str, Any]) -> int | None:
    """Return the keys of a sliding window, None where there is none."""
    argument = Argument(None if params.mask == "stop" else _COUNT, 0, "mask=window or mask=sink")
    value = argument.value(given, "window", "Attention")
    if given.get("window") is None:
        return None
    size = _one(_COUNT, value, "Attention window")
    if size < 1:
        raise must("Attention window", "be at least 1", size)
    return size


def _sink(params: AttentionParams, given: Mapping[str, Any]) -> int:
    """Return the first keys that always count."""
    argument = Argument(params.bound_format if params.mask == "sink" else None, 0, "mask=sink")
    value = argument.value(given, "sink", "Attention")
    return 0 if value is None else _one(params.bound_format, value, "Attention sink")


def _one(form: Integer, value: Any, thing: str) -> int:
    """Return one number."""
    checked = form.check(value, thing)
    if checked.ndim:
        raise must(thing, "be one number", checked.shape)
    return int(checked)
