"""Many designs that differ in their sizes alone as one object: parameters whose sizes are arrays; no hardware import.

Formulas of latencies and cycles are written so that they take such parameters as well as single ones: with NumPy's
`maximum` and `where` instead of Python's `max` and `if` on sizes.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from .params import FamilyParams

__all__ = ["batch_of", "family_params", "fields_read", "stacked_pairs", "take", "whole"]

P = TypeVar("P", bound=FamilyParams)

_READ: set[str] = set()
"""Fields that batches were asked for since `fields_read` was last called."""


def batch_of(cls: type[P], values: Mapping[str, Any]) -> P:
    """Return parameters that are not checked, whose sizes may be arrays of one shape, and that note what is read.

    Parameters
    ----------
    cls
        The family's parameters.
    values
        Fields as the parameters hold them (formats as formats); those that are left out have their defaults.
    """
    return cast("P", _noting(cls).model_construct(**values))


def fields_read() -> frozenset[str]:
    """Return the fields that were read from batches since the last call."""
    found = frozenset(_READ)
    _READ.clear()
    return found


def family_params(params: FamilyParams) -> type[FamilyParams]:
    """Return the class of the family's parameters, of which a batch is a subclass."""
    kind = type(params)
    return cast("type[FamilyParams]", kind.__bases__[0]) if getattr(kind, "is_batch", False) else kind


def take(params: P, where: NDArray[np.bool_]) -> P:
    """Return the designs of a batch where the mask says so."""
    cls = family_params(params)
    held = {name: params.__dict__[name] for name in cls.model_fields}
    some = {name: value[where] if isinstance(value, np.ndarray) else value for name, value in held.items()}
    return cast("P", batch_of(cls, some))


def stacked_pairs(pairs: Sequence[tuple[Any, Any]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return first and second values of pairs, along the first axis; an axis of designs is behind if any has one."""
    values = [np.asarray(value, dtype=np.int64) for pair in pairs for value in pair]
    table = np.stack(np.broadcast_arrays(*values))
    return table[::2], table[1::2]


def whole(value: Any) -> Any:
    """Return a NumPy number as Python's own, an array as it is."""
    return int(value) if np.ndim(value) == 0 else value


@cache
def _noting(cls: type[P]) -> type[P]:
    """Return a subclass that notes which of its fields are read."""
    names = frozenset(cls.model_fields)

    def note(self: Any, name: str) -> Any:
        if name in names:
            _READ.add(name)
        return object.__getattribute__(self, name)

    body = {"__getattribute__": note, "is_batch": True, "__annotations__": {"is_batch": ClassVar[bool]}}
    return type(f"{cls.__name__}Batch", (cls,), {"__module__": cls.__module__, **body})
