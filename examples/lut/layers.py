"""Layers with weights of few bits, as the LUT family takes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtloom.hdl.formats import Format

from ..digits.network import Network
from ..digits.quantize import QuantizedLayer, quantize
from .qat import FewBitWeights

__all__ = ["LutLayer", "integer_layers"]

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class LutLayer(QuantizedLayer):
    """A quantised layer whose dense matrix is given as (N, K)."""

    def tensors(self, x: IntArray) -> dict[str, Any]:
        """Return the operation's arguments for int8 images ``(B, H, W, C)``."""
        given = super().tensors(x)
        if self.layer.kind == "dense":
            given["w"] = given.pop("b").T
        return given


def integer_layers(
    network: Network, learnt: FewBitWeights, fmt: Format, images: IntArray, bits: int
) -> Sequence[LutLayer]:
    """Return a network as integers: weights as they were learnt, activations int8.

    Parameters
    ----------
    network, learnt
        The network, and what training gave for it.
    fmt
        Format of the weights that it was trained for.
    images
        ``(n, 8, 8, 1)`` pixels that show which range each layer's output takes.
    bits
        Bits of the requantisation multipliers.
    """
    layers = quantize(network, learnt.weights, images, bits, weight_format=fmt, steps=learnt.steps)
    return [LutLayer(**vars(layer)) for layer in layers]
