"""Random tensors for self-tests of a systolic design: sizes that fill one tile, and ragged ones over several."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import must
from ...hdl.formats import Format
from .params import SystolicParams

__all__ = ["gemm_example"]

SIZES = ("small", "ragged", "corner")


def gemm_example(params: SystolicParams, size: str, seed: int) -> dict[str, Any]:
    """Return the arguments of a GEMM that exercises the design.

    Parameters
    ----------
    params
        The array's parameters.
    size
        ``small``: one tile; ``ragged``: several tiles and passes, none of them full at the edges; ``corner``: as
        ragged, with extreme values only.
    seed
        Of the random numbers.
    """
    if size not in SIZES:
        raise must("Example size", f"be {', '.join(SIZES)}", size)
    rng = np.random.default_rng(seed)
    m, k, n = _shape(params, size)
    corner = size == "corner"
    tensors: dict[str, Any] = {
        "a": _draw(params.a_format, (m, k), rng, corner),
        "b": _draw(params.b_format, (k, n), rng, corner),
    }
    lo, hi = params.sum_range(k)
    if params.bias:
        spread = max(-lo, hi)
        drawn = (
            rng.choice(params.bias_format.corners(), size=n) if corner else rng.integers(-spread, spread + 1, size=n)
        )
        tensors["bias"] = params.bias_format.clip(drawn)
    if params.requantize:
        reach = max(-lo, hi, 1).bit_length() + params.multiplier_bits - params.output_format.bits
        tensors["multiplier"] = rng.integers(0, 1 << params.multiplier_bits, size=n)
        tensors["shift"] = np.clip(reach + rng.integers(-3, 2, size=n), 0, 63)
        tensors["zero_point"] = int(_draw(params.output_format, (1,), rng, corner)[0])
    if params.activation != "none":
        tensors["activate"] = int(rng.integers(0, 2))
    return tensors


def _shape(params: SystolicParams, size: str) -> tuple[int, int, int]:
    """Return M, K and N."""
    k = min(params.max_reduction, 2 * params.step + params.reduce // 2 + 1)
    m, n = params.rows, params.cols
    if params.stationary:
        m, n = (min(params.accumulator_rows, params.rows + 2), params.cols)
    if params.dataflow == "input_stationary":
        m, n = n, m
    if size == "small":
        return m, k, n
    return m + m // 2 + 1, k, 2 * n + n // 3 + 1


def _draw(fmt: Format, shape: tuple[int, ...], rng: np.random.Generator, corner: bool) -> NDArray[np.int64]:
    """Draw values of a format, uniformly or from its corners."""
    return rng.choice(fmt.corners(), size=shape) if corner else fmt.random(rng, shape)
