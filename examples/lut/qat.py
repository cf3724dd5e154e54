"""Quantisation-aware training: weights of few bits, learnt together with the step between their values."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtloom.hdl.formats import Format

from ..digits.network import FloatArray, Network, Weights
from ..digits.train import fit

__all__ = ["FewBitWeights", "FewBits", "train_few_bits"]

SEED = 2
RATE = 8e-3
SHARES = np.linspace(0.05, 1, 39)
"""Steps that are tried at first, as shares of the one at which nothing is clipped."""


@dataclass(frozen=True)
class FewBitWeights:
    """A network whose weights are values of a format times a step for each output channel.

    Parameters
    ----------
    weights
        Matrix and bias of every layer, the matrix being such products.
    steps
        ``(N,)`` of every layer.
    """

    weights: list[Weights]
    steps: list[FloatArray]


@dataclass(frozen=True)
class FewBits:
    """Matrices rounded to a format's values: parameters are matrix, bias and log step of every layer.

    Rounding has no slope; backwards it counts as the identity (straight-through estimator, Bengio et al., 2013),
    and the step learns from what rounding and clipping change (LSQ, Esser et al., 2020). Its logarithm is learnt: a
    step stays positive, and changes by a share of itself.

    Parameters
    ----------
    fmt
        Format of the weights; one that holds zero.
    """

    fmt: Format

    def begin(self, weights: Sequence[Weights]) -> list[FloatArray]:
        """Return parameters that come nearest to float weights."""
        parameters = []
        for matrix, bias in weights:
            parameters += [matrix.copy(), bias.copy(), np.log(self._nearest_step(matrix))]
        return parameters

    def used(self, parameters: Sequence[FloatArray]) -> list[FloatArray]:
        """Return matrix and bias of every layer, matrices rounded."""
        arrays = []
        for matrix, bias, log_step in _layers(parameters):
            step: FloatArray = np.exp(log_step)
            arrays += [self._rounded(matrix / step) * step, bias]
        return arrays

    def back(self, parameters: Sequence[FloatArray], gradients: Sequence[FloatArray]) -> list[FloatArray]:
        """Return the gradients of all parameters from those of matrices and biases."""
        slopes = []
        for (matrix, _, log_step), slope, bias in zip(
            _layers(parameters), gradients[::2], gradients[1::2], strict=True
        ):
            step: FloatArray = np.exp(log_step)
            real: FloatArray = matrix / step
            inside = (real >= self.fmt.lo) & (real <= self.fmt.hi)
            moved = self._rounded(real) - np.where(inside, real, 0)
            slopes += [slope * inside, bias, (slope * moved).sum(axis=0) * step]
        return slopes

    def result(self, parameters: Sequence[FloatArray]) -> FewBitWeights:
        """Return what was learnt."""
        arrays = self.used(parameters)
        weights = list(zip(arrays[::2], arrays[1::2], strict=True))
        return FewBitWeights(weights, [np.exp(log_step) for _, _, log_step in _layers(parameters)])

    def _rounded(self, real: FloatArray) -> FloatArray:
        """Round to values of the format."""
        return np.clip(np.rint(real), self.fmt.lo, self.fmt.hi)

    def _nearest_step(self, matrix: FloatArray) -> FloatArray:
        """Return for each column the step, of those tried, at which rounding changes it least."""
        widest = np.maximum(2 * np.abs(matrix).max(axis=0) / (self.fmt.hi - self.fmt.lo), 1e-6)
        steps = (SHARES[:, None] * widest).astype(np.float32)
        errors = [np.square(self._rounded(matrix / step) * step - matrix).sum(axis=0) for step in steps]
        best: FloatArray = np.take_along_axis(steps, np.argmin(errors, axis=0)[None], axis=0)[0]
        return best


def _layers(parameters: Sequence[FloatArray]) -> Iterator[tuple[FloatArray, FloatArray, FloatArray]]:
    """Give matrix, bias and log step of each layer."""
    return zip(parameters[::3], parameters[1::3], parameters[2::3], strict=True)


def train_few_bits(
    network: Network,
    weights: Sequence[Weights],
    fmt: Format,
    images: NDArray[np.int64],
    labels: NDArray[np.int64],
    epochs: int,
) -> FewBitWeights:
    """Train a float network on, so that it can do with weights of few bits; equal arguments give equal bits.

    Parameters
    ----------
    network, weights
        The float network; `weights` stays as it is.
    fmt
        Format of the weights, one that holds zero: ``ternary``, ``int2`` …
    images, labels
        ``(n, 8, 8, 1)`` pixels and ``(n,)`` digits to learn from.
    epochs
        How long; with 0 the float weights are just rounded.

    Returns
    -------
    FewBitWeights
        Its weights are exactly what integers of the format times the steps give in float32.
    """
    form = FewBits(fmt)
    parameters = form.begin(weights)
    rng = np.random.default_rng(SEED)
    fit(network, parameters, form, images, labels, epochs=epochs, rate=RATE, rng=rng)
    return form.result(parameters)
