"""The two networks as data, and their float arithmetic forwards and backwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["CNN", "MLP", "FloatArray", "Layer", "Network", "Weights", "forward", "input_shapes"]

FloatArray = NDArray[np.float32]
Weights = tuple[FloatArray, FloatArray]
"""Matrix ``(K, N)`` and bias ``(N,)`` of a layer; rows of a convolution in the order (row, column, channel)."""


@dataclass(frozen=True)
class Layer:
    """A dense layer or a convolution, followed by ReLU unless it is the last of its network.

    Parameters
    ----------
    name
        What the layer is called in results.
    kind
        ``dense`` sees all values of an image at once, ``conv`` a square of `kernel` pixels at each place.
    outputs
        Output channels.
    kernel, stride, padding
        Of a convolution, in pixels, the same in both directions.
    relu
        Whether negative results become 0.
    """

    name: str
    kind: Literal["dense", "conv"]
    outputs: int
    kernel: int = 1
    stride: int = 1
    padding: int = 0
    relu: bool = True

    def output_shape(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the shape of one image after this layer, from its shape (height, width, channels) before."""
        if self.kind == "dense":
            return (1, 1, self.outputs)
        height, width = (((size + 2 * self.padding - self.kernel) // self.stride) + 1 for size in shape[:2])
        return (height, width, self.outputs)

    def reduction(self, shape: Sequence[int]) -> int:
        """Return K, the products in one sum, for images of that shape (height, width, channels)."""
        return int(np.prod(shape)) if self.kind == "dense" else self.kernel**2 * shape[2]

    def columns(self, x: FloatArray) -> FloatArray:
        """Return what each sum sees, ``(places, K)``, of images ``(B, H, W, C)``."""
        if self.kind == "dense":
            return x.reshape(len(x), -1)
        around = (self.padding, self.padding)
        padded = np.pad(x, ((0, 0), around, around, (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (self.kernel, self.kernel), axis=(1, 2))
        seen = windows[:, :: self.stride, :: self.stride].transpose(0, 1, 2, 4, 5, 3)
        return seen.reshape(-1, self.reduction(x.shape[1:]))

    def scatter(self, gradient: FloatArray, shape: Sequence[int]) -> FloatArray:
        """Return the gradient of images of that shape from the gradient of their `columns`: its transpose."""
        if self.kind == "dense":
            return gradient.reshape(shape)
        rows, cols = self.output_shape(shape[1:])[:2]
        parts = gradient.reshape(shape[0], rows, cols, self.kernel, self.kernel, shape[3])
        pad, step = self.padding, self.stride
        padded = np.zeros((shape[0], shape[1] + 2 * pad, shape[2] + 2 * pad, shape[3]), dtype=np.float32)
        for u, v in np.ndindex(self.kernel, self.kernel):
            padded[:, u : u + step * rows : step, v : v + step * cols : step] += parts[:, :, :, u, v]
        return padded[:, pad : pad + shape[1], pad : pad + shape[2]]


@dataclass(frozen=True)
class Network:
    """Layers one after the other; the last gives one score for each digit.

    Parameters
    ----------
    name, title
        What results and people call it.
    epochs
        How often it sees every image in training.
    layers
        From the image to the scores.
    """

    name: str
    title: str
    epochs: int
    layers: tuple[Layer, ...]


MLP = Network(
    "mlp",
    "multilayer perceptron",
    300,
    (Layer("dense1", "dense", 64), Layer("dense2", "dense", 32), Layer("dense3", "dense", 10, relu=False)),
)
CNN = Network(
    "cnn",
    "convolutional network",
    30,
    (
        Layer("conv1", "conv", 16, kernel=3, padding=1),
        Layer("conv2", "conv", 32, kernel=3, stride=2, padding=1),
        Layer("conv3", "conv", 32, kernel=3, stride=2, padding=1),
        Layer("dense", "dense", 10, relu=False),
    ),
)


def input_shapes(network: Network, image: Sequence[int] = (8, 8, 1)) -> list[tuple[int, ...]]:
    """Return the shape (height, width, channels) in which one image enters each layer."""
    shapes = [tuple(image)]
    for layer in network.layers[:-1]:
        shapes.append(layer.output_shape(shapes[-1]))
    return shapes


def forward(network: Network, weights: Sequence[Weights], images: FloatArray) -> list[FloatArray]:
    """Return the output ``(B, H, W, C)`` of every layer for images ``(B, 8, 8, 1)``."""
    outputs = []
    x = images
    for layer, (matrix, bias) in zip(network.layers, weights, strict=True):
        y = (layer.columns(x) @ matrix + bias).reshape(len(x), *layer.output_shape(x.shape[1:]))
        x = np.maximum(y, 0) if layer.relu else y
        outputs.append(x)
    return outputs
