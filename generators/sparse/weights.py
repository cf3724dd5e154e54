"""Weights as the user gives them: codes with a scale and a zero point for each group of K."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, must
from ...hdl.formats import Integer
from ..operands import Argument
from .params import SparseParams

__all__ = ["SCALES", "Weights"]

IntArray = NDArray[np.int64]

SCALES = ("weight_scale", "weight_zero", "scale_group")
"""Names of what belongs to the weights of an operation."""


@dataclass(frozen=True)
class Weights:
    """Checked weights of a product; a weight is ``(codes - zero) * scale``, and those of zero are the pruned ones.

    Parameters
    ----------
    codes
        ``(N, K)`` int8 values of `carried_format`.
    scale, zero
        ``(N, G)``; ones and zeros where the design has none.
    group
        K elements that share a scale; the last group may be shorter.
    """

    codes: NDArray[np.int8]
    scale: IntArray
    zero: IntArray
    group: int

    @classmethod
    def check(cls, params: SparseParams, codes: IntArray, given: Mapping[str, Any]) -> "Weights":
        """Return the weights of a product.

        Parameters
        ----------
        params
            The chains' parameters.
        codes
            ``(N, K)`` values of `carried_format`.
        given
            Arguments by name; of them `SCALES`, as `Sparse.lower` describes them, are looked at.

        Raises
        ------
        InputError
            Where one is missing, out of range, of the wrong shape, or given to a design without that unit, or where a
            weight is not int8 when scaled.
        """
        arguments = _arguments(params)
        values = {name: arguments[name].value(given, name, "Sparse") for name in arguments}
        n, k = codes.shape
        group = _group(params, k, values, given)
        shape = (n, -(-k // group))
        scale, zero = (_grouped(arguments[name], values[name], f"Sparse {name}", shape) for name in SCALES[:2])
        if scale.min() < 1:
            raise must("Sparse weight_scale", "be at least 1", int(scale.min()))
        weights = cls(codes.astype(np.int8), scale, zero, group)
        if params.scale_bits is not None:
            _check_scaled(params, weights.effective())
        return weights

    @property
    def along(self) -> IntArray:
        """Group of each element of K."""
        return np.arange(self.codes.shape[1]) // self.group

    def effective(self) -> IntArray:
        """Return the weights that the multipliers see, ``(N, K)``."""
        along = self.along
        scaled = (self.codes.astype(np.int64) - self.zero[:, along]) * self.scale[:, along]
        return cast("IntArray", scaled)

    @property
    def nonzero(self) -> int:
        """How many weights are not pruned."""
        return int(np.count_nonzero(self.codes != self.zero.astype(np.int8)[:, self.along]))

    def spread(self, count: int, size: int) -> NDArray[np.int8]:
        """Return the code that stands for a weight of zero at the start of each window: ``(count, windows)``.

        Parameters
        ----------
        count
            Rows; those beyond N have the code 0.
        size
            Elements of a window; a group is a multiple of it, or all of K.
        """
        starts = np.arange(0, self.codes.shape[1], size)
        zero = np.zeros((count, len(starts)), dtype=np.int8)
        zero[: len(self.codes)] = self.zero[:, starts // self.group]
        return zero


def _arguments(params: SparseParams) -> dict[str, Argument]:
    """Return every argument by name: its format where the design takes it, its default, and the unit it belongs to."""
    scaled = params.scale_bits is not None
    return {
        "weight_scale": Argument(
            params.scale_format if scaled else None, None, "scale_bits", "the design was built with scale_bits"
        ),
        "weight_zero": Argument(params.zero_format if params.zero_points else None, 0, "zero_points"),
        "scale_group": Argument(Integer(32) if scaled else None, 0, "scale_bits"),
    }


def _group(params: SparseParams, k: int, values: Mapping[str, Any], given: Mapping[str, Any]) -> int:
    """Return how many elements of K share a scale."""
    size = values["scale_group"]
    if given.get("scale_group") is None:
        for name in SCALES[:2]:
            if np.ndim(values[name]) == 2 and np.shape(values[name])[1] > 1:
                raise InputError(f"Sparse scale_group must be given where {name} has several numbers along K")
        return k
    whole = isinstance(size, int | np.integer) and not isinstance(size, bool)
    if not whole or size < 1 or size % params.length:
        raise must("Sparse scale_group", f"be a positive multiple of length={params.length}", size)
    return int(size)


def _grouped(argument: Argument, value: Any, thing: str, shape: tuple[int, int]) -> IntArray:
    """Check one number or an array of that shape; return the array, or what leaves weights alone without the unit."""
    if argument.format is None:
        return np.full(shape, argument.default is None, dtype=np.int64)
    array = argument.format.check(value, thing)
    if array.shape not in ((), shape):
        raise must(thing, f"be one number or have shape {shape}", array.shape)
    return np.broadcast_to(array, shape)


def _check_scaled(params: SparseParams, weights: IntArray) -> None:
    """Raise `InputError` where a weight does not fit the multipliers."""
    form = params.weight_format
    outside = ~form.contains(weights)
    if outside.any():
        rule = f"give weights of {form}, {form.describe()}, when scaled"
        raise must("Sparse w", rule, int(weights[outside].flat[0]))
