"""Tensors to transactions and back: products of any size tiled for the LUT tile, in NumPy alone."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...hdl.ports import Beats
from ..family import Job
from .activations import activation_stream
from .epilogue import Epilogue
from .params import LutParams
from .tiling import Tiling
from .weights import weight_stream

__all__ = ["Gemm", "Plan", "lift_gemm", "lower_gemm"]

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Gemm:
    """One product to be tiled: `a` is (M, K), `w` is (N, K), `epilogue` belongs to the (M, N) results."""

    a: IntArray
    w: IntArray
    epilogue: Epilogue


@dataclass(frozen=True)
class Plan:
    """How a job's beats are laid out.

    Parameters
    ----------
    tiling
        Sizes of the product.
    join
        Makes the operation's result of the (M, N) product.
    """

    tiling: Tiling
    join: Callable[[IntArray], IntArray]

    @property
    def lookups(self) -> int:
        """Beats of `w` up to the last one that ends a reduction, for `timing.cycles`."""
        return self.tiling.lookups


def lower_gemm(params: LutParams, gemm: Gemm, join: Callable[[IntArray], IntArray]) -> Job:
    """Tile a product: tiles along N outermost, so that a tile of W serves all of A before the next one; see `ports`."""
    (m, k), n = gemm.a.shape, len(gemm.w)
    tiling = Tiling(params, m, n, k)
    inputs = {"a": activation_stream(tiling, gemm.a), "w": weight_stream(tiling, gemm.w)}
    if params.has_scales:
        inputs["scales"] = gemm.epilogue.scale_stream(tiling)
    if params.has_epilogue:
        inputs["epilogue"] = gemm.epilogue.stream(tiling)
    beats = tiling.tiles_m * tiling.tiles_n * params.column_segments
    return Job(inputs, {"o": beats}, m * n * k, Plan(tiling, join))


def lift_gemm(params: LutParams, plan: Plan, o: Beats) -> IntArray:
    """Put the output beats together to the operation's result."""
    tiling = plan.tiling
    tiles = o["data"].reshape(tiling.tiles_n, tiling.tiles_m, params.column_segments, params.m, params.segment_cols)
    whole = tiles.transpose(1, 3, 0, 2, 4).reshape(tiling.tiles_m * params.m, tiling.tiles_n * params.n)
    return plan.join(whole[: tiling.m, : tiling.n])
