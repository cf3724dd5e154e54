"""Exact cycles of operations from the shapes of their tensors alone, however large; no hardware import."""

from .params import LutParams
from .ports import stream_ports
from .tensors import check_reduction
from .tiling import Tiling
from .timing import cycles

__all__ = ["gemm_cycles", "gemm_stream_bits"]


def gemm_cycles(params: LutParams, m: int, k: int, n: int) -> int:
    """Return the cycles of ``gemm`` on A (M, K) and W (N, K); ``conv2d`` is the product of its im2col.

    Raises
    ------
    InputError
        Where K is longer than the design was made for.
    """
    check_reduction(params, k)
    return cycles(params, Tiling(params, m, n, k).lookups)


def gemm_stream_bits(params: LutParams, m: int, k: int, n: int) -> int:
    """Return the bits that the streams `a`, `w` and `o` carry in such a job, padding included.

    A's stream comes again for every tile of W; the streams of scales and biases, a beat a segment, are left out.
    """
    check_reduction(params, k)
    tiling = Tiling(params, m, n, k)
    tiles = tiling.tiles_m * tiling.tiles_n
    width = {port.name: port.width for port in stream_ports(params)}
    steps = tiles * tiling.steps + tiling.tail
    return steps * (width["a"] + params.passes * width["w"]) + tiles * params.column_segments * width["o"]
