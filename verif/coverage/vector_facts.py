"""What the cover points of vector units look at: arguments of tables, spreads, maxima, results before clipping."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...generators.vector.activation_shape import ActivationShape
from ...generators.vector.norm_shape import NormShape
from ...generators.vector.params import VectorParams
from ...generators.vector.softmax_shape import SoftmaxShape
from ..golden.requantize import scale
from ..golden.vector import compute
from .observation import Stimulus

__all__ = ["VectorFacts"]

IntArray = NDArray[np.int64]
WIDER = 16
"""Bits of the widest result that a unit can be given."""


@dataclass(frozen=True)
class VectorFacts:
    """An operation of a unit; rows are vectors, ``(vectors, length)``."""

    stimulus: Stimulus

    @property
    def params(self) -> VectorParams:
        """The unit."""
        params: VectorParams = self.stimulus.params
        return params

    @cached_property
    def x(self) -> IntArray:
        """The operand."""
        return np.asarray(self.stimulus.tensors["x"], dtype=np.int64)

    @property
    def length(self) -> int:
        """Elements of a vector."""
        return int(self.x.shape[-1])

    @property
    def rows(self) -> IntArray:
        """All vectors."""
        return self.x.reshape(-1, self.length)

    @property
    def constant(self) -> bool:
        """Whether a vector of several elements has one value throughout."""
        return self.length > 1 and bool((self.rows == self.rows[:, :1]).all(axis=1).any())

    def _each(self, name: str) -> IntArray:
        """Return an argument that broadcasts to x."""
        value = np.asarray(self.stimulus.tensors.get(name, 0), dtype=np.int64)
        return value[..., np.newaxis] if value.ndim else value

    @cached_property
    def _wide(self) -> Any:
        """The table's argument before it is limited to its format."""
        shape: Any = ActivationShape if self.params.unit != "softmax" else SoftmaxShape
        prefix = "input_" if self.params.unit != "softmax" else ""
        lift = shape(self.params).lift
        return scale(self.x << lift, self._each(f"{prefix}multiplier"), self._each(f"{prefix}shift"))

    @property
    def limited(self) -> bool:
        """Whether an argument is too large for its format."""
        form = ActivationShape(self.params).argument
        return bool(((self._wide > form.hi) | (self._wide < form.lo)).any())

    @cached_property
    def magnitude(self) -> IntArray:
        """Magnitude of the table's argument."""
        form = ActivationShape(self.params).argument
        limited: IntArray = np.abs(np.clip(self._wide, form.lo, form.hi).astype(np.int64))
        return limited

    @property
    def pieces(self) -> int:
        """Pieces of the table."""
        return ActivationShape(self.params).table.segments

    @property
    def piece(self) -> IntArray:
        """Number of each argument's piece; from `pieces` on it lies beyond the table."""
        return np.asarray(self.magnitude >> ActivationShape(self.params).table.rest_bits)

    def inside(self, sign: int) -> bool:
        """Return whether an argument of that sign lies in the table."""
        return bool(((self.piece < self.pieces) & (self.magnitude > 0) & (np.sign(self.x) == sign)).any())

    def beyond(self, sign: int) -> bool:
        """Return whether an argument of that sign lies beyond the table."""
        return bool(((self.piece >= self.pieces) & (np.sign(self.x) == sign)).any())

    @cached_property
    def spread(self) -> IntArray:
        """N**2 times variance or mean square of each vector, without epsilon."""
        rows = self.rows
        total = rows.sum(axis=1) if NormShape(self.params).centres else np.zeros(len(rows), dtype=np.int64)
        return np.asarray(self.length * (rows * rows).sum(axis=1) - total * total)

    @cached_property
    def _raised(self) -> list[int]:
        """The spread of each vector with epsilon, at least 1."""
        epsilon = np.broadcast_to(np.asarray(self.stimulus.tensors.get("epsilon", 0)), self.x.shape[:-1]).reshape(-1)
        return [max(int(s) + int(e), 1) for s, e in zip(self.spread, epsilon, strict=True)]

    def octave(self, parity: int) -> bool:
        """Return whether a spread's exponent has that parity."""
        return any((value.bit_length() - 1) % 2 == parity for value in self._raised)

    def root_piece(self, which: int) -> bool:
        """Return whether the reciprocal root is looked up in the first (0) or the last (-1) piece of an octave."""
        bits = self.params.table_bits
        tops = [(value << bits >> (value.bit_length() - 1)) - (1 << bits) for value in self._raised]
        return (which % (1 << bits)) in tops

    @cached_property
    def scores(self) -> IntArray:
        """Scores of a softmax in octaves, ``(vectors, length)``."""
        form = SoftmaxShape(self.params).score
        limited: IntArray = np.clip(self._wide, form.lo, form.hi).astype(np.int64)
        return limited.reshape(-1, self.length)

    @property
    def level(self) -> bool:
        """Whether all scores of a vector are equal."""
        return self.length > 1 and bool((self.scores == self.scores[:, :1]).all(axis=1).any())

    @property
    def one_decides(self) -> bool:
        """Whether all results of a vector but one are 0."""
        rows = self.stimulus.vectors.result.reshape(-1, self.length)
        return self.length > 1 and bool(((rows > 0).sum(axis=1) == 1).any())

    @property
    def whole_octave(self) -> bool:
        """Whether the largest score of a vector is a whole number of octaves."""
        return bool((self.scores.max(axis=1) % (1 << self.params.fraction) == 0).any())

    def peaks(self, sign: int) -> bool:
        """Return whether a beat's maximum is above (1) or below (-1) that of all beats before it, in octaves."""
        peaks = -(-self.scores >> self.params.fraction)
        starts = np.arange(0, self.length, self.params.lanes)
        own = np.maximum.reduceat(peaks, starts, axis=1)
        before = np.maximum.accumulate(own, axis=1)
        return bool((np.sign(own[:, 1:] - before[:, :-1]) == sign).any())

    @cached_property
    def _unlimited(self) -> IntArray:
        """Results of the same unit with the widest format, so that little is clipped."""
        form = self.params.o_format
        changes: dict[str, Any] = {"output_format": f"{'int' if form.lo < 0 else 'uint'}{WIDER}"}
        if self.params.unit != "rope":
            changes["fraction_bits"] = self.params.fraction
        return compute(self.params.replace(**changes), self.stimulus.operation, **self.stimulus.tensors)

    def leaves(self, sign: int) -> bool:
        """Return whether a result is above (1) or below (-1) the range of its format."""
        form = self.params.o_format
        found = self._unlimited > form.hi if sign > 0 else self._unlimited < form.lo
        return bool(found.any())
