"""Exact cycles of operations from the shapes of their tensors alone, however large; no hardware import."""

import numpy as np

from ...errors import must
from .modes import in_mode
from .params import SparseParams
from .ports import stream_ports
from .tensors import check_reduction
from .tiling import Tiling
from .timing import cycles, occupancy

__all__ = ["gemm_cycles", "gemm_stream_bits", "nonzero"]


def gemm_stream_bits(params: SparseParams, m: int, k: int, n: int, kept: int | None = None) -> int:
    """Return the bits that the streams `a`, `w`, its places and `o` carry in such a job, padding included.

    Of several widths the widest counts; the streams of panels, scales and biases are left out.
    """
    check_reduction(params, k)
    tiling = Tiling(in_mode(params, m), m, n, k)
    tiles, inside = tiling.tiles_m * tiling.tiles_n, _kept(params, kept)
    width = {port.name: port.width for port in stream_ports(params)}
    steps = _tile_steps(tiling, inside)
    weights = steps * params.multipliers * params.carried_format.bits
    if params.bitmap:
        held = nonzero(params, k, kept) * tiling.params.channels * params.carried_format.bits
        weights = held + steps * width["bitmap"]
    places = width.get("index", 0) * (steps if inside < params.block else _last_steps(tiling, inside))
    return tiles * (tiling.windows * width["a"] + weights + places + params.panel_rows * width["o"])


def gemm_cycles(params: SparseParams, m: int, k: int, n: int, kept: int | None = None) -> int:
    """Return the cycles of ``gemm`` on A (M, K) and W (N, K); ``conv2d`` is the product of its im2col.

    Parameters
    ----------
    params
        The chains' parameters.
    m, k, n
        Sizes of the product.
    kept
        Weights that are not 0 in every block of W, as after pruning to N of M; None: all of them.

    Raises
    ------
    InputError
        Where K is longer than the design was made for, or `kept` is more than a block.
    """
    check_reduction(params, k)
    tiling = Tiling(in_mode(params, m), m, n, k)
    tiles = np.array([_tile_steps(tiling, _kept(params, kept))], dtype=np.int64)
    return cycles(params, tiles) + (tiling.tiles_m * tiling.tiles_n - 1) * int(occupancy(params, tiles)[0])


def nonzero(params: SparseParams, k: int, kept: int | None = None) -> int:
    """Return how many of a row of `k` weights are not 0, with `kept` of them in every whole block."""
    blocks, rest = divmod(k, params.block)
    inside = _kept(params, kept)
    return blocks * inside + min(inside, rest)


def _kept(params: SparseParams, kept: int | None) -> int:
    """Return the weights kept of a block."""
    if kept is None:
        return params.block
    if not 1 <= kept <= params.block:
        raise must("Sparse kept", f"be from 1 to block={params.block}", kept)
    return kept


def _tile_steps(tiling: Tiling, inside: int) -> int:
    """Return the steps of a tile with so many weights in every block."""
    params, rest = tiling.params, _rest(tiling)
    return (tiling.windows - 1) * _steps(params, inside) + _steps(params, min(inside, rest))


def _last_steps(tiling: Tiling, inside: int) -> int:
    """Return the steps of a tile's last window where that brings places: where its blocks are not full."""
    crowd = min(inside, _rest(tiling))
    return _steps(tiling.params, crowd) if crowd < tiling.params.block else 0


def _rest(tiling: Tiling) -> int:
    """Return the elements of K in the last window."""
    return tiling.k - (tiling.windows - 1) * tiling.params.length


def _steps(params: SparseParams, crowd: int) -> int:
    """Return the steps of a panel whose most crowded block holds so many weights."""
    return 1 << (int(np.searchsorted(params.kept, crowd)) - 1)
