"""Networks as integers: weights by output channel, int8 activations by layer, scales as integer fractions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtloom.errors import must
from rtloom.hdl.formats import Format, Integer

from .data import PIXEL_MAX
from .network import FloatArray, Layer, Network, Weights, forward
from .train import as_float

__all__ = ["QuantizedLayer", "quantize", "quantize_multiplier"]

IntArray = NDArray[np.int64]
INT8, INT32 = Integer(8), Integer(32)
SHIFT_MAX = 63


@dataclass(frozen=True)
class QuantizedLayer:
    """What the array needs for one layer.

    Parameters
    ----------
    layer
        The layer that was quantised.
    weights
        Values of the weights' format: ``(K, N)`` of a dense layer, ``(KH, KW, Cin, Cout)`` of a convolution.
    bias
        ``(N,)``, in units of input scale times weight scale.
    multiplier, shift
        ``(N,)``: ``multiplier / 2**shift`` takes a sum to the output's scale.
    scale
        The real number that one unit of the output stands for.
    """

    layer: Layer
    weights: IntArray
    bias: IntArray
    multiplier: IntArray
    shift: IntArray
    scale: float

    @property
    def operation(self) -> str:
        """The systolic family's name for this layer."""
        return "gemm" if self.layer.kind == "dense" else "conv2d"

    def tensors(self, x: IntArray) -> dict[str, Any]:
        """Return the operation's arguments for int8 images ``(B, H, W, C)``."""
        epilogue = {"bias": self.bias, "multiplier": self.multiplier, "shift": self.shift, "activate": self.layer.relu}
        if self.layer.kind == "dense":
            return {"a": x.reshape(len(x), -1), "b": self.weights, **epilogue}
        geometry = {"stride": self.layer.stride, "padding": self.layer.padding}
        return {"x": x, "w": self.weights, **geometry, **epilogue}


def quantize_multiplier(real: float, bits: int = 16) -> tuple[int, int]:
    """Return integers so that ``multiplier / 2**shift`` is nearest to a real number.

    Parameters
    ----------
    real
        Positive; relative error at most ``2**-bits`` from ``2**(bits - 64)`` upwards, more below.
    bits
        Bits of the unsigned multiplier, at least 1.

    Returns
    -------
    tuple
        (multiplier, shift); multiplier from 1 to ``2**bits - 1``, shift from 0 to 63.

    Raises
    ------
    InputError
        Where no such fraction is near.
    """
    largest = (1 << bits) - 1
    if not 2.0**-SHIFT_MAX / 2 < real < largest + 0.5:
        raise must("Requantisation scale", f"be between 2^-64 and {largest}", real)
    # With this shift the multiplier uses its top bit; one less where rounding would carry out of it.
    shift = min(bits - math.frexp(real)[1], SHIFT_MAX)
    if round(math.ldexp(real, shift)) > largest:
        shift -= 1
    return round(math.ldexp(real, shift)), shift


def quantize(
    network: Network,
    weights: Sequence[Weights],
    images: IntArray,
    bits: int = 16,
    *,
    weight_format: Format = INT8,
    steps: Sequence[NDArray[np.floating[Any]]] | None = None,
) -> list[QuantizedLayer]:
    """Quantise a trained network; pixels enter it as they are, 0 to 16.

    Parameters
    ----------
    network, weights
        The float network.
    images
        ``(n, 8, 8, 1)`` pixels that show which range each layer's output takes: those it was trained with.
    bits
        Bits of the requantisation multipliers.
    weight_format
        Format of the integer weights.
    steps
        For each layer ``(N,)``: what the weight 1 stands for; by default the largest weight of a column takes the
        largest value of the format.

    Returns
    -------
    list
        One `QuantizedLayer` for each layer.
    """
    outputs = forward(network, weights, as_float(images))
    if steps is None:
        steps = [np.abs(matrix).max(axis=0).astype(np.float64) / weight_format.hi for matrix, _ in weights]
    layers = []
    scale, channels = 1.0 / PIXEL_MAX, 1
    for layer, pair, step, output in zip(network.layers, weights, steps, outputs, strict=True):
        after = float(np.abs(output).max()) / INT8.hi
        # A channel of zeros may have any step.
        matrix = _Matrix(pair[0], np.maximum(step.astype(np.float64), 1e-9), weight_format)
        layers.append(_quantize_layer(layer, matrix, pair[1], channels, (scale, after), bits))
        scale, channels = layers[-1].scale, layer.outputs
    return layers


@dataclass(frozen=True)
class _Matrix:
    """Float weights of a layer, the steps of its columns and the format of its integers."""

    real: FloatArray
    steps: NDArray[np.float64]
    form: Format


def _quantize_layer(
    layer: Layer, matrix: _Matrix, bias: FloatArray, channels: int, activations: tuple[float, float], bits: int
) -> QuantizedLayer:
    """Quantise one layer of `channels` input channels between the scales of its inputs and outputs."""
    before, after = activations
    # Symmetric, so that zero padding is zero.
    values = matrix.form.quantize(matrix.real / matrix.steps)
    pairs = np.array([quantize_multiplier(before * step / after, bits) for step in matrix.steps], dtype=np.int64)
    if layer.kind == "conv":
        values = values.reshape(layer.kernel, layer.kernel, channels, layer.outputs)
    whole = INT32.quantize(bias / (before * matrix.steps))
    return QuantizedLayer(layer, values, whole, pairs[:, 0], pairs[:, 1], after)
