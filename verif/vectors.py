"""From an operation on tensors to what the wires must carry: lowered inputs, golden outputs, exact cycles."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..generators.family import Family, Job
from . import goldens
from .places import Places, expected_beats, frames_of, places_of
from .scenarios import Expected, Sent

__all__ = ["Vectors", "make_vectors"]

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Vectors:
    """One job, ready for a bench.

    Parameters
    ----------
    job
        The lowered tensors.
    result
        The golden result.
    places
        Where each element of the result travels.
    frame
        Output frame (tile) of each element.
    sent, expected
        Beats of the input and output streams.
    cycles
        Exact cycles without back-pressure.
    """

    job: Job
    result: IntArray
    places: Places
    frame: IntArray
    sent: dict[str, Sent]
    expected: dict[str, Expected]
    cycles: int


def make_vectors(family: Family[Any], params: Any, operation: str, tensors: dict[str, Any]) -> Vectors:
    """Lower an operation and compute what must come out.

    Raises
    ------
    InputError
        Where the tensors do not fit the operation or the design.
    """
    job = family.lower(params, operation, **tensors)
    result = goldens.compute(family, params, operation, tensors)
    places = places_of(family, params, job)
    lasts = goldens.framing(family, params, job)
    sent = {
        port.name: Sent(port.pack(job.inputs[port.name]), job.inputs[port.name]["last"] if port.last else None)
        for port in family.ports(params)
        if port.direction == "in"
    }
    expected = {
        name: Expected(
            {field: values for field, (values, _) in fields.items()},
            {field: counts for field, (_, counts) in fields.items()},
            lasts.get(name),
        )
        for name, fields in expected_beats(places, job, result).items()
    }
    return Vectors(job, result, places, frames_of(places, lasts), sent, expected, family.cycles(params, job))
