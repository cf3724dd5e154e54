"""Random tensors for self-tests of a sparse design: every density, width and scale, in one tile and in several."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import must
from ...hdl.formats import Format, Integer
from .params import SparseParams
from .prune import prune

__all__ = ["draw_weights", "fitting_codes", "gemm_example"]

IntArray = NDArray[np.int64]
SIZES = ("small", "ragged", "corner")


def gemm_example(params: SparseParams, size: str, seed: int) -> dict[str, Any]:
    """Return the arguments of a GEMM that exercises the design.

    Parameters
    ----------
    params
        The chains' parameters.
    size
        ``small``: one tile; ``ragged``: several tiles and scale groups, none of them full at the edges; ``corner``: as
        ragged, with extreme values only, among them rows of zeros, of minima and of alternating extremes.
    seed
        Of the random numbers.
    """
    if size not in SIZES:
        raise must("Example size", f"be {', '.join(SIZES)}", size)
    rng = np.random.default_rng(seed)
    corner = size == "corner"
    m, k, n = _shape(params, size)
    group = None if size == "small" else 2 * params.length
    tensors = {"a": _activations(params.a_format, (m, k), rng, corner)}
    tensors |= draw_weights(params, (n, k), group, "corners" if corner else "random", rng)
    return tensors | _epilogue(params, k, n, rng, corner)


def _shape(params: SparseParams, size: str) -> tuple[int, int, int]:
    """Return M, K and N: K is some windows and a bit of a block."""
    windows = (params.levels + 1) * (1 if size == "small" else 2)
    k = min(windows * params.length + params.block // 2 + 1, params.max_reduction)
    if size == "small":
        return params.rows, k, params.channels
    return max(params.rows + params.rows // 2 + 1, 3), k, 2 * params.channels + params.channels // 3 + 1


def _activations(fmt: Format, shape: tuple[int, int], rng: np.random.Generator, corner: bool) -> IntArray:
    """Draw a matrix; the rows of a corner one begin with minima, alternating extremes and zeros."""
    if not corner:
        return fmt.random(rng, shape)
    drawn = rng.choice(fmt.corners(), size=shape)
    alternating = np.where(np.arange(shape[1]) % 2 == 0, fmt.lo, fmt.hi)
    rows = [np.full(shape[1], fmt.lo), alternating, np.zeros(shape[1], dtype=np.int64)]
    count = min(len(rows), shape[0])
    drawn[:count] = rows[:count]
    return drawn


def draw_weights(
    params: SparseParams, shape: tuple[int, int], group: int | None, values: str, rng: np.random.Generator
) -> dict[str, Any]:
    """Draw weights with panels of every density and width, empty ones among them, and their scales and zero points.

    Parameters
    ----------
    params
        The chains' parameters.
    shape
        N and K.
    group
        K elements that share scales; None for all.
    values
        ``random`` or ``corners``: what the weights are drawn from; the first row of corners is dense, all minimum.
    rng
        Source of the numbers.

    Returns
    -------
    dict
        `w` and, where the design has them, `weight_scale`, `weight_zero` and `scale_group`.
    """
    n, k = shape
    tiles, windows = -(-n // params.channels), -(-k // params.length)
    along = np.arange(k) // (group or k)
    scale, zero = np.ones((n, along[-1] + 1), dtype=np.int64), np.zeros((n, along[-1] + 1), dtype=np.int64)
    drawn: dict[str, Any] = {} if params.scale_bits is None or group is None else {"scale_group": group}
    if params.scale_bits is not None:
        drawn["weight_scale"] = scale = np.maximum(_draw(params.scale_format, scale.shape, rng, values), 1)
    if params.zero_points:
        # One width for a tile's zero points in a group, so that panels of every width are drawn.
        form = Integer(int(rng.choice(params.widths)))
        drawn["weight_zero"] = zero = _draw(form, zero.shape, rng, values)
    scale_at, zero_at = scale[:, along], zero[:, along]
    codes = zero_at.copy()
    for tile in range(tiles):
        # Every density comes before one comes again.
        order = np.concatenate([rng.permutation(params.kept) for _ in range(0, windows, params.levels + 1)])
        for window in range(windows):
            part = (
                slice(tile * params.channels, (tile + 1) * params.channels),
                slice(window * params.length, (window + 1) * params.length),
            )
            chosen = prune(rng.random(codes[part].shape) + 1, int(order[window]), params.block) > 0
            fresh = _draw(Integer(int(rng.choice(params.widths))), codes[part].shape, rng, values)
            codes[part] = np.where(chosen, fresh, codes[part])
    if values == "corners":
        codes[0] = params.carried_format.lo
    drawn["w"] = fitting_codes(params, codes, scale_at, zero_at)
    return drawn


def fitting_codes(params: SparseParams, codes: IntArray, scale: IntArray, zero: IntArray) -> IntArray:
    """Return the codes nearest to those given that are weights of `weight_format` when scaled; all of one shape."""
    reach = params.weight_format
    fitting: IntArray = np.clip(codes, zero - -reach.lo // scale, zero + reach.hi // scale)
    return fitting


def _epilogue(params: SparseParams, k: int, n: int, rng: np.random.Generator, corner: bool) -> dict[str, Any]:
    """Draw the bias, about as large as the sums, and a requantisation that brings these to the output's range."""
    reach = max(-params.a_format.lo * -params.weight_format.lo * k, 1)
    drawn: dict[str, Any] = {}
    if params.bias:
        near = rng.integers(-reach, reach + 1, size=n)
        drawn["bias"] = rng.choice(params.bias_format.corners(), size=n) if corner else params.bias_format.clip(near)
    if params.requantize:
        values = "corners" if corner else "random"
        fit = reach.bit_length() + params.multiplier_bits - params.output_format.bits
        drawn["multiplier"] = _draw(params.multiplier_format, (n,), rng, values)
        drawn["shift"] = np.clip(fit + rng.integers(-5, 0, size=n), 0, params.shift_format.hi)
        drawn["zero_point"] = int(_draw(params.requantized_format, (1,), rng, values)[0])
    if params.activation != "none":
        drawn["activate"] = int(rng.integers(0, 2))
    return drawn


def _draw(fmt: Format, shape: tuple[int, ...], rng: np.random.Generator, values: str) -> IntArray:
    """Draw values of a format, uniformly or from its corners."""
    return rng.choice(fmt.corners(), size=shape) if values == "corners" else fmt.random(rng, shape)
