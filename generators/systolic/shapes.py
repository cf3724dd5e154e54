"""Exact cycles of operations from the shapes of their tensors alone, however large; no hardware import."""

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

from ..batch import stacked_pairs, take
from ..convolution import ConvolutionShape
from .mapping import tile_runs
from .params import SystolicParams
from .tensors import check_reduction, groups_together
from .timing import cycles

__all__ = ["convolution_cycles", "convolution_stream_bits", "gemm_cycles", "gemm_stream_bits"]

Product = tuple[int, int, int, int]
"""M, K and N of products, and how many there are one after the other."""

Total = Callable[[SystolicParams, Sequence[Product]], int]


def gemm_cycles(params: SystolicParams, m: int, k: int, n: int, batch: int = 1) -> int:
    """Return the cycles of ``gemm`` on (M, K) and (K, N), or on `batch` such pairs in one job.

    Raises
    ------
    InputError
        Where K is longer than the design was made for.
    """
    check_reduction(params, k)
    return _cycles(params, [(m, k, n, batch)])


def convolution_cycles(
    params: SystolicParams, x: Sequence[int], w: Sequence[int], stride: Any = 1, padding: Any = 0, groups: Any = 1
) -> int:
    """Return the cycles of ``conv2d`` on tensors of these shapes, groups sharing products as `Systolic.lower` does it.

    Raises
    ------
    InputError
        Where shapes do not go together, K is too long, or a format has no zero to pad with.
    """
    return _convolution(params, ConvolutionShape.of(x, w, stride, padding, groups), _cycles)


def gemm_stream_bits(params: SystolicParams, m: int, k: int, n: int, batch: int = 1) -> int:
    """Return the bits that the operands' and results' streams carry in such a job, padding included.

    The streams of biases and scales, a beat a tile, are left out.
    """
    check_reduction(params, k)
    return _stream_bits(params, [(m, k, n, batch)])


def convolution_stream_bits(
    params: SystolicParams, x: Sequence[int], w: Sequence[int], stride: Any = 1, padding: Any = 0, groups: Any = 1
) -> int:
    """Return the bits that the operands' and results' streams carry in such a job, as `gemm_stream_bits` does."""
    return _convolution(params, ConvolutionShape.of(x, w, stride, padding, groups), _stream_bits)


def _convolution(params: SystolicParams, shape: ConvolutionShape, total: Total) -> int:
    """Return a total over the products of a convolution; of each design where there are several."""
    shape.check_zero(params.a_format)
    check_reduction(params, shape.reduction)
    merge = groups_together(params, shape) if shape.groups > 1 else 1
    if np.ndim(merge) == 0:
        return total(params, _products(shape, merge))
    found = np.zeros(np.shape(merge), dtype=np.int64)
    for each in np.unique(merge):
        where = np.equal(merge, each)
        found[where] = total(take(params, where), _products(shape, int(each)))
    return cast("int", found)


def _products(shape: ConvolutionShape, merge: int) -> list[Product]:
    """Return the products of a convolution where so many groups share one."""
    all_of, rest = divmod(shape.groups, merge)
    parts = [(merge, all_of), (rest, 1)] if rest else [(merge, all_of)]
    size = (shape.reduction, shape.group_outputs)
    return [(shape.places, size[0] * taken, size[1] * taken, count) for taken, count in parts]


def _cycles(params: SystolicParams, products: Sequence[Product]) -> int:
    """Return the cycles of products one after the other in one job.

    Only what the job begins and ends with has a place of its own in the sum, so the runs of products that are alike
    are counted together.
    """
    runs = [(steps, tiles * count) for m, k, n, count in products for steps, tiles in tile_runs(params, m, k, n)]
    return cycles(params, *stacked_pairs(runs))


def _stream_bits(params: SystolicParams, products: Sequence[Product]) -> int:
    """Return the bits of `a`, `b` and `c` in products one after the other."""
    a_bits, b_bits, c_bits = params.a_wire.bits, params.b_wire.bits, params.c_format.bits
    found: Any = 0
    for m, k, n, count in products:
        if params.stationary:
            # Vectors move past every tile of resident blocks; a block comes again for each block of vectors.
            vectors, lanes = (n, m) if params.dataflow == "input_stationary" else (m, n)
            moving, resident = (b_bits, a_bits) if params.dataflow == "input_stationary" else (a_bits, b_bits)
            tiles, deep = -(-lanes // params.cols), -(-k // params.step) * params.step
            blocks = -(-vectors // params.accumulator_rows)
            each = vectors * tiles * (deep * moving + params.cols * c_bits)
            each = each + blocks * tiles * deep * params.cols * resident
        else:
            tiles = -(-m // params.rows) * -(-n // params.cols)
            deep = -(-k // params.reduce) * params.reduce
            each = tiles * (deep * (params.rows * a_bits + params.cols * b_bits) + params.rows * params.cols * c_bits)
        found = found + count * each
    return cast("int", found)
