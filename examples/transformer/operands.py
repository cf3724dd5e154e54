"""A real matrix and vector as the operands of one GEMV on the LUT tile, and what they stand for."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rtloom.generators.lut.quantize import (
    QuantizedWeights,
    dequantize,
    integer_scales,
    quantize_activations,
    quantize_weights,
)
from rtloom.hdl.formats import Format

__all__ = ["GemvOperands"]

IntArray = NDArray[np.int64]
Reals = NDArray[np.float64]


@dataclass(frozen=True)
class GemvOperands:
    """One matrix and vector, as real numbers and as integers.

    Parameters
    ----------
    matrix, vector
        ``(N, K)`` and ``(K,)``, real.
    weights
        The matrix quantised, its scales real.
    scales
        ``(N, G)``: integers for the weights' scales.
    units
        ``(N,)``: the real number that one unit of a row's scales stands for.
    activations
        ``(K,)``: the vector quantised.
    step
        The real number that one unit of the activations stands for.
    """

    matrix: Reals
    vector: Reals
    weights: QuantizedWeights
    scales: IntArray
    units: Reals
    activations: IntArray
    step: float

    @classmethod
    def quantize(
        cls, matrix: ArrayLike, vector: ArrayLike, bits: float, group: int, scale_bits: int, activations: Format
    ) -> "GemvOperands":
        """Quantise a matrix, with zero points from 2 bits on, and a vector.

        Parameters
        ----------
        matrix, vector
            ``(N, K)`` and ``(K,)`` real numbers.
        bits
            1, 1.58 or 2 to 8.
        group
            Elements along K that share a scale (and zero point).
        scale_bits
            Bits of the integer scales.
        activations
            Format of the quantised vector.
        """
        weights = quantize_weights(matrix, bits, group, symmetric=bits < 2)
        # A unit for each row: results are scaled by row anyway, and rows of small weights keep exact scales.
        rows = [integer_scales(row, scale_bits) for row in weights.scales]
        scales, units = (np.array(column) for column in zip(*rows, strict=True))
        values, step = quantize_activations(vector, activations)
        real_matrix, real_vector = (np.asarray(array, dtype=np.float64) for array in (matrix, vector))
        return cls(real_matrix, real_vector, weights, scales, units, values, float(step[0]))

    @property
    def tensors(self) -> dict[str, Any]:
        """The operation's arguments."""
        zeros = {} if self.weights.zeros is None else {"weight_zero": self.weights.zeros}
        return {"a": self.activations, "w": self.weights.values, "weight_scale": self.scales, **zeros}

    def real(self, result: IntArray) -> Reals:
        """Return what the tile's result ``(N,)`` stands for."""
        return result * self.units * self.step

    @cached_property
    def exact(self) -> Reals:
        """``(N,)``: the real matrix times the real vector."""
        return self.matrix @ self.vector

    @cached_property
    def by_weights(self) -> Reals:
        """``(N,)``: what the quantised matrix stands for times the real vector."""
        return self.weights.dequantize() @ self.vector

    @cached_property
    def by_operands(self) -> Reals:
        """``(N,)``: what all integers stand for, multiplied in float arithmetic."""
        scales = self.scales * self.units[:, np.newaxis]
        held = dequantize(self.weights.values, scales, self.weights.group, self.weights.zeros)
        return held @ (self.activations * self.step)

    def bits_per_weight(self, scale_bits: int) -> float:
        """Return the bits that a weight takes in memory with its share of scales, zero points and a float32 unit."""
        each = scale_bits + (0 if self.weights.zeros is None else self.weights.format.bits)
        return self.weights.format.bits + (self.scales.size * each + self.units.size * 32) / self.matrix.size
