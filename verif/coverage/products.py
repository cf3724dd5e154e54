"""What the cover points of matrix products look at: operands as rows, sums before the epilogue, the widest ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...generators.family import Family
from .. import goldens
from ..families.base import DEEP
from .common import axis, operand
from .epilogues import Requantised
from .observation import Point, Points, Stimulus

__all__ = ["ProductFacts", "both", "convolutions", "near_bound", "sizes", "sums"]

IntArray = NDArray[np.int64]
Range = tuple[int, int]
EPILOGUE = ("bias", "accumulator", "multiplier", "shift", "zero_point", "activate")


@dataclass(frozen=True)
class ProductFacts:
    """A product ``left x right^T``, or a convolution, of a design.

    Parameters
    ----------
    stimulus
        What was asked for.
    family
        The design's family.
    names
        Of both operands: those of a product, and those of a convolution.
    along
        The axis of the product's second operand that is summed over.
    size
        M, N and K of the first product, as it is tiled.
    bare
        Changes of the parameters that leave the epilogue out.
    """

    stimulus: Stimulus
    family: Family[Any]
    names: tuple[tuple[str, str], tuple[str, str]]
    along: int
    size: tuple[int, int, int]
    bare: Mapping[str, Any]

    @property
    def is_product(self) -> bool:
        """Whether it is a product, and no convolution."""
        return self.stimulus.operation == "gemm"

    @cached_property
    def operands(self) -> tuple[IntArray, IntArray]:
        """Both operands as they were given."""
        left, right = self.names[not self.is_product]
        given = self.stimulus.tensors
        return np.asarray(given[left], dtype=np.int64), np.asarray(given[right], dtype=np.int64)

    @property
    def left(self) -> IntArray:
        """The first operand."""
        return self.operands[0]

    @property
    def right(self) -> IntArray:
        """The second operand."""
        return self.operands[1]

    @cached_property
    def left_rows(self) -> IntArray:
        """Rows of the first operand, ``(M, K)``; none of a convolution."""
        return self.left.reshape(-1, self.left.shape[-1]) if self.is_product else np.zeros((0, 0), dtype=np.int64)

    @cached_property
    def right_rows(self) -> IntArray:
        """What the rows are multiplied by, ``(N, K)``; none of a convolution."""
        if not self.is_product:
            return np.zeros((0, 0), dtype=np.int64)
        return np.moveaxis(self.right, self.along, -1).reshape(-1, self.left.shape[-1])

    @cached_property
    def sums(self) -> IntArray:
        """The sums before anything is added to them."""
        params = self.stimulus.params.replace(**self.bare) if self.bare else self.stimulus.params
        plain = {name: value for name, value in self.stimulus.tensors.items() if name not in EPILOGUE}
        return goldens.compute(self.family, params, self.stimulus.operation, plain)

    @cached_property
    def added(self) -> IntArray:
        """The sums with bias or matrix."""
        given = self.stimulus.tensors
        return self.sums + np.asarray(given.get("bias", given.get("accumulator", 0)), dtype=np.int64)

    @cached_property
    def requantised(self) -> Requantised:
        """The way of the sums through the requantiser."""
        return Requantised.of(self.stimulus.params, self.added, self.stimulus.tensors)


def sizes(tiles: tuple[int, int, int], most: int, names: str = "MNK") -> Points:
    """Return how M, N and K lie in their tiles, K being `most` at most."""
    m, n, k = tiles
    return (
        *axis(names[0], m, lambda f: f.size[0]),
        *axis(names[1], n, lambda f: f.size[1]),
        *axis(names[2], k, lambda f: f.size[2], most),
    )


def convolutions(*, padding: bool, groups: bool) -> Points:
    """Return what convolutions there are besides the plain one."""
    made = [Point("operations", "conv2d strided", "a convolution by steps of 2", lambda o: _strided(o.tensors))]
    if padding:
        made.append(Point("operations", "conv2d padded", "zeros around the image", lambda o: _padded(o.tensors)))
    if groups:
        grouped = "channels in groups"
        made.append(Point("operations", "conv2d grouped", grouped, lambda o: o.tensors.get("groups", 1) > 1))
    return tuple(made)


def _padded(tensors: Mapping[str, Any]) -> bool:
    return bool(np.any(tensors.get("padding", 0)))


def _strided(tensors: Mapping[str, Any]) -> bool:
    return int(np.max(tensors.get("stride", 1))) > 1


def sums(widest: Range, overflow: str = "exact") -> Points:
    """Return what sums there are; `widest` is the range of one product's contribution, scales included."""
    lo, hi = widest
    found = [
        Point("sums", "zero", "a sum is 0", lambda o: bool((o.facts.sums == 0).any())),
        Point("sums", "positive", "a sum is above 0", lambda o: bool((o.facts.sums > 0).any())),
    ]
    found += [Point("sums", "negative", "a sum is below 0", lambda o: bool((o.facts.sums < 0).any()))] if lo < 0 else []
    if overflow == "exact":
        found.append(Point("sums", "highest", "as high as K allows", lambda o: o.facts.sums.max() == hi * _k(o)))
        if lo < 0:
            found.append(Point("sums", "lowest", "as low as K allows", lambda o: o.facts.sums.min() == lo * _k(o)))
    return tuple(found)


def _k(observation: Any) -> int:
    return int(observation.facts.size[2])


def near_bound(widest: Range, most: int, step: int) -> Points:
    """Return the accumulator's fill, where the longest sum is short enough to be run."""
    if most > DEEP * step:
        return ()
    lo, hi = (3 * most * bound // 4 for bound in widest)
    found = [Point("sums", "near the top", "three quarters of the accumulator", lambda o: o.facts.sums.max() >= hi)]
    if lo < 0:
        meaning = "three quarters of the accumulator, below 0"
        found.append(Point("sums", "near the bottom", meaning, lambda o: o.facts.sums.min() <= lo))
    return tuple(found)


def both(names: tuple[str, str], forms: tuple[Any, Any]) -> Points:
    """Return the extremes of both operands."""
    return (
        *operand(names[0], forms[0], lambda f: f.left, lambda f: f.left_rows),
        *operand(names[1], forms[1], lambda f: f.right, lambda f: f.right_rows),
    )
