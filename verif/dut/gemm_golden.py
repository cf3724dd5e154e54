"""The result of a matrix unit in NumPy: the product, or the sums of single tiles along k."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import must
from ..golden.gemm import exact_product
from .gemm_kind import Lowered
from .gemm_tiles import GemmTiles

__all__ = ["compute", "framing"]

IntArray = NDArray[np.int64]


def compute(params: GemmTiles, operation: str, a: IntArray, b: IntArray) -> IntArray:
    """Return ``a @ b``, (m, n), or (k tiles, m, n) where C carries partial sums."""
    if operation != "gemm":
        raise must("Gemm operation", "be gemm", operation)
    if not params.partial:
        return exact_product(a, b)
    step = params.k or a.shape[1]
    return np.stack([exact_product(a[:, at : at + step], b[at : at + step]) for at in range(0, a.shape[1], step)])


def framing(params: GemmTiles, inputs: Any) -> dict[str, NDArray[np.bool_]]:
    """Return the flag ``last`` of every beat of C, where the description says when it is set."""
    if params.c.last is None or not isinstance(inputs, Lowered):
        return {}
    return {params.c.stream or "c": inputs.result.last}
