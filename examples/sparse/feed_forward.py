"""A transformer's feed-forward matrices, 2:4 sparse with 4-bit weights, times the vectors of one token."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

import rtloom
from rtloom.errors import ToolError
from rtloom.generators.lut.quantize import dequantize, integer_scales, quantize_activations, quantize_weights
from rtloom.generators.sparse.compress import CompressionReport, compress
from rtloom.generators.sparse.params import SparseParams
from rtloom.generators.sparse.prune import prune
from rtloom.verif import goldens

from ..transformer.encoder import LayerTrace, encode, tokenize
from ..transformer.gemv import SENTENCE
from ..transformer.weights import TransformerWeights, load_model
from .training import Pattern

__all__ = [
    "GROUP",
    "LAYER",
    "PATTERN",
    "ROLES",
    "FeedForward",
    "MatrixRun",
    "MatrixStudy",
    "Missing",
    "ScaledWeights",
    "feed_forward_spec",
    "find_feed_forward",
    "study_matrix",
]

IntArray = NDArray[np.int64]
Reals = NDArray[np.float64]

SPEC = "sparse-4x16-w4-scaled"
PATTERN = Pattern(2, 4)
GROUP = 64
"""Elements along K that share a scale."""
LAYER = 0
ROLES = ("feed_forward_in", "feed_forward_out")


@dataclass(frozen=True)
class ScaledWeights:
    """A real matrix as the design takes it.

    Parameters
    ----------
    codes
        ``(N, K)`` integers of a few bits.
    scales
        ``(N, G)``: the integer scale of each group.
    units
        ``(N,)``: the real number that one unit of a row's scales stands for.
    """

    codes: IntArray
    scales: IntArray
    units: Reals

    @classmethod
    def quantize(cls, matrix: ArrayLike, params: SparseParams) -> "ScaledWeights":
        """Quantise ``(N, K)`` real numbers, zeros to zeros, for a design with `scale_bits`."""
        fmt = params.carried_format
        wished = quantize_weights(matrix, fmt.bits, GROUP).scales
        # A unit for each row: results are scaled by row anyway, and rows of small weights keep exact scales.
        rows = [integer_scales(row, params.scale_format.bits) for row in wished]
        scales, units = (np.array(column) for column in zip(*rows, strict=True))
        along = np.arange(np.shape(matrix)[1]) // GROUP
        # Rounded once more, by the scales as they are now.
        codes = fmt.quantize(np.asarray(matrix, dtype=np.float64) / (scales * units[:, np.newaxis])[:, along])
        return cls(codes, scales, units)

    @property
    def tensors(self) -> dict[str, Any]:
        """The operation's arguments that belong to the weights."""
        return {"w": self.codes, "weight_scale": self.scales, "scale_group": GROUP}

    def dequantize(self) -> Reals:
        """Return the real ``(N, K)`` weights that the integers stand for."""
        return dequantize(self.codes, self.scales * self.units[:, np.newaxis], GROUP)


class MatrixRun(NamedTuple):
    """One form of a matrix times a vector on the chains.

    `result` is what the RTL's integers stand for, ``(N,)``; `by_weights` the quantised matrix times the real vector;
    `equal` counts the values that are those of the golden model.
    """

    pattern: Pattern
    report: rtloom.Report
    memory: CompressionReport
    result: Reals
    by_weights: Reals
    equal: int


class MatrixStudy(NamedTuple):
    """A matrix with its dense and its pruned form.

    `exact` is the real product, ``(N,)``; `pruned` that of the real matrix after pruning.
    """

    role: str
    shape: tuple[int, int]
    exact: Reals
    pruned: Reals
    dense: MatrixRun
    sparse: MatrixRun


class FeedForward(NamedTuple):
    """Where the matrices and vectors come from: the model, and what goes through one of its layers."""

    weights: TransformerWeights
    trace: LayerTrace


class Missing(NamedTuple):
    """Why there is no transformer, in one line."""

    reason: str


def feed_forward_spec() -> rtloom.Spec:
    """Return the design: 4-bit weights with group scales, all rows of chains working for a single vector."""
    base = rtloom.load(SPEC)
    # A short name; the parameters stand in the Verilog file and its manifest.
    return replace(base.replace(gemv=True), name=f"{base.name}-gemv", description="")


def find_feed_forward() -> FeedForward | Missing:
    """Return the installed transformer with a sentence gone through it, or what is not installed."""
    try:
        weights = load_model()
        tokens = tokenize(weights, [SENTENCE])[0]
        return FeedForward(weights, encode(weights, tokens, LAYER + 1)[LAYER])
    except ToolError as error:
        return Missing(str(error))


def study_matrix(
    spec: rtloom.Spec, role: str, matrix: ArrayLike, vector: ArrayLike, step: Callable[[str], object]
) -> MatrixStudy:
    """Multiply a matrix with a vector on the chains, dense and pruned.

    Parameters
    ----------
    spec
        From `feed_forward_spec`.
    role
        What results call the matrix.
    matrix, vector
        ``(N, K)`` and ``(K,)`` real numbers.
    step
        Called with what begins.

    Raises
    ------
    CheckError
        Where RTL and golden model differ, in values or cycles.
    """
    real, x = np.asarray(matrix, dtype=np.float64), np.asarray(vector, dtype=np.float64)
    fewer = prune(real, PATTERN.n, PATTERN.m)
    runs = []
    for pattern, weights in ((Pattern(PATTERN.m, PATTERN.m), real), (PATTERN, fewer)):
        step(f"{role.replace('_', ' ')}, {pattern.title} on the chains")
        runs.append(_run(spec, pattern, weights, x))
    return MatrixStudy(role, (real.shape[0], real.shape[1]), real @ x, fewer @ x, runs[0], runs[1])


def _run(spec: rtloom.Spec, pattern: Pattern, matrix: Reals, vector: Reals) -> MatrixRun:
    """Quantise and multiply."""
    params = cast("SparseParams", spec.params)
    weights = ScaledWeights.quantize(matrix, params)
    values, steps = quantize_activations(vector, params.a_format)
    tensors = {"a": values, **weights.tensors}
    result, report = rtloom.simulate(spec, "gemm", check=True, **tensors)
    expected = goldens.compute(spec.family, params, "gemm", tensors)
    memory = compress(params, **weights.tensors).report
    real = result * weights.units * float(steps[0])
    equal = int(np.count_nonzero(result == expected))
    return MatrixRun(pattern, report, memory, real, weights.dequantize() @ vector, equal)
