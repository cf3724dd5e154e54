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

__all__ = ["convolution_cycles", "convolution_stream_elements", "gemm_cycles", "gemm_stream_elements"]

Product = tuple[int, int, int, int]
"""M, K and N of products, and how many there are one after the other."""

Total = Callable[[SystolicParams, Sequence[Product]], Any]

Elements = tuple[Any, Any, Any]
"""Elements of `a`, `b` and `c`; arrays for a batch of designs."""


def gemm_cycles(params: SystolicParams, m: int, k: int, n: int, batch: int = 1) -> int:
    """Return the cycles of ``gemm`` on (M, K) and (K, N), or on `batch` such pairs in one job.

    Raises
    ------
    InputError
        Where K is longer than the design was made for.
    """
    check_reduction(params, k)
    return _cycles(params, [(m, k, n, batch)])


def convolution_cycles(params: SystolicParams, shape: ConvolutionShape) -> int:
    """Return the cycles of ``conv2d`` of this shape, groups sharing products as `Systolic.lower` does it.

    Raises
    ------
    InputError
        Where K is too long.
    """
    return cast("int", _convolution(params, shape, _cycles))


def gemm_stream_elements(params: SystolicParams, m: int, k: int, n: int, batch: int = 1) -> Elements:
    """Return the elements that the streams `a`, `b` and `c` carry in such a job, padding included.

    The streams of biases and scales, a beat a tile, are left out.
    """
    check_reduction(params, k)
    return _stream_elements(params, [(m, k, n, batch)])


def convolution_stream_elements(params: SystolicParams, shape: ConvolutionShape) -> Elements:
    """Return the elements that `a`, `b` and `c` carry in ``conv2d`` of this shape, as `gemm_stream_elements` does."""
    found: Elements = _convolution(params, shape, _stream_elements)
    return found


def _convolution(params: SystolicParams, shape: ConvolutionShape, total: Total) -> Any:
    """Return a total over the products of a convolution (or several); of each design where there are several."""
    check_reduction(params, shape.reduction)
    merge = groups_together(params, shape) if shape.groups > 1 else 1
    if np.ndim(merge) == 0:
        return total(params, _products(shape, merge))
    found: Any = None
    for each in np.unique(merge):
        where = np.equal(merge, each)
        some = np.array(total(take(params, where), _products(shape, int(each))), dtype=np.int64)
        found = np.zeros((*some.shape[:-1], len(where)), dtype=np.int64) if found is None else found
        found[..., where] = some
    return found if found.ndim == 1 else tuple(found)


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


def _stream_elements(params: SystolicParams, products: Sequence[Product]) -> Elements:
    """Return the elements of `a`, `b` and `c` in products one after the other."""
    a: Any = 0
    b: Any = 0
    c: Any = 0
    for m, k, n, count in products:
        if params.stationary:
            # Vectors move past every tile of resident blocks; a block comes again for each block of vectors.
            vectors, lanes = (n, m) if params.dataflow == "input_stationary" else (m, n)
            tiles, deep = -(-lanes // params.cols), -(-k // params.step) * params.step
            blocks = -(-vectors // params.accumulator_rows)
            moving, resident = vectors * tiles * deep, blocks * tiles * deep * params.cols
            results = vectors * tiles * params.cols
            inputs, weights = (resident, moving) if params.dataflow == "input_stationary" else (moving, resident)
        else:
            tiles = -(-m // params.rows) * -(-n // params.cols)
            deep = -(-k // params.reduce) * params.reduce
            inputs, weights = tiles * deep * params.rows, tiles * deep * params.cols
            results = tiles * params.rows * params.cols
        a, b, c = a + count * inputs, b + count * weights, c + count * results
    return a, b, c
