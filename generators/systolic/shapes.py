"""Exact cycles of operations from the shapes of their tensors alone, however large; no hardware import."""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from ..batch import stacked_pairs, take
from ..convolution import ConvolutionShape
from .mapping import tile_runs
from .params import SystolicParams
from .tensors import check_reduction, groups_together
from .timing import cycles

__all__ = ["convolution_cycles", "gemm_cycles"]

Product = tuple[int, int, int, int]
"""M, K and N of products, and how many there are one after the other."""


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
    shape = ConvolutionShape.of(x, w, stride, padding, groups)
    shape.check_zero(params.a_format)
    check_reduction(params, shape.reduction)
    merge = groups_together(params, shape)
    if np.ndim(merge) == 0:
        return _merged(params, shape, merge)
    found = np.zeros(np.shape(merge), dtype=np.int64)
    for each in np.unique(merge):
        where = np.equal(merge, each)
        found[where] = _merged(take(params, where), shape, int(each))
    return cast("int", found)


def _merged(params: SystolicParams, shape: ConvolutionShape, merge: int) -> int:
    """Return the cycles where so many groups share a product."""
    all_of, rest = divmod(shape.groups, merge)
    parts = [(merge, all_of), (rest, 1)] if rest else [(merge, all_of)]
    size = (shape.reduction, shape.group_outputs)
    return _cycles(params, [(shape.places, size[0] * taken, size[1] * taken, count) for taken, count in parts])


def _cycles(params: SystolicParams, products: Sequence[Product]) -> int:
    """Return the cycles of products one after the other in one job.

    Only what the job begins and ends with has a place of its own in the sum, so the runs of products that are alike
    are counted together.
    """
    runs = [(steps, tiles * count) for m, k, n, count in products for steps, tiles in tile_runs(params, m, k, n)]
    return cycles(params, *stacked_pairs(runs))
