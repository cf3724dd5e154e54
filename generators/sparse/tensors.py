"""Checks of a user's tensors and their way into a product: GEMM, GEMV and convolution."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import must
from ..convolution import ConvolutionShape, assemble, im2col, weight_matrix
from .epilogue import EPILOGUE, Epilogue
from .mapping import Gemm
from .params import SparseParams
from .weights import SCALES, Weights

__all__ = ["ARGUMENTS", "Product", "check_reduction", "convolution_product", "gemm_product"]

IntArray = NDArray[np.int64]

ARGUMENTS = (*SCALES, *EPILOGUE)
"""Names of what an operation takes beside its operands."""

Product = tuple[Gemm, Callable[[IntArray], IntArray]]
"""A product, and what makes the operation's result of its (M, N) one."""


def gemm_product(params: SparseParams, a: Any, w: Any, given: dict[str, Any]) -> Product:
    """Return the product of a GEMM, whose leading axes are M, or of a GEMV.

    Parameters
    ----------
    params
        The chains' parameters.
    a, w
        ``(…, M, K)`` or ``(K,)``, and ``(N, K)``.
    given
        The other arguments by name.

    Raises
    ------
    InputError
        Where values or shapes do not fit, or the design does not take an argument.
    """
    left, right = params.a_format.check(a, "Sparse a"), params.carried_format.check(w, "Sparse w")
    if left.ndim < 1:
        raise must("Sparse a", "have at least 1 axis", left.shape)
    if right.ndim != 2:
        raise must("Sparse w", "have 2 axes, (N, K)", right.shape)
    lead, k = left.shape[:-1], left.shape[-1]
    if right.shape[1] != k:
        raise must("Sparse w", f"have {k} columns, as a has", right.shape)
    check_reduction(params, k)
    n = len(right)
    gemm = Gemm(left.reshape(-1, k), Weights.check(params, right, given), Epilogue.check(params, n, given))
    return gemm, lambda product: product.reshape(*lead, n)


def convolution_product(
    params: SparseParams, x: Any, w: Any, geometry: dict[str, Any], given: dict[str, Any]
) -> Product:
    """Return the product of a convolution: K runs over the kernel's rows, columns and channels.

    Parameters
    ----------
    params
        The chains' parameters.
    x, w
        ``(B, H, W, Cin)`` and ``(KH, KW, Cin, Cout)``.
    geometry
        `stride` and `padding`, as `ConvolutionShape.of` takes them.
    given
        The other arguments by name.

    Raises
    ------
    InputError
        Where values or shapes do not fit, or the design does not take an argument.
    """
    images, kernels = params.a_format.check(x, "Sparse x"), params.carried_format.check(w, "Sparse w")
    shape = ConvolutionShape.of(images.shape, kernels.shape, **geometry)
    check_reduction(params, shape.reduction)
    matrix = np.ascontiguousarray(weight_matrix(kernels, shape, 0).T)
    weights, epilogue = Weights.check(params, matrix, given), Epilogue.check(params, shape.outputs, given)
    return Gemm(im2col(images, shape, 0), weights, epilogue), lambda product: assemble([product], shape)


def check_reduction(params: SparseParams, k: int) -> None:
    """Raise `InputError` where a reduction is longer than the sums were made for."""
    if k > params.max_reduction:
        raise must("Sparse K", f"be at most max_reduction={params.max_reduction}", k)
