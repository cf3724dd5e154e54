"""Random tensors for self-tests of a LUT design: sizes that fill one tile, and ragged ones over several."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import must
from ...hdl.formats import Format
from .params import LutParams
from .ranges import Range
from .tiling import group_count

__all__ = ["gemm_example"]

IntArray = NDArray[np.int64]
SIZES = ("small", "ragged", "corner")
LONG_GROUP = 512
"""Groups above it are not filled: an example is simulated quickly."""


def gemm_example(params: LutParams, size: str, seed: int) -> dict[str, Any]:
    """Return the arguments of a GEMM that exercises the design.

    Parameters
    ----------
    params
        The tile's parameters.
    size
        ``small``: one tile; ``ragged``: several tiles and groups, none of them full at the edges; ``corner``: as
        ragged, with extreme values only, among them rows of zeros, of minima and of alternating extremes.
    seed
        Of the random numbers.
    """
    if size not in SIZES:
        raise must("Example size", f"be {', '.join(SIZES)}", size)
    rng = np.random.default_rng(seed)
    corner = size == "corner"
    m, k, n = _shape(params, size)
    tensors: dict[str, Any] = {
        "a": _operand(params.a_format, (m, k), rng, corner),
        "w": _operand(params.weight_format, (n, k), rng, corner),
    }
    return tensors | _scales(params, (m, k, n), rng, corner) | _epilogue(params, (m, k, n), rng, corner)


def _shape(params: LutParams, size: str) -> tuple[int, int, int]:
    """Return M, K and N: K is one or two groups and a bit, the last table of which is not full."""
    whole = params.group if params.group is not None and params.group <= LONG_GROUP else 0
    k = min(whole + 2 * params.step + params.lookup // 2 + 1, params.max_reduction)
    if size == "small":
        return params.m, k, params.n
    k = min(k + whole, params.max_reduction)
    return max(params.m + params.m // 2 + 1, 4), k, 2 * params.n + params.n // 3 + 1


def _operand(fmt: Format, shape: tuple[int, int], rng: np.random.Generator, corner: bool) -> IntArray:
    """Draw a matrix; the rows of a corner one begin with zeros, minima, alternating extremes and maxima."""
    if not corner:
        return fmt.random(rng, shape)
    drawn = rng.choice(fmt.corners(), size=shape)
    alternating = np.where(np.arange(shape[1]) % 2 == 0, fmt.lo, fmt.hi)
    rows = [fmt.clip(np.zeros(shape[1], dtype=np.int64)), np.full(shape[1], fmt.lo), alternating]
    count = min(len(rows), shape[0])
    drawn[:count] = rows[:count]
    return drawn


def _scales(
    params: LutParams, shape: tuple[int, int, int], rng: np.random.Generator, corner: bool
) -> dict[str, IntArray]:
    """Draw the scales and zero points of every group."""
    m, k, n = shape
    groups = group_count(params, k)
    drawn = {}
    if params.zero_points:
        drawn["weight_zero"] = _draw(params.weight_zero_format, (n, groups), rng, corner)
    for name, rows in (("weight_scale", n), ("activation_scale", m)):
        if getattr(params, f"{name}s"):
            drawn[name] = np.maximum(_draw(params.scale_format, (rows, groups), rng, corner), 1)
    return drawn


def _epilogue(params: LutParams, shape: tuple[int, int, int], rng: np.random.Generator, corner: bool) -> dict[str, Any]:
    """Draw the addend, about as large as the sums, and a requantisation that brings these to the output's range."""
    m, k, n = shape
    reach = _reach(params, k)
    drawn: dict[str, Any] = {}
    if params.addend != "none":
        name, size = ("bias", (n,)) if params.addend == "bias" else ("accumulator", (m, n))
        near = rng.integers(-reach, reach + 1, size=size)
        drawn[name] = (
            rng.choice(params.addend_format.corners(), size=size) if corner else params.addend_format.clip(near)
        )
    if params.requantize:
        fit = reach.bit_length() + params.multiplier_bits - params.output_format.bits
        drawn["multiplier"] = _draw(params.multiplier_format, (n,), rng, corner)
        drawn["shift"] = np.clip(fit + rng.integers(-3, 2, size=n), 0, params.shift_format.hi)
        drawn["zero_point"] = int(_draw(params.requantized_format, (1,), rng, corner)[0])
    if params.activation != "none":
        drawn["activate"] = int(rng.integers(0, 2))
    return drawn


def _reach(params: LutParams, k: int) -> int:
    """Return the magnitude that sums over K do not exceed, save for INT8 tables' rounding."""
    weights = Range.of(params.weight_format)
    if params.zero_points:
        weights += Range(-params.weight_format.hi, 0)
    product = Range.of(params.a_format) * weights
    scale = params.scale_format.hi ** (params.weight_scales + params.activation_scales)
    return max(-product.lo, product.hi) * k * int(scale)


def _draw(fmt: Format, shape: tuple[int, ...], rng: np.random.Generator, corner: bool) -> IntArray:
    """Draw values of a format, uniformly or from its corners."""
    return rng.choice(fmt.corners(), size=shape) if corner else fmt.random(rng, shape)
