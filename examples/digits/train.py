"""Training in NumPy: Adam on the cross-entropy, the same weights every time."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..packages import require
from .data import PIXEL_MAX
from .network import FloatArray, Network, Weights, forward, input_shapes

__all__ = ["Adam", "Form", "as_float", "fit", "predict", "shifted", "train"]

SEED = 1
BATCH = 64
RATE = 4e-3
DECAY = 1e-4
MOMENTS = (0.9, 0.999)


class Form(Protocol):
    """How the parameters that are learnt become the matrices and biases that the network computes with."""

    def used(self, parameters: Sequence[FloatArray]) -> list[FloatArray]:
        """Return matrix and bias of every layer, one after the other."""

    def back(self, parameters: Sequence[FloatArray], gradients: Sequence[FloatArray]) -> list[FloatArray]:
        """Return the gradients of the parameters from those of what `used` returned."""


class _Plain:
    """Matrices and biases are learnt themselves."""

    def used(self, parameters: Sequence[FloatArray]) -> list[FloatArray]:
        return list(parameters)

    def back(self, _parameters: Sequence[FloatArray], gradients: Sequence[FloatArray]) -> list[FloatArray]:
        return list(gradients)


def as_float(images: NDArray[np.int64]) -> FloatArray:
    """Return pixels as numbers from 0 to 1."""
    return (images / PIXEL_MAX).astype(np.float32)


def predict(network: Network, weights: Sequence[Weights], images: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the digit that the float network sees in each image."""
    scores = forward(network, weights, as_float(images))[-1]
    digits: NDArray[np.int64] = np.argmax(scores.reshape(len(images), -1), axis=1)
    return digits


def train(network: Network, images: NDArray[np.int64], labels: NDArray[np.int64]) -> list[Weights]:
    """Train a network from scratch; equal arguments give equal bits, however many cores there are.

    Parameters
    ----------
    network
        What to train, and for how many epochs.
    images, labels
        ``(n, 8, 8, 1)`` pixels and ``(n,)`` digits.

    Returns
    -------
    list
        Matrix and bias of every layer.
    """
    rng = np.random.default_rng(SEED)
    parameters = _initial(network, rng)
    fit(network, parameters, _Plain(), images, labels, epochs=network.epochs, rate=RATE, rng=rng)
    return _pairs(parameters)


def fit(
    network: Network,
    parameters: list[FloatArray],
    form: Form,
    images: NDArray[np.int64],
    labels: NDArray[np.int64],
    *,
    epochs: int,
    rate: float,
    rng: np.random.Generator,
) -> None:
    """Improve parameters in place, at a learning rate that falls from `rate` to 0 as a cosine does.

    Parameters
    ----------
    network
        What computes with them.
    parameters
        float32 arrays, in the order that `form` knows.
    form
        How they become matrices and biases.
    images, labels
        ``(n, 8, 8, 1)`` pixels and ``(n,)`` digits.
    epochs, rate
        How long, and how fast.
    rng
        Gives the order of the images and how they are moved.
    """
    pixels = as_float(images)
    optimiser = Adam(parameters)
    # One thread: sums have one order, and matrices as small as these gain nothing from more.
    with require("threadpoolctl").threadpool_limits(1):
        for epoch in range(epochs):
            step = rate * 0.5 * (1 + np.cos(np.pi * epoch / epochs))
            order = rng.permutation(len(pixels))
            for at in range(0, len(order), BATCH):
                chosen = order[at : at + BATCH]
                seen = shifted(pixels[chosen], rng)
                gradients = _gradients(network, form.used(parameters), seen, labels[chosen])
                optimiser.update(form.back(parameters, gradients), step)


def _initial(network: Network, rng: np.random.Generator) -> list[FloatArray]:
    """Draw weights as He et al. (2015) do for ReLU networks; biases begin at 0."""
    parameters = []
    for layer, shape in zip(network.layers, input_shapes(network), strict=True):
        k = layer.reduction(shape)
        parameters.append((rng.standard_normal((k, layer.outputs)) * np.sqrt(2 / k)).astype(np.float32))
        parameters.append(np.zeros(layer.outputs, dtype=np.float32))
    return parameters


def _pairs(parameters: Sequence[FloatArray]) -> list[Weights]:
    return list(zip(parameters[::2], parameters[1::2], strict=True))


def shifted(images: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Move every image by up to one pixel, so that the network learns strokes and not places."""
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (8, 8), axis=(1, 2))
    down, right = rng.integers(0, 3, size=(2, len(images)))
    moved: FloatArray = windows[np.arange(len(images)), down, right].transpose(0, 2, 3, 1)
    return moved


def _gradients(
    network: Network, parameters: Sequence[FloatArray], images: FloatArray, labels: NDArray[np.int64]
) -> list[FloatArray]:
    """Return the gradient of the mean cross-entropy for every parameter."""
    weights = _pairs(parameters)
    outputs = forward(network, weights, images)
    inputs = [images, *outputs[:-1]]
    scores = outputs[-1].reshape(len(images), -1)
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    slope = odds / odds.sum(axis=1, keepdims=True)
    slope[np.arange(len(labels)), labels] -= 1
    slope /= len(labels)
    gradients: list[FloatArray] = []
    for at in reversed(range(len(weights))):
        layer, x = network.layers[at], inputs[at]
        gradients[:0] = [layer.columns(x).T @ slope, slope.sum(axis=0)]
        if at:
            below = layer.scatter(slope @ weights[at][0].T, x.shape)
            slope = (below * (x > 0)).reshape(-1, x.shape[3])
    return gradients


class Adam:
    """Adam (Kingma and Ba, 2015) with decoupled weight decay, in place on a list of arrays."""

    def __init__(self, parameters: list[FloatArray]) -> None:
        self.parameters = parameters
        self.mean = [np.zeros_like(p) for p in parameters]
        self.square = [np.zeros_like(p) for p in parameters]
        self.time = 0

    def update(self, gradients: Sequence[FloatArray], rate: float) -> None:
        """Take one step of that learning rate against the gradients."""
        self.time += 1
        first, second = (1 - moment**self.time for moment in MOMENTS)
        for at, slope in enumerate(gradients):
            self.mean[at] += (1 - MOMENTS[0]) * (slope - self.mean[at])
            self.square[at] += (1 - MOMENTS[1]) * (slope * slope - self.square[at])
            move = self.mean[at] / first / (np.sqrt(self.square[at] / second) + 1e-8)
            self.parameters[at] -= np.float32(rate) * (move + DECAY * self.parameters[at])
