"""Checks of a user's tensors and their way into products: GEMM, batched GEMM and convolution."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, must
from .epilogue import Epilogue
from .mapping import Gemm
from .params import SystolicParams

__all__ = ["check_reduction", "gemm_products", "reject_unknown"]

IntArray = NDArray[np.int64]


def reject_unknown(operation: str, tensors: dict[str, Any], known: tuple[str, ...], needed: tuple[str, ...]) -> None:
    """Raise `InputError` where an operation lacks an argument that it needs or has one that it does not know."""
    for name in needed:
        if tensors.get(name) is None:
            raise InputError(f"Systolic {operation} must be given {' and '.join(needed)}; {name} is missing")
    for name in tensors:
        if name not in known:
            raise InputError(f"Systolic {operation} has no argument {name!r}; it has {', '.join(known)}")


def check_reduction(params: SystolicParams, length: int) -> None:
    """Raise `InputError` where a reduction is longer than the accumulator was made for."""
    if params.overflow == "exact" and length > params.max_reduction:
        raise must("Systolic K", f"be at most max_reduction={params.max_reduction}", length)


def gemm_products(params: SystolicParams, a: Any, b: Any, epilogue: dict[str, Any]) -> tuple[list[Gemm], tuple[int, ...]]:
    """Return the products of a (batched) GEMM and the shape of its result.

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
        return [Gemm(flat, right, checked, len(flat) * macs)], (*left.shape[:-1], channels)
    try:
        batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    except ValueError:
        raise must("Systolic b", f"have leading axes that broadcast with {left.shape[:-2]}", right.shape[:-2]) from None
    lefts = np.broadcast_to(left, batch + left.shape[-2:]).reshape(-1, *left.shape[-2:])
    rights = np.broadcast_to(right, batch + right.shape[-2:]).reshape(-1, *right.shape[-2:])
    gemms = [Gemm(x, y, checked, len(x) * macs) for x, y in zip(lefts, rights, strict=True)]
    return gemms, (*batch, left.shape[-2], channels)
