"""Exact cycles of operations from the shapes of their tensors alone, however large; no hardware import."""

from .params import LutParams
from .tensors import check_reduction
from .tiling import Tiling
from .timing import cycles

__all__ = ["gemm_cycles"]


def gemm_cycles(params: LutParams, m: int, k: int, n: int) -> int:
    """Return the cycles of ``gemm`` on A (M, K) and W (N, K); ``conv2d`` is the product of its im2col.

    Raises
    ------
    InputError
        Where K is longer than the design was made for.
    """
    check_reduction(params, k)
    return cycles(params, Tiling(params, m, n, k).lookups)
