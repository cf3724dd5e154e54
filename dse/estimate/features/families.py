"""The families whose designs can be counted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from . import attention, lut, sparse, systolic

__all__ = ["FAMILIES", "Features"]


@dataclass(frozen=True)
class Features:
    """How a family's designs are counted.

    Parameters
    ----------
    features
        Counts of a design by ``group/name``, from its parameters; numbers among these may be arrays.
    groups
        Group -> labels of its modules; what is in none is ``control``.
    """

    features: Callable[[Any], dict[str, Any]]
    groups: Mapping[str, tuple[str, ...]]


FAMILIES = {
    "systolic": Features(systolic.features, systolic.GROUPS),
    "lut": Features(lut.features, lut.GROUPS),
    "sparse": Features(sparse.features, sparse.GROUPS),
    "attention": Features(attention.features, attention.GROUPS),
}
"""By name."""
