"""A transformer of one layer that reads a digit row by row, trained in NumPy: it stands in where no real one is."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..digits.train import BATCH, Adam, as_float, shifted
from ..packages import require
from ..transformer.encoder import softmax
from ..transformer.names import MATRICES
from ..transformer.tensors import FloatArray

__all__ = ["HEADS", "WIDTH", "DigitsEncoder", "train_encoder"]

WIDTH, HEADS, INNER = 64, 2, 128
SIDE, DIGITS = 8, 10
EPOCHS, RATE, SEED = 16, 2e-3, 2
EPSILON = 1e-5
NORMS = ("attention_norm", "feed_forward_norm")

Parameters = dict[str, FloatArray]


@dataclass(frozen=True)
class DigitsEncoder:
    """The trained network: ``(8, 8)`` pixels, embedding of rows, one encoder layer, mean over rows, scores.

    Parameters
    ----------
    parameters
        Arrays by name: ``embedding`` (8, width), ``position`` (8, width), ``classifier`` (digits, width), and of
        each role of the layer ``role`` and ``role.bias``.
    """

    parameters: Parameters
    heads: int = HEADS
    config: Mapping[str, Any] = field(default_factory=lambda: {"layer_norm_eps": EPSILON})

    def matrix(self, _layer: int, role: str) -> tuple[FloatArray, FloatArray | None]:
        """Return a projection's weights (N, K) and bias (N,)."""
        return self.parameters[role], self.parameters[f"{role}.bias"]

    def norm(self, role: str, _layer: int | None = None) -> tuple[FloatArray, FloatArray | None]:
        """Return a normalisation's factors and offsets (width,)."""
        return self.parameters[role], self.parameters[f"{role}.bias"]

    def embed(self, images: FloatArray) -> FloatArray:
        """Return ``(n, 8, 8, 1)`` pixels as ``(n, 8, width)``: what enters the layer."""
        rows = images.reshape(len(images), SIDE, SIDE)
        hidden: FloatArray = rows @ self.parameters["embedding"] + self.parameters["position"]
        return hidden

    def read(self, pooled: NDArray[Any]) -> NDArray[np.int64]:
        """Return the digit that is seen in each mean over rows, ``(n, width)``."""
        digits: NDArray[np.int64] = np.argmax(pooled @ self.parameters["classifier"].T, axis=1)
        return digits


def train_encoder(images: NDArray[np.int64], labels: NDArray[np.int64], epochs: int = EPOCHS) -> DigitsEncoder:
    """Train from scratch; equal arguments give equal bits.

    Parameters
    ----------
    images, labels
        ``(n, 8, 8, 1)`` pixels and ``(n,)`` digits.
    epochs
        How often every image is seen.
    """
    rng = np.random.default_rng(SEED)
    parameters = _initial(rng)
    names, pixels = list(parameters), as_float(images)
    optimiser = Adam(list(parameters.values()))
    with require("threadpoolctl").threadpool_limits(1):
        for epoch in range(epochs):
            rate = RATE * 0.5 * (1 + math.cos(math.pi * epoch / epochs))
            order = rng.permutation(len(pixels))
            for at in range(0, len(order), BATCH):
                chosen = order[at : at + BATCH]
                gradients = gradients_of(parameters, shifted(pixels[chosen], rng), labels[chosen])
                optimiser.update([gradients[name] for name in names], rate)
    return DigitsEncoder(parameters)


def _initial(rng: np.random.Generator) -> Parameters:
    """Draw weights; biases begin at 0, factors of norms at 1."""

    def drawn(*shape: int) -> FloatArray:
        return (rng.standard_normal(shape) / math.sqrt(shape[-1])).astype(np.float32)

    parameters = {"embedding": drawn(SIDE, WIDTH) * 4, "position": drawn(SIDE, WIDTH) * 4}
    sizes = {"feed_forward_in": (INNER, WIDTH), "feed_forward_out": (WIDTH, INNER)}
    for role in MATRICES:
        rows, cols = sizes.get(role, (WIDTH, WIDTH))
        parameters |= {role: drawn(rows, cols), f"{role}.bias": np.zeros(rows, np.float32)}
    for role in NORMS:
        parameters |= {role: np.ones(WIDTH, np.float32), f"{role}.bias": np.zeros(WIDTH, np.float32)}
    return parameters | {"classifier": drawn(DIGITS, WIDTH)}


def gradients_of(parameters: Parameters, images: FloatArray, labels: NDArray[np.int64]) -> Parameters:
    """Return the gradient of the mean cross-entropy for every parameter.

    Parameters
    ----------
    parameters
        As in `DigitsEncoder`.
    images, labels
        ``(n, 8, 8, 1)`` pixels from 0 to 1, and ``(n,)`` digits.
    """
    tape = _Tape(parameters)
    pooled = tape.forward(images)
    odds = softmax(pooled @ parameters["classifier"].T)
    odds[np.arange(len(labels)), labels] -= 1
    slope: FloatArray = odds / np.float32(len(labels))
    tape.gradients["classifier"] = slope.T @ pooled
    tape.backward(slope @ parameters["classifier"])
    return tape.gradients


