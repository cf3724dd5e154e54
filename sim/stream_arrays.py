"""Beats as the bytes that the shim moves: checked, packed, and room for those to come."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import must
from ..hdl.formats import Format, Integer
from ..hdl.ports import Beats, StreamPort

__all__ = ["StreamArrays", "pack", "pattern", "room"]


@dataclass
class StreamArrays:
    """One stream of one run: its port and the arrays that the shim reads or fills."""

    port: StreamPort
    payload: NDArray[np.uint8]
    lasts: NDArray[np.uint8]
    cycles: NDArray[np.int64]
    go: NDArray[np.uint8] | None


def room(port: StreamPort, count: Any) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return payload and flags, not yet filled, for that many beats."""
    if not isinstance(count, int | np.integer) or count < 0:
        raise must(f"Beats of output {port.name}", "be an integer of at least 0", count)
    return np.empty((count, port.nbytes), dtype=np.uint8), np.empty(count, dtype=np.uint8)


def pattern(name: str, raw: Any) -> NDArray[np.uint8]:
    """Check a stall pattern, True = go; one that never goes would hang any design."""
    go = np.asarray(raw)
    if go.dtype != np.bool_ or go.ndim != 1 or not go.any():
        raise must(f"Stall pattern of {name}", "be a bool array (cycles,) with a True", raw)
    return np.ascontiguousarray(go).view(np.uint8)


def pack(port: StreamPort, beats: Beats) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Check the beats of an input; return them as bytes, and their flags."""
    wanted = [field.name for field in port.fields] + (["last"] if port.last else [])
    if sorted(beats) != sorted(wanted):
        raise must(f"Input {port.name}", f"have the fields {', '.join(wanted)}", ", ".join(beats))
    count = len(beats[wanted[0]])
    if count == 0:
        return room(port, 0)
    for field in port.fields:
        values = beats[field.name]
        if np.shape(values) != (count, field.lanes):
            raise must(f"Input {port.name} {field.name}", f"have the shape ({count}, {field.lanes})", np.shape(values))
        _check_values(field.format, np.asarray(values), f"Input {port.name} {field.name}")
    lasts = np.asarray(beats["last"] if port.last else np.zeros(count, dtype=np.bool_))
    if lasts.shape != (count,) or lasts.dtype != np.bool_:
        found = f"{lasts.dtype} {lasts.shape}"
        raise must(f"Input {port.name} last", f"be a bool array of the shape ({count},)", found)
    return port.pack(beats), np.ascontiguousarray(lasts).view(np.uint8)


def _check_values(form: Format, values: NDArray[Any], thing: str) -> None:
    """Raise where a value is none of the format's; two passes over the array where all is well."""
    quick = isinstance(form, Integer) and values.dtype.kind in "iu"
    if not (quick and form.lo <= values.min() and values.max() <= form.hi):
        form.check(values, thing)
