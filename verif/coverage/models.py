"""The cover points of every family, found by the family's name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...errors import InputError
from ...generators.family import Family
from ...generators.spec import Spec
from ..vectors import make_vectors
from . import attention, lut, sparse, systolic, vector
from .common import operations, resets, streams
from .observation import Points, Stimulus

__all__ = ["points_of", "stimulus_of"]


@dataclass(frozen=True)
class _Model:
    """What a family brings: its points, and what they look at."""

    points: Callable[[Any], Points]
    learn: Callable[[Stimulus], Any]


_BUILT_IN = {
    "systolic": _Model(systolic.points, systolic.learn),
    "lut": _Model(lut.points, lut.learn),
    "sparse": _Model(sparse.points, sparse.learn),
    "attention": _Model(attention.points, attention.learn),
    "vector": _Model(vector.points, vector.learn),
}


def points_of(spec: Spec) -> Points:
    """Return the cover points of a design.

    Those of a family that brings none of its own are its operations, its streams and resets.

    Raises
    ------
    InputError
        Where two points have one name.
    """
    model = _BUILT_IN.get(spec.family.name)
    found = _common(spec.family, spec.params) if model is None else model.points(spec.params)
    keys = [point.key for point in found]
    if double := next((key for key in keys if keys.count(key) > 1), None):
        raise InputError(f"Cover points of {spec.name} must have names of their own; there are several {double}")
    return found


def stimulus_of(spec: Spec, operation: str, tensors: dict[str, Any]) -> Stimulus:
    """Return an operation with its beats and golden result, ready to be run and looked at."""
    model = _BUILT_IN.get(spec.family.name)
    vectors = make_vectors(spec.family, spec.params, operation, tensors)
    return Stimulus(spec.params, operation, tensors, vectors, _nothing if model is None else model.learn)


def _common(family: Family[Any], params: Any) -> Points:
    return (*operations(family.operations_of(params)), *streams(family.ports(params), ()), *resets())


def _nothing(_: Stimulus) -> None:
    """Tell points of a family without facts nothing."""
