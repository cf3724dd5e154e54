"""Traffic of a layer on the chip: bits of the design's streams, and the widths of operands, from shapes alone."""

from typing import Any

from ..errors import InputError
from ..generators.attention.params import AttentionParams
from ..generators.attention.shapes import attention_stream_bits
from ..generators.batch import family_params
from ..generators.lut.params import LutParams
from ..generators.lut.shapes import gemm_stream_bits as lut_bits
from ..generators.params import FamilyParams
from ..generators.sparse.params import SparseParams
from ..generators.sparse.shapes import gemm_stream_bits as sparse_bits
from ..generators.systolic.params import SystolicParams
from ..generators.systolic.shapes import convolution_stream_elements, gemm_stream_elements
from ..generators.vector.params import VectorParams
from ..generators.vector.shapes import vector_stream_bits
from .traffic import OperandBits
from .workloads.layers import Attention, Conv2d, Gemm, Layer
from .workloads.vectors import Vector

__all__ = ["layer_stream_bits", "layer_streams", "operand_bits", "stream_widths"]


def layer_stream_bits(params: FamilyParams, layer: Layer, kept: int | None = None) -> Any:
    """Return the bits that a layer's operands and results take over the design's streams, padding included.

    Exact, and asserted against lowered jobs; the streams of biases, scales and tasks are left out.

    Parameters
    ----------
    params
        Of one design, or of a batch; then the result is an array.
    layer
        A layer that the design runs; the result is of one of its repetitions.
    kept
        As `run_workload` takes it.
    """
    streams = zip(layer_streams(params, layer, kept), stream_widths(params), strict=True)
    return sum(count * width for count, width in streams)


def stream_widths(params: FamilyParams) -> tuple[int, ...]:
    """Return the bits of what `layer_streams` counts: elements of `a`, `b` and `c` on systolic arrays, else bits."""
    one: Any = params
    if family_params(params) is SystolicParams:
        return one.a_wire.bits, one.b_wire.bits, one.c_format.bits
    return (1,)


def layer_streams(params: FamilyParams, layer: Layer, kept: int | None = None) -> tuple[Any, ...]:
    """Return what a layer's streams carry, in the units of `stream_widths`.

    Parameters are those of `layer_stream_bits`. On systolic arrays it does not depend on the operands' formats.
    """
    kind: Any = family_params(params)
    one: Any = params
    if kind is SystolicParams:
        return _systolic(one, layer)
    if kind is AttentionParams and isinstance(layer, Attention):
        lead = (layer.batch, layer.heads, layer.queries)
        return (attention_stream_bits(one, lead, layer.shared_heads, layer.keys, layer.causal),)
    if kind is VectorParams and isinstance(layer, Vector):
        return (vector_stream_bits(one, layer.vectors, layer.length),)
    jobs, m, k, n = _product(layer)
    if kind is LutParams:
        return (jobs * lut_bits(one, m, k, n),)
    if kind is SparseParams:
        return (jobs * sparse_bits(one, m, k, n, kept),)
    raise InputError(f"{kind.title} has no operation for a layer of type {layer.kind}")


def operand_bits(params: FamilyParams, kept: int | None = None) -> OperandBits:
    """Return the bits of an operand's element as it lies in memory.

    Sparse weights take their share of what is kept, with its places; rounded up to whole bits an element.
    """
    one: Any = params
    kind: Any = family_params(params)
    if kind is SystolicParams:
        return OperandBits(one.a_format.bits, one.b_format.bits, one.c_format.bits, one.sum_bits)
    if kind is LutParams:
        return OperandBits(one.a_format.bits, one.weight_format.bits, one.o_format.bits, one.sum_bits)
    if kind is SparseParams:
        inside = one.block if kept is None else kept
        stored = inside * (one.carried_format.bits + (one.index_bits if inside < one.block else 0))
        return OperandBits(one.a_format.bits, -(-stored // one.block), one.o_format.bits, one.sum_bits)
    if kind is AttentionParams:
        return OperandBits(max(one.q_format.bits, one.kv_format.bits), 8, one.o_format.bits, one.accumulator_bits)
    if kind is VectorParams:
        # Neither weights nor sums wait in memory.
        return OperandBits(one.x_format.bits, one.gamma.bits, one.o_format.bits)
    raise InputError(f"{kind.title} has no operation for layers")


def _systolic(params: SystolicParams, layer: Layer) -> tuple[Any, ...]:
    if isinstance(layer, Conv2d):
        return convolution_stream_elements(params, layer.shape)
    if isinstance(layer, Gemm):
        return gemm_stream_elements(params, layer.m, layer.k, layer.n, layer.batch)
    if not isinstance(layer, Attention):
        raise InputError(f"{params.title} has no operation for a layer of type {layer.kind}")
    products = layer.batch * layer.shared_heads
    rows = layer.queries * (layer.heads // layer.shared_heads)
    scores = gemm_stream_elements(params, rows, layer.head_dim, layer.keys, products)
    values = gemm_stream_elements(params, rows, layer.keys, layer.head_dim, products)
    return tuple(one + other for one, other in zip(scores, values, strict=True))


def _product(layer: Layer) -> tuple[int, int, int, int]:
    """Return how many products of weights a layer is, and their M, K and N."""
    if isinstance(layer, Gemm):
        return layer.batch, layer.m, layer.k, layer.n
    if isinstance(layer, Conv2d):
        shape = layer.shape
        return shape.groups, shape.places, shape.reduction, shape.group_outputs
    raise InputError(f"A layer of type {layer.kind} must be a product of weights here")
