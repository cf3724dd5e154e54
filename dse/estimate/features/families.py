"""The families whose designs can be counted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from . import (
    attention,
    attention_energy,
    lut,
    lut_energy,
    sparse,
    sparse_energy,
    systolic,
    systolic_energy,
    vector,
    vector_energy,
)

__all__ = ["ENERGY", "FAMILIES", "Features", "counter"]

ENERGY = "energy_busy:"
"""How targets begin that are the energy of a cycle; behind it the kind of data and, after an ``@``, the node."""


@dataclass(frozen=True)
class Features:
    """How a family's designs are counted.

    Parameters
    ----------
    features
        Counts of a design by ``group/name``, from its parameters; numbers among these may be arrays.
    groups
        Group -> labels of its modules; what is in none is ``control``.
    energy
        Counts of a cycle in which all multipliers work, from parameters and the kind of data.
    """

    features: Callable[[Any], dict[str, Any]]
    groups: Mapping[str, tuple[str, ...]]
    energy: Callable[[Any, str], dict[str, Any]]


FAMILIES = {
    "systolic": Features(systolic.features, systolic.GROUPS, systolic_energy.energy),
    "lut": Features(lut.features, lut.GROUPS, lut_energy.energy),
    "sparse": Features(sparse.features, sparse.GROUPS, sparse_energy.energy),
    "attention": Features(attention.features, attention.GROUPS, attention_energy.energy),
    "vector": Features(vector.features, vector.GROUPS, vector_energy.energy),
}
"""By name."""


def counter(family: str, target: str) -> Callable[[Any], dict[str, Any]]:
    """Return what gives the counts that a family's target is fitted on."""
    own = FAMILIES[family]
    if not target.startswith(ENERGY):
        return own.features
    kind, _, _ = target.removeprefix(ENERGY).partition("@")
    return lambda p: own.energy(p, kind)
