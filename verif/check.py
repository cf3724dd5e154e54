"""Compare a result with the golden one and say in words what is wrong."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import CheckError
from ..hdl.formats import Format
from .places import Places

__all__ = ["Context", "compare", "explain", "hint"]

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Context:
    """What is known about a result besides its values; each part makes the message clearer.

    Parameters
    ----------
    places
        Which output beat and lane brings each element.
    frame
        Number of the output frame (tile) of each element.
    cycles
        Cycle in which each output beat was taken, by stream.
    form
        Format of the elements.
    seed
        Seed of the stimulus.
    """

    places: Places | None = None
    frame: IntArray | None = None
    cycles: dict[str, IntArray] | None = None
    form: Format | None = None
    seed: int | None = None


def compare(expected: NDArray[Any], got: NDArray[Any], *, name: str = "c", context: Context | None = None) -> None:
    """Raise `CheckError` in words unless both arrays are equal, element for element.

    Parameters
    ----------
    expected, got
        Integer arrays.
    name
        What the array is called in the message.
    context
        What else is known.

    Raises
    ------
    CheckError
        ``c[3, 5] must be 17, not 16; 12 of 64 elements are wrong, …; beat 3 lane 5 of stream c, cycle 82; seed 1``.
    """
    message = explain(expected, got, name=name, context=context or Context())
    if message:
        raise CheckError(message)


def explain(expected: NDArray[Any], got: NDArray[Any], *, name: str, context: Context) -> str | None:
    """Return the message of `compare`, or None where the arrays are equal."""
    if expected.shape != got.shape:
        return f"{name} must have shape {expected.shape}, not {got.shape}"
    wrong = expected != got
    if not wrong.any():
        return None
    first = _first(wrong, context.places)
    index = ", ".join(str(i) for i in first)
    parts = [f"{name}[{index}] must be {int(expected[first])}, not {int(got[first])}"]
    parts.append(f"{int(wrong.sum())} of {wrong.size} elements are wrong{hint(expected, got, context)}")
    if context.places is not None:
        parts.append(_where(context.places, first, context.cycles))
    if context.seed is not None:
        parts.append(f"seed {context.seed}")
    return "; ".join(parts)


def _first(wrong: NDArray[np.bool_], places: Places | None) -> tuple[int, ...]:
    """Return the wrong element that left the design first, or the first by index where that is not known."""
    candidates = np.argwhere(wrong)
    if places is None:
        return tuple(int(i) for i in candidates[0])
    order = np.lexsort((places.lane[wrong], places.beat[wrong], places.port[wrong]))
    return tuple(int(i) for i in candidates[order[0]])


def _where(places: Places, index: tuple[int, ...], cycles: dict[str, IntArray] | None) -> str:
    """Say which beat and lane of which stream brought an element, and when."""
    port, beat = places.ports[int(places.port[index])], int(places.beat[index])
    text = f"beat {beat} lane {int(places.lane[index])} of stream {port.name}"
    if cycles is not None and port.name in cycles:
        text += f", cycle {int(cycles[port.name][beat])}"
    return text


def hint(expected: NDArray[Any], got: NDArray[Any], context: Context) -> str:
    """Say what the wrong elements have in common, as ``, …``; empty if nothing was found."""
    wrong = expected != got
    found = [
        text for text in (_where_hint(wrong, context.frame), _value_hint(expected, got, wrong, context.form)) if text
    ]
    return "".join(f", {text}" for text in found)


def _where_hint(wrong: NDArray[np.bool_], frame: IntArray | None) -> str | None:
    """Recognise: every element, only ragged tiles, only after the first tile, one row or column."""
    if wrong.all():
        return "all of them"
    if frame is not None and frame.max() > 0:
        sizes = np.bincount(frame.reshape(-1))
        ragged = sizes[frame] < sizes.max()
        if not (wrong & ~ragged).any():
            return "only in tiles at the ragged edge"
        if not wrong[frame == 0].any():
            return "only after the first tile"
        if not (wrong & (frame > 0)).any():
            return "only in the first tile"
    for axis in range(wrong.ndim):
        places = np.unique(np.nonzero(wrong)[axis])
        if len(places) == 1 and wrong.shape[axis] > 1 and wrong.sum() > 1:
            return f"only at index {int(places[0])} of axis {axis}"
    return None


def _value_hint(expected: NDArray[Any], got: NDArray[Any], wrong: NDArray[np.bool_], form: Format | None) -> str | None:
    """Recognise: clipped where it must not be, not clipped where it must be, a lost carry, a shift along the beats."""
    right, seen = expected[wrong].astype(np.int64), got[wrong].astype(np.int64)
    if form is not None and np.isin(seen, (form.lo, form.hi)).all():
        return f"clipped to {form.lo} or {form.hi}"
    if form is not None and np.isin(right, (form.lo, form.hi)).all():
        return "wherever the result must be clipped"
    if (seen == 0).all():
        return "zero in their place"
    return _difference_hint(seen - right)


def _difference_hint(error: IntArray) -> str | None:
    """Recognise errors that are all equal, all multiples of a power of two, or all of one unit."""
    if (error == error[0]).all() and error.size > 1:
        return f"each by {int(error[0]):+d}"
    together = int(np.bitwise_or.reduce(np.abs(error)))
    zeros = (together & -together).bit_length() - 1
    if zeros >= LOST_BITS:
        return f"each by a multiple of 2^{zeros}: a sum lost its upper bits"
    return "each by 1: rounding" if together == 1 else None


LOST_BITS = 4
"""Errors that share this many low zero bits are hardly a matter of chance."""
