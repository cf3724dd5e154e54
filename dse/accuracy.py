"""How close a design's numbers come to real ones: its golden model on quantised tensors against floating point."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, must
from ..generators.spec import family
from ..hdl.formats import Format
from ..verif.goldens import compute
from .space.document import Space
from .tensors import read_tensors

__all__ = ["accuracy_of", "quantised", "signal_to_noise"]

SHAPE = (32, 256, 32)
"""M, K and N of the product of random tensors."""
FAMILIES = {"systolic": "b", "lut": "w", "sparse": "w"}
"""Families with products, and what their second operand is called."""

CORE: dict[str, tuple[str, ...]] = {
    "systolic": ("a_format", "b_format"),
    "lut": ("a_format", "weight_format", "unit", "lookup", "table", "precompute", "table_scale", "group"),
    "sparse": ("a_format", "weight_bits"),
}
"""Parameters on which the numbers of a sum depend."""
WEIGHTS = {"systolic": "b_format", "lut": "weight_format", "sparse": "carried_format"}

FloatArray = NDArray[np.float64]


def quantised(values: FloatArray, form: Format) -> tuple[NDArray[np.int64], float]:
    """Return values as those of a format, and the unit they are counted in: symmetric, one scale for all.

    The largest magnitude becomes the format's largest (Jacob et al., CVPR 2018, without a zero point).
    """
    largest = float(np.abs(values).max())
    unit = largest / max(form.hi, 1) if largest else 1.0
    return form.clip(np.rint(values / unit).astype(np.int64)), unit


def signal_to_noise(found: FloatArray, real: FloatArray) -> float:
    """Return the power of the real result over that of the error, in dB; at most 300."""
    noise = float(((found - real) ** 2).sum())
    power = float((real**2).sum())
    return 300.0 if noise <= 1e-30 * power else 10 * float(np.log10(power / noise))


def accuracy_of(space: Space) -> Callable[[Any], float]:
    """Return a function from a design's parameters to the accuracy of its sums in dB.

    The two operands are those of the space's tensor file (`a` and `b` or `w`, real numbers), or Gaussian ones; the
    product is that of the golden model before requantisation, against the same in floating point.

    Raises
    ------
    InputError
        Where the family has no products, or the file lacks the operands.
    """
    if space.family not in FAMILIES:
        raise InputError(f"Space objective accuracy must be asked of {', '.join(FAMILIES)}, not of {space.family}")
    second, found = FAMILIES[space.family], family(space.family)
    a, b = _operands(space, second)

    def accuracy(params: Any) -> float:
        if getattr(params, "overflow", "exact") != "exact":
            raise InputError(
                "Systolic overflow must be exact where accuracy is asked for: other sums depend on the data"
            )
        core = {name: getattr(params, name) for name in CORE[space.family]}
        plain = found.params.model_construct(**core).model_dump(mode="json", include=set(core))
        design = found.params.parse(plain)
        left, a_unit = quantised(a, params.a_format)
        right, b_unit = quantised(b, getattr(params, WEIGHTS[space.family]))
        product = compute(found, design, "gemm", {"a": left, second: right if second == "b" else right.T})
        return signal_to_noise(product.astype(np.float64) * a_unit * b_unit, a @ b)

    return accuracy


def _operands(space: Space, second: str) -> tuple[FloatArray, FloatArray]:
    """Return A (M, K) and B (K, N), real numbers."""
    if space.tensors is None:
        rng = np.random.default_rng(space.searched.seed)
        m, k, n = SHAPE
        return rng.standard_normal((m, k)), rng.standard_normal((k, n))
    given = read_tensors(space.tensors)
    for name in ("a", second):
        if name not in given or given[name].ndim != 2:
            raise must(f"Tensor file {space.tensors}", f"hold a matrix {name!r}", sorted(given))
    a, b = given["a"].astype(np.float64), given[second].astype(np.float64)
    b = b if second == "b" else b.T
    if a.shape[1] != b.shape[0]:
        raise must(f"Tensor file {space.tensors}", "hold matrices with the same K", (a.shape, given[second].shape))
    return a, b
