"""Golden model of the systolic family: GEMM and convolution with its accumulator and epilogue."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError, must
from ...generators.systolic.params import SystolicParams
from ...hdl.ports import Beats
from .arguments import requantized
from .convolution import Padding, Pair, convolve
from .gemm import accumulate

__all__ = ["compute", "framing"]

IntArray = NDArray[np.int64]


def compute(params: SystolicParams, operation: str, **tensors: Any) -> IntArray:
    """Return what the array gives for an operation, bit for bit.

    Parameters
    ----------
    params
        Formats, accumulator and epilogue.
    operation
        ``"gemm"``: ``a`` (…, M, K) and ``b`` (…, K, N). ``"conv2d"``: ``x`` (B, H, W, Cin), ``w``
        (KH, KW, Cin / groups, Cout), ``stride``, ``padding``, ``groups``.
    **tensors
        The operands above and the epilogue: ``bias`` and ``multiplier``, ``shift`` (scalars or one per output
        channel), ``zero_point`` and ``activate`` (scalars).

    Returns
    -------
    numpy.ndarray
        int64: (…, M, N), or (B, OH, OW, Cout).

    Raises
    ------
    InputError
        Where an argument is missing, unknown, of the wrong format, or names a unit that the array was built without.
    """
    sums: dict[str, Callable[..., IntArray]] = {"gemm": _gemm, "conv2d": _conv2d}
    if operation not in sums:
        raise must("Systolic operation", f"be {' or '.join(sums)}", operation)
    epilogue = {name: tensors.pop(name) for name in EPILOGUE if name in tensors}
    try:
        total = sums[operation](params, **tensors)
    except TypeError as error:
        raise InputError(f"Systolic {operation} {str(error).split('() ')[-1]}") from None
    return _epilogue(params, total, **epilogue)


EPILOGUE = ("bias", "multiplier", "shift", "zero_point", "activate")


def _gemm(params: SystolicParams, *, a: ArrayLike, b: ArrayLike) -> IntArray:
    left, right = (
        params.a_format.check(a, "Systolic a"),
        params.b_format.check(b, "Systolic b"),
    )
    return accumulate(left, right, step=params.step, bits=params.sum_bits, overflow=params.overflow)


def _conv2d(
    params: SystolicParams,
    *,
    x: ArrayLike,
    w: ArrayLike,
    stride: Pair = 1,
    padding: Padding = 0,
    groups: int = 1,
) -> IntArray:
    return convolve(
        params.a_format.check(x, "Systolic x"),
        params.b_format.check(w, "Systolic w"),
        stride=stride,
        padding=padding,
        groups=groups,
        step=params.step,
        bits=params.sum_bits,
        overflow=params.overflow,
    )


def _epilogue(
    params: SystolicParams,
    total: IntArray,
    *,
    bias: ArrayLike | None = None,
    multiplier: ArrayLike = 1,
    shift: ArrayLike = 0,
    zero_point: ArrayLike = 0,
    activate: bool | None = None,
) -> IntArray:
    """Add the bias and requantise, as far as the array was built for it."""
    if bias is not None:
        if not params.bias:
            raise InputError("Systolic bias must not be given unless the array is built with bias=true")
        total = total + params.bias_format.check(bias, "Systolic bias")
    if not params.requantize:
        return total
    return requantized(params, total, multiplier=multiplier, shift=shift, zero_point=zero_point, activate=activate)


def framing(params: SystolicParams, inputs: Mapping[str, Beats]) -> dict[str, NDArray[np.bool_]]:
    """Return which output beats carry `last`, from what the input streams carry alone.

    A tile of C ends with `last`. Output-stationary: each reduction that `a` ends with `last` gives a tile of `rows`
    beats. Else the moving operand's `last` ends a pass, and a pass over the weights whose `last` says that the
    reduction ends gives a tile of as many beats as it had vectors.

    Parameters
    ----------
    inputs
        Beats of each input stream.

    Returns
    -------
    dict
        For the output stream ``c`` a bool array, one for each beat.
    """
    if params.dataflow == "output_stationary":
        tiles = int(np.count_nonzero(inputs["a"]["last"]))
        return {"c": np.tile(np.arange(params.rows) == params.rows - 1, tiles)}
    moving, resident = ("b", "a") if params.dataflow == "input_stationary" else ("a", "b")
    ends = np.flatnonzero(inputs[moving]["last"])
    lengths = np.diff(ends, prepend=-1)
    final = inputs[resident]["last"][params.rows - 1 :: params.rows]
    beats = lengths[final.astype(np.bool_)]
    last = np.zeros(int(beats.sum()), dtype=np.bool_)
    last[np.cumsum(beats) - 1] = True
    return {"c": last}
