"""Checks of a user's tensors and their way into products: GEMM, batched GEMM and convolution."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import must
from ..batch import stacked_pairs
from ..convolution import ConvolutionShape, assemble, choose_merge, convolution_gemms
from .epilogue import Epilogue
from .mapping import Gemm, tile_runs
from .params import SystolicParams
from .timing import cycles

__all__ = ["Products", "check_reduction", "convolution_products", "gemm_products", "groups_together"]

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Products:
    """The products that an operation comes down to, and how their results make up its own."""

    gemms: list[Gemm]
    join: Callable[[list[IntArray]], IntArray]


def check_reduction(params: SystolicParams, length: int) -> None:
    """Raise `InputError` where a reduction is longer than the accumulator was made for."""
    if params.overflow == "exact" and length > params.max_reduction:
        raise must("Systolic K", f"be at most max_reduction={params.max_reduction}", length)


def gemm_products(params: SystolicParams, a: Any, b: Any, epilogue: dict[str, Any]) -> Products:
    """Return the products of a (batched) GEMM.

    Parameters
    ----------
    params
        The array's parameters.
    a, b
        ``(…, M, K)`` and ``(…, K, N)``; leading axes broadcast as in `numpy.matmul`. A `b` without them is shared,
        and all M of `a` then stream through it.
    epilogue
        Epilogue values by name, per output channel N.

    Raises
    ------
    InputError
        Where values, shapes or the epilogue do not fit.
    """
    left, right = params.a_format.check(a, "Systolic a"), params.b_format.check(b, "Systolic b")
    for name, operand in (("a", left), ("b", right)):
        if operand.ndim < 2:
            raise must(f"Systolic {name}", "have at least 2 axes", operand.shape)
    if left.shape[-1] != right.shape[-2]:
        raise must("Systolic b", f"have {left.shape[-1]} rows, as a has columns", right.shape)
    check_reduction(params, left.shape[-1])
    channels = right.shape[-1]
    checked = Epilogue.check(params, channels, epilogue)
    k, macs = left.shape[-1], left.shape[-1] * channels
    if right.ndim == 2:
        flat = left.reshape(-1, k)
        return _shaped([Gemm(flat, right, checked, len(flat) * macs)], (*left.shape[:-1], channels))
    try:
        batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    except ValueError:
        raise must("Systolic b", f"have leading axes that broadcast with {left.shape[:-2]}", right.shape[:-2]) from None
    lefts = np.broadcast_to(left, batch + left.shape[-2:]).reshape(-1, *left.shape[-2:])
    rights = np.broadcast_to(right, batch + right.shape[-2:]).reshape(-1, *right.shape[-2:])
    gemms = [Gemm(x, y, checked, len(x) * macs) for x, y in zip(lefts, rights, strict=True)]
    return _shaped(gemms, (*batch, left.shape[-2], channels))


def _shaped(gemms: list[Gemm], shape: tuple[int, ...]) -> Products:
    """Return products whose results lie one after the other in the operation's."""
    return Products(gemms, lambda results: np.stack(results).reshape(shape))


def groups_together(params: SystolicParams, shape: ConvolutionShape) -> int:
    """Return how many groups of a convolution share a product, so that it takes the fewest cycles."""
    if params.overflow == "saturate":
        return 1  # zeros in between would move the steps between which a sum saturates

    def cost(m: int, k: int, n: int) -> int:
        return cycles(params, *stacked_pairs(tile_runs(params, m, k, n)))

    return choose_merge(shape, params.b_format, cost)


def convolution_products(
    params: SystolicParams, x: Any, w: Any, geometry: dict[str, Any], epilogue: dict[str, Any]
) -> Products:
    """Return the products of a convolution; groups share one where that takes fewer cycles.

    Parameters
    ----------
    params
        The array's parameters.
    x, w
        ``(B, H, W, Cin)`` and ``(KH, KW, Cin / groups, Cout)``.
    geometry
        `stride`, `padding` and `groups`, as `ConvolutionShape.of` takes them.
    epilogue
        Epilogue values by name, per output channel.

    Raises
    ------
    InputError
        Where values, shapes or the epilogue do not fit.
    """
    images, kernels = params.a_format.check(x, "Systolic x"), params.b_format.check(w, "Systolic w")
    shape = ConvolutionShape.of(images.shape, kernels.shape, **geometry)
    shape.check_zero(params.a_format)
    check_reduction(params, shape.reduction)
    checked = Epilogue.check(params, shape.outputs, epilogue)
    merge = groups_together(params, shape)
    gemms = [
        Gemm(a, b, checked.take(part), shape.places * shape.reduction * (part.stop - part.start))
        for a, b, part in convolution_gemms(images, kernels, **geometry, merge=merge)
    ]
    return Products(gemms, lambda results: assemble(results, shape))
