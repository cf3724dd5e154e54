"""Checks of arguments that golden models share, each error beginning with the family's title."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import must
from ...generators.lut.params import LutParams
from ...generators.sparse.params import SparseParams
from ...generators.systolic.params import SystolicParams
from ...hdl.formats import Format
from .requantize import requantize

__all__ = ["requantized", "scalar", "shaped"]

IntArray = NDArray[np.int64]


def scalar(form: Format, value: ArrayLike, thing: str) -> int:
    """Return one number of that format, or raise naming `thing`."""
    checked = form.check(value, thing)
    if checked.size != 1:
        raise must(thing, "be one number", checked.shape)
    return int(checked.flat[0])


def shaped(form: Format, value: ArrayLike, thing: str, *shapes: tuple[int, ...]) -> IntArray:
    """Return values of that format that have one of the shapes, of which ``()`` is one number, or raise."""
    array = form.check(value, thing)
    if array.shape in shapes:
        return array
    arrays = " or ".join(dict.fromkeys(str(shape) for shape in shapes if shape))
    raise must(thing, f"{'be one number or ' if () in shapes else ''}have shape {arrays}", array.shape)


def requantized(
    params: SystolicParams | LutParams | SparseParams,
    total: IntArray,
    *,
    multiplier: ArrayLike = 1,
    shift: ArrayLike = 0,
    zero_point: ArrayLike = 0,
    activate: bool | None = None,
) -> IntArray:
    """Return sums ``(…, N)`` as the design's requantiser leaves them.

    Parameters
    ----------
    params
        A design that requantizes.
    total
        The sums, addend included.
    multiplier, shift
        One number, or one for each of the N channels.
    zero_point
        One number.
    activate
        Whether the activation that the design has is applied; None is yes.

    Raises
    ------
    InputError
        Where a value is of the wrong format or shape.
    """
    shapes = ((), (total.shape[-1],))
    return requantize(
        total,
        multiplier=shaped(params.multiplier_format, multiplier, f"{params.title} multiplier", *shapes),
        shift=shaped(params.shift_format, shift, f"{params.title} shift", *shapes),
        zero_point=scalar(params.output_format, zero_point, f"{params.title} zero_point"),
        lo=params.output_format.lo,
        hi=params.output_format.hi,
        activation=params.activation if activate is None or activate else "none",
    )
