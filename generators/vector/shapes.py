"""Exact cycles of operations from the shapes of their tensors alone, however large; no hardware import."""

from ...errors import must
from .params import VectorParams
from .ports import stream_ports
from .timing import cycles

__all__ = ["vector_cycles", "vector_stream_bits"]

ONCE = ("scale", "count")
"""A stream and a field that carry no elements, but what belongs to a whole vector."""


def vector_cycles(params: VectorParams, vectors: int, length: int) -> int:
    """Return the cycles of the unit's operation on so many vectors, scaled by the same numbers throughout.

    Parameters
    ----------
    params
        The unit's parameters.
    vectors, length
        Number of vectors, and elements of each.

    Raises
    ------
    InputError
        Where vectors are longer than the unit was made for, or have an element without a partner to turn with.
    """
    return cycles(params, *_beats(params, vectors, length))


def vector_stream_bits(params: VectorParams, vectors: int, length: int) -> int:
    """Return the bits that elements, gamma, beta, angles and results take in such a job, padding included.

    The stream of scales and the count of a vector's last beat are left out.
    """
    runs, beats = _beats(params, vectors, length)
    ports = (port for port in stream_ports(params) if port.name not in ONCE)
    return runs * beats * sum(field.width for port in ports for field in port.fields if field.name not in ONCE)


def _beats(params: VectorParams, vectors: int, length: int) -> tuple[int, int]:
    """Return the vectors as they travel, and the beats of each: one long vector where nothing ends with one of them."""
    if params.unit == "rope" and length % 2:
        raise must("Vector x", "have an even number of elements along its last axis", length)
    if params.holds and length > params.max_length:
        rule = f"have at most max_length={params.max_length} elements along its last axis"
        raise must("Vector x", rule, length)
    if not params.holds:
        vectors, length = 1, vectors * length
    return vectors, -(-length // params.lanes)
