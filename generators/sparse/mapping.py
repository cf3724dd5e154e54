"""Tensors to transactions and back: products of any size tiled for the sparse chains, in NumPy alone."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...hdl.ports import Beats
from ..family import Job
from .epilogue import Epilogue
from .modes import in_mode, on_design
from .panels import Panels
from .params import SparseParams
from .stored import Stored
from .tiling import Tiling, repeated
from .weights import Weights

__all__ = ["Gemm", "Plan", "lift_gemm", "lower_gemm"]

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Gemm:
    """One product to be tiled: `a` is (M, K), `weights` are (N, K), `epilogue` belongs to the (M, N) results."""

    a: IntArray
    weights: Weights
    epilogue: Epilogue


@dataclass(frozen=True)
class Plan:
    """How a job's beats are laid out.

    Parameters
    ----------
    tiling
        Sizes of the product.
    steps
        Steps with weights of each tile in order, for `timing.cycles`.
    join
        Makes the operation's result of the (M, N) product.
    """

    tiling: Tiling
    steps: IntArray
    join: Callable[[IntArray], IntArray]


def lower_gemm(params: SparseParams, gemm: Gemm, join: Callable[[IntArray], IntArray]) -> Job:
    """Tile a product: tiles along N outermost, so that a tile of W serves all of A before the next one; see `ports`.

    On a design with both modes a product with one row of A takes the GEMV one.
    """
    (m, k), n = gemm.a.shape, len(gemm.weights.codes)
    tiling = Tiling(in_mode(params, m), m, n, k)
    stored = Stored.of(tiling, gemm.weights)
    inputs = stored.streams(tiling.tiles_m) | {"a": _activations(tiling, stored.panels, gemm.a)}
    if params.has_epilogue:
        inputs["epilogue"] = gemm.epilogue.stream(tiling)
    inputs = on_design(params, m, inputs)
    beats = tiling.tiles_m * tiling.tiles_n * params.panel_rows
    steps = stored.panels.per_tile(stored.panels.steps)
    return Job(inputs, {"o": beats}, m * gemm.weights.nonzero, Plan(tiling, np.repeat(steps, tiling.tiles_m), join))


def lift_gemm(params: SparseParams, plan: Plan, o: Beats) -> IntArray:
    """Put the output beats together to the operation's result."""
    tiling, shape = plan.tiling, plan.tiling.params
    tiles = o["data"].reshape(tiling.tiles_n, tiling.tiles_m, params.panel_rows, shape.rows, shape.chains)
    whole = tiles.transpose(1, 3, 0, 4, 2).reshape(tiling.tiles_m * shape.rows, tiling.tiles_n * shape.channels)
    return plan.join(whole[: tiling.m, : tiling.n])


def _activations(tiling: Tiling, panels: Panels, a: IntArray) -> Beats:
    """Return the beats of `a`: a window of each tile of A for every panel with weights."""
    params = tiling.params
    full = panels.kept > 0
    counts = panels.per_tile(full)
    window = panels.window[full][repeated(counts, tiling.tiles_m)]
    tile = np.repeat(np.tile(np.arange(tiling.tiles_m), tiling.tiles_n), np.repeat(counts, tiling.tiles_m))
    rows = tiling.windowed(a, tiling.tiles_m * params.rows, np.int8)
    lanes = rows.reshape(tiling.tiles_m, params.rows, tiling.windows, params.length).transpose(0, 2, 1, 3)
    return {"data": lanes[tile, window].reshape(-1, params.rows * params.length)}
