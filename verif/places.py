"""Where each element of a result travels: stream, field, beat and lane, found by lifting numbers instead of data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..generators.family import Family, Job
from ..hdl.ports import Beats, StreamPort

__all__ = ["Places", "expected_beats", "frames_of", "places_of"]

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Places:
    """For each element of the result: which output port, field, beat and lane brings it.

    Parameters
    ----------
    ports
        Output ports in order; `port` and `field` count in them.
    port, field, beat, lane
        Arrays in the shape of the result.
    """

    ports: tuple[StreamPort, ...]
    port: IntArray
    field: IntArray
    beat: IntArray
    lane: IntArray


def places_of(family: Family[Any], params: Any, job: Job) -> Places:
    """Return where the elements of a job's result are found.

    Raises
    ------
    InputError
        Where the family's `lift` does more than put each output value in its place.
    """
    ports = tuple(port for port in family.ports(params) if port.direction == "out")
    numbered: dict[str, Beats] = {}
    table: list[IntArray] = []
    start = 0
    for p, port in enumerate(ports):
        count = job.outputs[port.name]
        numbered[port.name] = {"last": np.zeros(count, dtype=np.bool_)} if port.last else {}
        for f, field in enumerate(port.fields):
            beat, lane = (grid.reshape(-1) for grid in np.indices((count, field.lanes)))
            table.append(np.stack([np.full_like(beat, p), np.full_like(beat, f), beat, lane]))
            numbered[port.name][field.name] = np.arange(start, start + beat.size).reshape(count, field.lanes)
            start += beat.size
    number = family.lift(params, job, numbered)
    if not np.issubdtype(number.dtype, np.integer) or np.unique(number).size != number.size:
        raise InputError(f"Family {family.name} must lift each output value to one element of the result")
    where = np.concatenate(table, axis=1)[:, number.reshape(-1)].reshape(4, *number.shape)
    return Places(ports, where[0], where[1], where[2], where[3])


def expected_beats(
    places: Places, job: Job, result: IntArray
) -> dict[str, dict[str, tuple[IntArray, NDArray[np.bool_]]]]:
    """Turn a result back into output beats.

    Returns
    -------
    dict
        For each output stream and field the ``(beats, lanes)`` values and where they count: lanes that carry no
        element of the result (padding) do not.
    """
    beats: dict[str, dict[str, tuple[IntArray, NDArray[np.bool_]]]] = {}
    for p, port in enumerate(places.ports):
        beats[port.name] = {}
        for f, field in enumerate(port.fields):
            values = np.zeros((job.outputs[port.name], field.lanes), dtype=np.int64)
            counts = np.zeros(values.shape, dtype=np.bool_)
            here = (places.port == p) & (places.field == f)
            values[places.beat[here], places.lane[here]] = result[here]
            counts[places.beat[here], places.lane[here]] = True
            beats[port.name][field.name] = (values, counts)
    return beats


def frames_of(places: Places, lasts: Mapping[str, NDArray[np.bool_]]) -> IntArray:
    """Return for each element the number of the output frame (tile) that holds it; streams without flags are one."""
    frame = np.zeros_like(places.beat)
    for p, port in enumerate(places.ports):
        if port.name in lasts:
            ends = np.asarray(lasts[port.name], dtype=np.int64)
            number = np.cumsum(ends) - ends
            here = places.port == p
            frame[here] = number[places.beat[here]]
    return frame
