"""Tensors to transactions and back: GEMMs of any size tiled for the array, in NumPy alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...hdl.formats import Format
from ...hdl.ports import Beats
from ..family import Job
from .epilogue import Epilogue
from .params import SystolicParams
from .ports import moving_name, stationary_name

__all__ = ["Gemm", "Plan", "lift_gemms", "lower_gemms", "tile_runs", "tile_steps"]

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Gemm:
    """One product to be tiled: `a` is (M, K), `b` is (K, N), `epilogue` belongs to the N output channels.

    `macs` are the useful multiply-accumulates; fewer than M*K*N where a block diagonal holds zeros.
    """

    a: IntArray
    b: IntArray
    epilogue: Epilogue
    macs: int


@dataclass(frozen=True)
class Plan:
    """How a job's beats are laid out: the (M, N) of each product, its streamed block sizes, and the beats a tile.

    Parameters
    ----------
    shapes
        (M, N) of each product in order.
    blocks
        For each product the lengths of the blocks of streamed vectors (weight_ and input_stationary), else empty.
    steps
        Beats of every tile or pass in order, for `timing.cycles`.
    join
        Makes the operation's result from those of the products.
    """

    shapes: tuple[tuple[int, int], ...]
    blocks: tuple[tuple[int, ...], ...]
    steps: NDArray[np.int64]
    join: Callable[[list[IntArray]], IntArray]


def lower_gemms(params: SystolicParams, gemms: Sequence[Gemm], join: Callable[[list[IntArray]], IntArray]) -> Job:
    """Tile products one after the other into one job; see `Family.lower`."""
    parts = [_lower_stationary(params, g) if params.stationary else _lower_moving(params, g) for g in gemms]
    inputs = {name: _concatenate([part.inputs[name] for part in parts]) for name in parts[0].inputs}
    beats = sum(part.beats for part in parts)
    plan = Plan(
        tuple((g.a.shape[0], g.b.shape[1]) for g in gemms),
        tuple(part.blocks for part in parts),
        np.concatenate([tile_steps(params, g.a.shape[0], g.a.shape[1], g.b.shape[1]) for g in gemms]),
        join,
    )
    return Job(inputs, {"c": beats}, sum(g.macs for g in gemms), plan)


def lift_gemms(params: SystolicParams, plan: Plan, c: Beats) -> list[IntArray]:
    """Cut the output beats into the (M, N) results of each product."""
    results, at = [], 0
    for (m, n), blocks in zip(plan.shapes, plan.blocks, strict=True):
        if params.dataflow == "input_stationary":
            used, result = _lift_blocks(params, blocks, m, c["data"][at:])
            result = result.T
        elif params.stationary:
            used, result = _lift_blocks(params, blocks, n, c["data"][at:])
        else:
            used, result = _lift_tiles(params, m, n, c["data"][at:])
        results.append(result)
        at += used
    return results


def tile_steps(params: SystolicParams, m: int, k: int, n: int) -> IntArray:
    """Return the beats of each tile or pass of an (M, K) x (K, N) product, in order, for `timing.cycles`."""
    runs = np.asarray(tile_runs(params, m, k, n), dtype=np.int64)
    return np.repeat(runs[:, 0], runs[:, 1])


def tile_runs(params: SystolicParams, m: int, k: int, n: int) -> list[tuple[int, int]]:
    """Return (beats, how many) of the tiles or passes of an (M, K) x (K, N) product that are alike, in order."""
    if not params.stationary:
        return [(-(-k // params.reduce), -(-m // params.rows) * -(-n // params.cols))]
    vectors, lanes = (n, m) if params.dataflow == "input_stationary" else (m, n)
    blocks = -(-vectors // params.accumulator_rows)
    size, longer = divmod(vectors, blocks)
    passes = -(-lanes // params.cols) * -(-k // params.step)
    runs = ((size + 1, longer), (size, blocks - longer))
    return [(beats, count * passes) for beats, count in runs if np.any(count)]


@dataclass(frozen=True)
class _Part:
    """One product's transactions."""

    inputs: dict[str, Beats]
    beats: int
    blocks: tuple[int, ...]


def _lower_moving(params: SystolicParams, gemm: Gemm) -> _Part:
    """Output-stationary: tiles of C row by row, so that neighbouring tiles share A."""
    a = _tiles(gemm.a, params.rows, params.reduce, params.a_wire)
    b = _tiles(gemm.b.T, params.cols, params.reduce, params.b_wire)
    tiles_m, tiles_n, steps = len(a), len(b), a.shape[1]
    count = tiles_m * tiles_n
    last = np.zeros((count, steps), dtype=np.bool_)
    last[:, -1] = True
    inputs: dict[str, Beats] = {
        "a": {"data": np.repeat(a, tiles_n, axis=0).reshape(count * steps, -1), "last": last.reshape(-1)},
        "b": {"data": np.tile(b, (tiles_m, 1, 1)).reshape(count * steps, -1)},
    }
    if params.has_epilogue:
        inputs["epilogue"] = gemm.epilogue.tiled(params, tiles_m)
    return _Part(inputs, count * params.rows, ())


