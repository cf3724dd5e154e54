"""Checks of an operation's arguments that families share: which there are, which a design takes, how many values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, must
from ..hdl.formats import Format, Integer

__all__ = ["Argument", "Requantizing", "per_lane", "reject_unknown", "requantize_arguments"]

IntArray = NDArray[np.int64]


def reject_unknown(thing: str, tensors: Mapping[str, Any], known: tuple[str, ...], needed: tuple[str, ...]) -> None:
    """Raise `InputError` where an operation lacks an argument that it needs or has one that it does not know.

    Parameters
    ----------
    thing
        Family and operation, for example ``"Systolic gemm"``.
    tensors
        The arguments given, by name.
    known, needed
        Names of all arguments, and of those that cannot be left out.
    """
    for name in needed:
        if tensors.get(name) is None:
            raise InputError(f"{thing} must be given {' and '.join(needed)}; {name} is missing")
    for name in tensors:
        if name not in known:
            raise InputError(f"{thing} has no argument {name!r}; it has {', '.join(known)}")


def per_lane(fmt: Format, value: Any, lanes: int, thing: str) -> IntArray:
    """Check one number or a ``(lanes,)`` array of a format and return ``(lanes,)`` values."""
    array = fmt.check(value, thing)
    if array.ndim == 0:
        return np.full(lanes, int(array), dtype=np.int64)
    if array.shape != (lanes,):
        raise must(thing, f"be one number or have shape {(lanes,)}", array.shape)
    return array


@dataclass(frozen=True)
class Argument:
    """An argument that belongs to a unit which a design may have been built without.

    Parameters
    ----------
    format
        Format of its values; None where the design has no such unit.
    default
        What stands for it if it is not given; None where it must be given.
    unit
        The parameter that builds the unit, as in ``requantize`` or ``addend=bias``.
    reason
        Why it must be given, for the message.
    """

    format: Format | None
    default: int | None
    unit: str
    reason: str = ""

    def value(self, given: Mapping[str, Any], name: str, title: str) -> Any:
        """Return what was given for it, or its default; None where the design takes none.

        Raises
        ------
        InputError
            Where it is missing, or given to a design without the unit.
        """
        value = given.get(name)
        if self.format is None:
            if value is not None:
                raise InputError(f"{title} {name} must be left out: the design was built without {self.unit}")
            return None
        if value is None and self.default is None:
            raise InputError(f"{title} {name} must be given: {self.reason}")
        return self.default if value is None else value


class Requantizing(Protocol):
    """Parameters of a design that may requantise its sums; the formats are asked for only where it does."""

    @property
    def requantize(self) -> bool:
        """Whether the design requantises."""

    @property
    def activation(self) -> str:
        """The activation that it can apply, or ``none``."""

    @property
    def multiplier_format(self) -> Integer:
        """Format of the multiplier."""

    @property
    def shift_format(self) -> Integer:
        """Format of the shift."""

    @property
    def requantized_format(self) -> Integer:
        """Format of the result and of its zero point."""


def requantize_arguments(params: Requantizing) -> dict[str, Argument]:
    """Return the arguments of the requantiser by name: `multiplier`, `shift`, `zero_point` and `activate`."""
    requantize, reason = params.requantize, "the design requantizes"
    flag = Integer(1, is_signed=False) if params.activation != "none" else None
    return {
        "multiplier": Argument(params.multiplier_format if requantize else None, None, "requantize", reason),
        "shift": Argument(params.shift_format if requantize else None, None, "requantize", reason),
        "zero_point": Argument(params.requantized_format if requantize else None, 0, "requantize"),
        "activate": Argument(flag, 1, "activation"),
    }
