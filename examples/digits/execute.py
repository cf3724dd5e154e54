"""A quantised network on the generated array and on the golden model, layer by layer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

import rtloom
from rtloom.verif import goldens

from .quantize import QuantizedLayer

__all__ = ["Execution", "LayerRun", "digits_by", "execute", "golden_digits"]

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class LayerRun:
    """One layer on the array.

    Parameters
    ----------
    name
        The layer's name.
    report
        What the simulation cost.
    outputs, equal
        Values that the RTL gave for this layer, and how many of them are those of the golden model.
    """

    name: str
    report: rtloom.Report
    outputs: int
    equal: int


@dataclass(frozen=True)
class Execution:
    """A network on the array.

    Parameters
    ----------
    layers
        In order.
    rtl, golden
        ``(n,)``: the digit that the RTL and the golden model see in each image.
    """

    layers: tuple[LayerRun, ...]
    rtl: IntArray
    golden: IntArray

    @property
    def cycles(self) -> int:
        """Clock cycles of all layers."""
        return sum(run.report.cycles for run in self.layers)

    @property
    def utilisation(self) -> float:
        """Share of the array's multiply-accumulates that did useful work in all layers, 0 to 1."""
        return sum(run.report.macs for run in self.layers) / (self.cycles * self.layers[0].report.peak)


def execute(
    spec: rtloom.Spec, layers: Sequence[QuantizedLayer], images: IntArray, tell: Callable[[str], object]
) -> Execution:
    """Run a network on images, each layer on all of them before the next.

    The golden model goes its own way from the pixels to the scores; each layer's results are compared on that way.

    Parameters
    ----------
    spec
        A systolic design with the whole epilogue.
    layers
        The quantised network.
    images
        ``(n, 8, 8, 1)`` pixels.
    tell
        Called with the name of each layer before it runs.

    Raises
    ------
    CheckError
        Where RTL and golden model differ, in values or cycles.
    """
    runs = []
    rtl = golden = images
    for quantized in layers:
        name, operation = quantized.layer.name, quantized.operation
        tell(name)
        result, report = rtloom.simulate(spec, operation, check=True, **quantized.tensors(rtl))
        expected = goldens.compute(spec.family, spec.params, operation, quantized.tensors(golden))
        runs.append(LayerRun(name, report, result.size, int(np.count_nonzero(result == expected))))
        rtl, golden = _images(result), _images(expected)
    return Execution(tuple(runs), _digits(rtl), _digits(golden))


def golden_digits(spec: rtloom.Spec, layers: Sequence[QuantizedLayer], images: IntArray) -> IntArray:
    """Return the digits ``(n,)`` that the golden model of a design sees in images, without running the design."""
    return digits_by(partial(_golden, spec), layers, images)


def digits_by(compute: Callable[..., IntArray], layers: Sequence[QuantizedLayer], images: IntArray) -> IntArray:
    """Return the digits ``(n,)`` that something sees in images.

    Parameters
    ----------
    compute
        Called with an operation and its arguments by name, for each layer; a board for example.
    layers, images
        As for `execute`.
    """
    x = images
    for quantized in layers:
        x = _images(compute(quantized.operation, **quantized.tensors(x)))
    return _digits(x)


def _golden(spec: rtloom.Spec, operation: str, **tensors: Any) -> IntArray:
    """Return an operation's result of the golden model."""
    return goldens.compute(spec.family, spec.params, operation, tensors)


def _images(values: IntArray) -> IntArray:
    """Return a dense layer's ``(n, N)`` as images of one pixel, others as they are."""
    return values.reshape(len(values), 1, 1, -1) if values.ndim == 2 else values


def _digits(scores: IntArray) -> IntArray:
    digits: IntArray = np.argmax(scores.reshape(len(scores), -1), axis=1)
    return digits
