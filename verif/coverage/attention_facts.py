"""What the cover points of attention look at: logits, masks and maxima of every row, and the tiles that are sent."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...generators.attention.params import AttentionParams
from ..golden.attention import compute
from ..golden.attention_arguments import Operands
from ..golden.gemm import exact_product
from ..golden.requantize import scale
from .epilogues import Requantised
from .observation import Stimulus

__all__ = ["AttentionFacts"]

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class AttentionFacts:
    """An operation of an engine; arrays over rows are ``(B, H, Lq)``, over rows and keys ``(B, H, Lq, Lk)``."""

    stimulus: Stimulus

    @property
    def params(self) -> AttentionParams:
        """The design."""
        params: AttentionParams = self.stimulus.params
        return params

    @cached_property
    def operands(self) -> Operands:
        """The arguments, brought to one form."""
        return Operands.check(self.params, self.stimulus.operation, dict(self.stimulus.tensors))

    def tensor(self, name: str) -> IntArray:
        """Return an argument as it was given."""
        return np.asarray(self.stimulus.tensors[name], dtype=np.int64)

    def rows_of(self, name: str) -> IntArray:
        """Return the rows of an argument."""
        tensor = self.tensor(name)
        return tensor.reshape(-1, tensor.shape[-1])

    @property
    def group_rows(self) -> int:
        """Rows that see the same keys: those that are cut into tasks."""
        return self.operands.group * int(self.operands.q.shape[2])

    @property
    def keys(self) -> int:
        """Keys of a head."""
        return int(self.operands.k.shape[2])

    @cached_property
    def logits(self) -> IntArray:
        """Every logit, those of masked keys too."""
        operands = self.operands
        keys = np.repeat(operands.k, operands.group, axis=1)
        scores = exact_product(operands.q, np.swapaxes(keys, -1, -2))
        scaled = scale(scores, operands.scale_multiplier[..., np.newaxis], operands.scale_shift[..., np.newaxis])
        return self.params.logit_format.clip(scaled.astype(np.int64))

    @cached_property
    def allowed(self) -> BoolArray:
        """Which keys each row sees."""
        key = np.arange(self.keys)
        bounds = (self.operands.stop, self.operands.start, self.operands.sink)
        stop, start, sink = (bound[:, np.newaxis, :, np.newaxis] for bound in bounds)
        return np.broadcast_to((key < stop) & ((key >= start) | (key < sink)), self.logits.shape)

    @cached_property
    def seen(self) -> IntArray:
        """Keys that each row sees."""
        return np.asarray(self.allowed.sum(axis=-1))

    @cached_property
    def octaves(self) -> IntArray:
        """Logits rounded up to octaves; the lowest value for masked keys."""
        return np.where(self.allowed, -(-self.logits >> self.params.logit_fraction), self.params.no_key)

    @cached_property
    def rises(self) -> IntArray:
        """By how many octaves each key raises its row's maximum; 0 for the first key that is seen."""
        reached = np.maximum.accumulate(self.octaves, axis=-1)
        steps = np.diff(reached, axis=-1, prepend=reached[..., :1])
        before: IntArray = np.cumsum(self.allowed, axis=-1) - self.allowed
        return np.where(before > 0, steps, 0)

    @property
    def stays(self) -> bool:
        """Whether a row of several keys has its maximum from the first one on."""
        return bool(((self.rises.max(axis=-1, initial=0) == 0) & (self.seen > 1)).any())

    @property
    def rises_often(self) -> bool:
        """Whether a row's maximum rises with three keys or more."""
        return bool(((self.rises > 0).sum(axis=-1) >= 3).any())

    @property
    def equal_keys(self) -> bool:
        """Whether a row sees several keys, all of one logit."""
        low = np.where(self.allowed, self.logits, self.logits.max(initial=0)).min(axis=-1)
        high = np.where(self.allowed, self.logits, self.logits.min(initial=0)).max(axis=-1)
        return bool(((low == high) & (self.seen > 1)).any())

    @property
    def one_decides(self) -> bool:
        """Whether a row sees several keys, all but one so far below it that their weights are 0."""
        most = self.octaves.max(axis=-1, keepdims=True)
        near = self.allowed & (self.octaves > most - self.params.weight_bits - 2)
        return bool(((near.sum(axis=-1) == 1) & (self.seen > 1)).any())

    @property
    def whole_octave(self) -> bool:
        """Whether the largest logit of a row is a whole number of octaves."""
        exact = self.octaves << self.params.logit_fraction == self.logits
        top = self.octaves == self.octaves.max(axis=-1, keepdims=True)
        return bool((exact & top & self.allowed).any())

    def extreme_mean(self, sign: int) -> bool:
        """Return whether a row sees keys whose values all have one lowest, or highest, element."""
        form = self.params.operand_format if self.params.kv_scale_bits is None else None
        values = np.repeat(self.operands.v, self.operands.group, axis=1)
        most = sign * (form.hi if sign > 0 else form.lo) if form else int((sign * values).max())
        extreme = (sign * values == most).astype(np.int64)
        together = exact_product(self.allowed.astype(np.int64), extreme)
        return bool(((together == self.seen[..., np.newaxis]) & (self.seen[..., np.newaxis] > 1)).any())

    @cached_property
    def _maximum(self) -> IntArray:
        return np.asarray(self.octaves.max(axis=-1))

    @property
    def too_high(self) -> BoolArray:
        """Rows whose maximum is above the expected one."""
        return np.asarray((self.seen > 0) & (self._maximum > self.operands.offset))

    @property
    def too_low(self) -> BoolArray:
        """Rows whose maximum is so far below that they are done again."""
        return np.asarray((self.seen > 0) & (self._maximum < self.operands.offset - self.params.slack))

    @property
    def fits(self) -> BoolArray:
        """Rows whose maximum is as expected."""
        return np.asarray((self.seen > 0) & ~self.too_high & ~self.too_low)

    @cached_property
    def _stops(self) -> IntArray:
        """Keys before which each row of each task stops, ``(tasks, rows)``."""
        stops: IntArray = np.asarray(self.stimulus.vectors.job.inputs["rows"]["stop"]).reshape(-1, self.params.rows)
        return stops

    @property
    def empty_task(self) -> bool:
        """Whether no row of a task sees a key."""
        return bool((self._stops == 0).all(axis=1).any())

    @property
    def unlike_rows(self) -> bool:
        """Whether rows of a task stop at different keys."""
        return bool((self._stops.min(axis=1) != self._stops.max(axis=1)).any())

    @property
    def partial_tile(self) -> bool:
        """Whether a row sees some keys of a tile that is sent, and not all of them."""
        size = self.params.key_tile
        cut = np.pad(self.allowed, [(0, 0)] * 3 + [(0, -self.keys % size)]).reshape(*self.allowed.shape[:3], -1, size)
        count = cut.sum(axis=-1)
        return bool(((count > 0) & (count < np.minimum(size, self.keys))).any())

    @property
    def late_start(self) -> bool:
        """Whether a task begins with a later tile than the first."""
        tiles = self.stimulus.vectors.job.inputs["tiles"]
        return bool(((tiles["first"] == 1) & (tiles["key"] > 0)).any())

    @property
    def hole(self) -> bool:
        """Whether a tile is left out between two that are sent."""
        tiles = self.stimulus.vectors.job.inputs["tiles"]
        gaps = np.diff(np.asarray(tiles["key"]).reshape(-1)) > self.params.key_tile
        return bool((gaps & (np.asarray(tiles["first"]).reshape(-1)[1:] == 0)).any())

    @cached_property
    def requantised(self) -> Requantised:
        """The way of the means through the requantiser; of a summary, none."""
        changes: dict[str, Any] = {"requantize": False, "output_format": "int8", "multiplier_bits": 16}
        if self.stimulus.operation == "summary":
            nothing = np.zeros(0, dtype=np.int64)
            return Requantised(nothing, nothing, nothing, nothing, "none", self.params.output_format)
        plain = {n: v for n, v in self.stimulus.tensors.items() if n not in ("multiplier", "shift", "zero_point")}
        means = compute(self.params.replace(**changes), "attention", **plain)
        operands = self.operands
        multiplier, shift = (part.reshape(*means.shape[:-1], 1) for part in (operands.multiplier, operands.shift))
        zero = np.asarray(operands.zero_point)
        return Requantised(means, multiplier, shift, zero, "none", self.params.output_format)