def _lower_stationary(params: SystolicParams, gemm: Gemm) -> _Part:
    """For each block of streamed vectors the column tiles, and within these the passes along K."""
    moving, resident = gemm.a, gemm.b
    if params.dataflow == "input_stationary":
        moving, resident = gemm.b.T, gemm.a.T
    wire = {"a": params.a_wire, "b": params.b_wire}
    vectors = _padded(moving, 1, params.step, wire[moving_name(params)])
    weights = _resident_beats(params, resident, wire[stationary_name(params)])
    tiles, passes = weights.shape[:2]
    blocks = _even_blocks(len(vectors), params.accumulator_rows)
    streamed = vectors.reshape(len(vectors), passes, params.step).transpose(1, 0, 2)
    data, last, at = [], [], 0
    for size in blocks:
        data.append(np.tile(streamed[:, at : at + size].reshape(passes * size, -1), (tiles, 1)))
        last.append(np.tile(np.arange(size) == size - 1, tiles * passes))
        at += size
    final = np.zeros((len(blocks), tiles, passes, params.rows), dtype=np.bool_)
    final[:, :, -1, -1] = True
    inputs: dict[str, Beats] = {
        moving_name(params): {"data": np.concatenate(data), "last": np.concatenate(last)},
        stationary_name(params): {
            "data": np.tile(weights.reshape(tiles * passes * params.rows, -1), (len(blocks), 1)),
            "last": final.reshape(-1),
        },
    }
    if params.has_epilogue:
        by_channel = params.dataflow == "input_stationary"
        inputs["epilogue"] = (
            gemm.epilogue.streamed(blocks, tiles) if by_channel else gemm.epilogue.tiled(params, len(blocks))
        )
    return _Part(inputs, len(vectors) * tiles, tuple(blocks))


def _padded(array: IntArray, rows: int, cols: int, fmt: Format) -> IntArray:
    """Pad both axes to multiples; the value is zero, or the one nearest to it where the format has none."""
    extra = [(0, -array.shape[0] % rows), (0, -array.shape[1] % cols)]
    nothing = int(fmt.clip(np.zeros(1, dtype=np.int64))[0])
    return np.pad(array, extra, constant_values=nothing)


def _tiles(operand: IntArray, lanes: int, reduce: int, fmt: Format) -> IntArray:
    """Cut ``(X, K)`` into ``(tiles, steps, lanes * reduce)`` beats."""
    padded = _padded(operand, lanes, reduce, fmt)
    tiles, steps = padded.shape[0] // lanes, padded.shape[1] // reduce
    cut = padded.reshape(tiles, lanes, steps, reduce).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(cut).reshape(tiles, steps, lanes * reduce)


def _resident_beats(params: SystolicParams, resident: IntArray, fmt: Format) -> IntArray:
    """Cut ``(K, N)`` into ``(tiles, passes, rows, cols * reduce)`` beats."""
    padded = _padded(resident, params.step, params.cols, fmt)
    passes, tiles = padded.shape[0] // params.step, padded.shape[1] // params.cols
    cut = padded.reshape(passes, params.rows, params.reduce, tiles, params.cols).transpose(3, 0, 1, 4, 2)
    return np.ascontiguousarray(cut).reshape(tiles, passes, params.rows, params.cols * params.reduce)


def _even_blocks(total: int, limit: int) -> list[int]:
    """Split `total` vectors into as few blocks as `limit` allows, of nearly equal size."""
    count = -(-total // limit)
    return [len(part) for part in np.array_split(np.arange(total), count)]


def _lift_tiles(params: SystolicParams, m: int, n: int, data: IntArray) -> tuple[int, IntArray]:
    tiles_m, tiles_n = -(-m // params.rows), -(-n // params.cols)
    used = tiles_m * tiles_n * params.rows
    tiles = data[:used].reshape(tiles_m, tiles_n, params.rows, params.cols).transpose(0, 2, 1, 3)
    return used, tiles.reshape(tiles_m * params.rows, tiles_n * params.cols)[:m, :n]


def _lift_blocks(params: SystolicParams, blocks: Sequence[int], lanes: int, data: IntArray) -> tuple[int, IntArray]:
    tiles, at, parts = -(-lanes // params.cols), 0, []
    for size in blocks:
        block = data[at : at + tiles * size].reshape(tiles, size, params.cols).transpose(1, 0, 2)
        parts.append(block.reshape(size, tiles * params.cols)[:, :lanes])
        at += tiles * size
    return at, np.concatenate(parts)


def _concatenate(beats: Sequence[Beats]) -> Beats:
    if len(beats) == 1:
        return beats[0]
    return {name: np.concatenate([b[name] for b in beats]) for name in beats[0]}
