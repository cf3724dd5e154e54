"""Which rows of Q belong to which keys: heads that share them, and the order in which rows are sent."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import must
from ...hdl.formats import Format

__all__ = ["Heads"]

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Heads:
    """Sizes of one operation; rows of Q count by batch, head of K and V, position and head that shares these.

    Parameters
    ----------
    lead
        Axes of Q but for the last: ``(B, H, Lq)``, ``(H, Lq)`` or ``(Lq,)``.
    kv_heads
        Heads of K and V, a divisor of those of Q.
    keys
        Keys of a head.
    """

    lead: tuple[int, ...]
    kv_heads: int
    keys: int

    @property
    def full(self) -> tuple[int, int, int]:
        """Batch, heads and queries, 1 where Q has no such axis."""
        batch, heads, queries = (1,) * (3 - len(self.lead)) + self.lead
        return batch, heads, queries

    @property
    def groups(self) -> int:
        """Sets of keys: heads of K and V of the whole batch."""
        return self.full[0] * self.kv_heads

    @property
    def group_rows(self) -> int:
        """Rows of Q that have the same keys."""
        return self.rows // self.groups

    @property
    def rows(self) -> int:
        """Rows of Q of the whole batch."""
        batch, heads, queries = self.full
        return batch * heads * queries

    def to_rows(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return ``(rows, …)`` of ``(B, H, Lq, …)``, in the order in which rows are sent."""
        (batch, heads, queries), rest = self.full, array.shape[3:]
        apart = array.reshape(batch, self.kv_heads, heads // self.kv_heads, queries, *rest)
        return apart.swapaxes(2, 3).reshape(self.rows, *rest)

    def from_rows(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Return ``(*lead, …)`` of ``(rows, …)``."""
        (batch, heads, queries), rest = self.full, rows.shape[1:]
        apart = rows.reshape(batch, self.kv_heads, queries, heads // self.kv_heads, *rest)
        return apart.swapaxes(2, 3).reshape(*self.lead, *rest)

    def per_row(self, form: Format, value: Any, thing: str) -> IntArray:
        """Check one number, one for each head or one for each row, and return ``(rows,)`` values.

        Raises
        ------
        InputError
            Where a value is not of the format, or the shape fits none of these; names `thing`.
        """
        array, (_, heads, _) = form.check(value, thing), self.full
        if array.shape == self.lead:
            array = array.reshape(self.full)
        elif array.shape == (heads,):
            array = array[:, np.newaxis]
        elif array.ndim:
            raise must(thing, f"be one number or have shape {(heads,)} or {self.lead}", array.shape)
        return self.to_rows(np.broadcast_to(array, self.full))

    def per_batch(self, form: Format, value: Any, thing: str) -> IntArray:
        """Check one number or one for each entry of the batch, and return ``(B,)`` values.

        Raises
        ------
        InputError
            Where a value is not of the format, or the shape fits none of these; names `thing`.
        """
        array, batch = form.check(value, thing), self.full[0]
        if array.shape not in ((), (batch,)):
            raise must(thing, f"be one number or have shape {(batch,)}", array.shape)
        return np.broadcast_to(array, (batch,))