class _Tape:
    """The layer forwards, with what the way back needs."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters
        self.gradients: Parameters = {}
        self.seen: dict[str, Any] = {}

    def forward(self, images: FloatArray) -> FloatArray:
        """Return the mean over rows, ``(n, width)``."""
        rows = self.seen["rows"] = images.reshape(len(images), SIDE, SIDE)
        hidden = rows @ self.parameters["embedding"] + self.parameters["position"]
        q, k, v = (_split(self.linear(role, hidden)) for role in ("query", "key", "value"))
        shares = softmax(q @ k.swapaxes(2, 3) / np.float32(math.sqrt(q.shape[-1])))
        self.seen["attention"] = (q, k, v, shares)
        context = self.linear("attention_output", _join(shares @ v))
        attended = self.norm("attention_norm", hidden + context)
        inner = self.seen["inner"] = self.linear("feed_forward_in", attended)
        output = self.norm("feed_forward_norm", attended + self.linear("feed_forward_out", inner * _below(inner)[0]))
        pooled: FloatArray = output.mean(axis=1)
        return pooled

    def backward(self, slope: FloatArray) -> None:
        """Fill `gradients` from the slope of the mean over rows."""
        each = np.repeat(slope[:, np.newaxis] / np.float32(SIDE), SIDE, axis=1)
        after = self.norm_back("feed_forward_norm", each)
        inner = self.seen["inner"]
        share, rise = _below(inner)
        curve = self.linear_back("feed_forward_out", after) * (share + inner * rise)
        before = self.norm_back("attention_norm", after + self.linear_back("feed_forward_in", curve))
        hidden = before + self.attention_back(self.linear_back("attention_output", before))
        rows = self.seen["rows"]
        self.gradients["position"] = hidden.sum(axis=0)
        self.gradients["embedding"] = np.einsum("nrp,nrw->pw", rows, hidden)

    def linear(self, role: str, x: FloatArray) -> FloatArray:
        self.seen[role] = x
        y: FloatArray = x @ self.parameters[role].T + self.parameters[f"{role}.bias"]
        return y

    def linear_back(self, role: str, slope: FloatArray) -> FloatArray:
        flat, x = slope.reshape(-1, slope.shape[-1]), self.seen[role]
        self.gradients[role] = flat.T @ x.reshape(-1, x.shape[-1])
        self.gradients[f"{role}.bias"] = flat.sum(axis=0)
        below: FloatArray = slope @ self.parameters[role]
        return below

    def norm(self, role: str, x: FloatArray) -> FloatArray:
        centred = x - x.mean(axis=-1, keepdims=True)
        inverse = 1 / np.sqrt(np.mean(centred * centred, axis=-1, keepdims=True) + np.float32(EPSILON))
        normal = centred * inverse
        self.seen[role] = (normal, inverse)
        y: FloatArray = normal * self.parameters[role] + self.parameters[f"{role}.bias"]
        return y

    def norm_back(self, role: str, slope: FloatArray) -> FloatArray:
        normal, inverse = self.seen[role]
        self.gradients[role] = (slope * normal).sum(axis=(0, 1))
        self.gradients[f"{role}.bias"] = slope.sum(axis=(0, 1))
        own = slope * self.parameters[role]
        along = (own * normal).mean(axis=-1, keepdims=True)
        below: FloatArray = (own - own.mean(axis=-1, keepdims=True) - normal * along) * inverse
        return below

    def attention_back(self, slope: FloatArray) -> FloatArray:
        q, k, v, shares = self.seen["attention"]
        context = _split(slope)
        of_shares = context @ v.swapaxes(2, 3)
        of_scores = shares * (of_shares - (of_shares * shares).sum(axis=-1, keepdims=True))
        of_scores = of_scores / np.float32(math.sqrt(q.shape[-1]))
        slopes = {"query": of_scores @ k, "key": of_scores.swapaxes(2, 3) @ q, "value": shares.swapaxes(2, 3) @ context}
        below = [self.linear_back(role, _join(of)) for role, of in slopes.items()]
        return below[0] + below[1] + below[2]


def _split(x: FloatArray) -> FloatArray:
    """Return ``(n, rows, width)`` as ``(n, heads, rows, elements)``."""
    return x.reshape(*x.shape[:2], HEADS, -1).swapaxes(1, 2)


def _join(x: FloatArray) -> FloatArray:
    """Undo `_split`."""
    return x.swapaxes(1, 2).reshape(x.shape[0], x.shape[2], -1)


def _below(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the share of a normal distribution below x, as its usual approximation, and how fast that rises."""
    factor = np.float32(math.sqrt(2 / math.pi))
    bend = np.tanh(factor * (x + np.float32(0.044715) * x**3))
    rise = np.float32(0.5) * (1 - bend * bend) * factor * (1 + np.float32(3 * 0.044715) * x * x)
    return np.float32(0.5) * (1 + bend), rise
