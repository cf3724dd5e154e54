"""Checks of a user's tensors and their way into a product: GEMM, GEMV and convolution."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import must
from ..convolution import ConvolutionShape, assemble, im2col, weight_matrix
from .epilogue import Epilogue
from .mapping import Gemm
from .params import LutParams

__all__ = ["Product", "check_reduction", "convolution_product", "gemm_product"]

IntArray = NDArray[np.int64]

Product = tuple[Gemm, Callable[[IntArray], IntArray]]
"""A product, and what makes the operation's result of its (M, N) one."""


def gemm_product(params: LutParams, a: Any, w: Any, given: dict[str, Any]) -> Product:
    """Return the product of a GEMM, whose leading axes are M, or of a GEMV.

    Parameters
    ----------
    params
        The tile's parameters.
    a, w
        ``(…, M, K)`` or ``(K,)``, and ``(N, K)``.
    given
        The other arguments by name.

    Raises
    ------
    InputError
        Where values or shapes do not fit, or the design does not take an argument.
    """
    left, right = params.a_format.check(a, "LUT a"), params.weight_format.check(w, "LUT w")
    if left.ndim < 1:
        raise must("LUT a", "have at least 1 axis", left.shape)
    if right.ndim != 2:
        raise must("LUT w", "have 2 axes, (N, K)", right.shape)
    lead, k = left.shape[:-1], left.shape[-1]
    if right.shape[1] != k:
        raise must("LUT w", f"have {k} columns, as a has", right.shape)
    check_reduction(params, k)
    n = len(right)
    epilogue = Epilogue.check(params, lead, n, k, given)
    return Gemm(left.reshape(-1, k), right, epilogue), lambda product: product.reshape(*lead, n)


def convolution_product(params: LutParams, x: Any, w: Any, geometry: dict[str, Any], given: dict[str, Any]) -> Product:
    """Return the product of a convolution: K runs over the kernel's rows, columns and channels.

    Parameters
    ----------
    params
        The tile's parameters.
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
    images, kernels = params.a_format.check(x, "LUT x"), params.weight_format.check(w, "LUT w")
    shape = ConvolutionShape.of(images.shape, kernels.shape, **geometry)
    check_reduction(params, shape.reduction)
    epilogue = Epilogue.check(params, shape.output_shape[:-1], shape.outputs, shape.reduction, given)
    matrix = np.ascontiguousarray(weight_matrix(kernels, shape, 0).T)
    return Gemm(im2col(images, shape, 0), matrix, epilogue), lambda product: assemble([product], shape)


def check_reduction(params: LutParams, k: int) -> None:
    """Raise `InputError` where a reduction is longer than the sums were made for."""
    if k > params.max_reduction:
        raise must("LUT K", f"be at most max_reduction={params.max_reduction}", k)
