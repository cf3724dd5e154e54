"""Pruning to N of M by magnitude, and training of the weights that remain."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtloom.generators.sparse.prune import prune
from rtloom.hdl.formats import Format

from ..digits.network import FloatArray, Network, Weights
from ..digits.train import fit
from ..lut.qat import FewBits, FewBitWeights

__all__ = ["PATTERNS", "Pattern", "pruned", "train_few_bits_on", "train_on"]

SEED = 3
RATE = 8e-3


@dataclass(frozen=True)
class Pattern:
    """How many weights of how many are kept.

    Parameters
    ----------
    n, m
        At most `n` of each `m` consecutive ones along K.
    """

    n: int
    m: int

    @property
    def title(self) -> str:
        """As in ``2:4``; ``dense`` where all are kept."""
        return "dense" if self.n == self.m else f"{self.n}:{self.m}"


PATTERNS = (Pattern(2, 4), Pattern(1, 4), Pattern(4, 16))


@dataclass(frozen=True)
class _Kept:
    """Matrices and biases are learnt themselves, but for those weights that are 0.

    Parameters
    ----------
    masks
        For each array of parameters, where it may change.
    """

    masks: Sequence[NDArray[np.bool_]]

    def used(self, parameters: Sequence[FloatArray]) -> list[FloatArray]:
        """Return matrix and bias of every layer."""
        return list(parameters)

    def back(self, _parameters: Sequence[FloatArray], gradients: Sequence[FloatArray]) -> list[FloatArray]:
        """Return the gradients, 0 for weights that stay."""
        return [slope * mask for slope, mask in zip(gradients, self.masks, strict=True)]


@dataclass(frozen=True)
class _KeptFewBits(FewBits):
    """Weights of few bits, and those of them that are 0 stay so.

    Parameters
    ----------
    masks
        For the matrix of each layer, where it may change.
    """

    masks: Sequence[NDArray[np.bool_]]

    def back(self, parameters: Sequence[FloatArray], gradients: Sequence[FloatArray]) -> list[FloatArray]:
        """Return the gradients of all parameters, 0 for weights that stay."""
        slopes = super().back(parameters, gradients)
        for at, mask in enumerate(self.masks):
            slopes[3 * at] *= mask
        return slopes


def pruned(weights: Sequence[Weights], pattern: Pattern) -> list[Weights]:
    """Return a network's weights with its matrices pruned along K, in the order in which the hardware sums up."""
    return [(prune(matrix.T, pattern.n, pattern.m).T.copy(), bias) for matrix, bias in weights]


def train_on(
    network: Network, weights: Sequence[Weights], images: NDArray[np.int64], labels: NDArray[np.int64], epochs: int
) -> list[Weights]:
    """Train a pruned float network on; weights that are 0 stay 0, and equal arguments give equal bits.

    Parameters
    ----------
    network, weights
        The pruned network; `weights` stays as it is.
    images, labels
        ``(n, 8, 8, 1)`` pixels and ``(n,)`` digits to learn from.
    epochs
        How long.
    """
    parameters = [array.copy() for pair in weights for array in pair]
    masks = [mask for matrix, bias in weights for mask in (matrix != 0, np.ones(bias.shape, dtype=np.bool_))]
    rng = np.random.default_rng(SEED)
    fit(network, parameters, _Kept(masks), images, labels, epochs=epochs, rate=RATE, rng=rng)
    return list(zip(parameters[::2], parameters[1::2], strict=True))


def train_few_bits_on(
    network: Network,
    weights: Sequence[Weights],
    fmt: Format,
    images: NDArray[np.int64],
    labels: NDArray[np.int64],
    epochs: int,
) -> FewBitWeights:
    """Train a pruned float network on for weights of few bits, as `train_on` does for float ones.

    Parameters
    ----------
    network, weights
        The pruned network; `weights` stays as it is.
    fmt
        Format of the weights, one that holds zero.
    images, labels
        ``(n, 8, 8, 1)`` pixels and ``(n,)`` digits to learn from.
    epochs
        How long.
    """
    form = _KeptFewBits(fmt, [matrix != 0 for matrix, _ in weights])
    parameters = form.begin(weights)
    rng = np.random.default_rng(SEED)
    fit(network, parameters, form, images, labels, epochs=epochs, rate=RATE, rng=rng)
    return form.result(parameters)
