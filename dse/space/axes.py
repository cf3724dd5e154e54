"""The values of one axis of a space: a list, or a row of numbers by sums or products."""

from collections.abc import Mapping
from typing import Any

from ...errors import must
from ...generators.params import FamilyParams

__all__ = ["axis_values"]

_LONGEST = 1 << 16
_RULE = "be a list of values, or from and to with step or times"


def axis_values(cls: type[FamilyParams], name: str, raw: Any) -> list[Any]:
    """Return the values of a parameter, each checked, as the parameters hold them.

    Parameters
    ----------
    cls
        The family's parameters.
    name
        The parameter.
    raw
        A list; or `from`, `to` (included where it is met) and `step` (added, 1 by default) or `times` (multiplied).

    Raises
    ------
    InputError
        Where there is no such parameter, or a value breaks its rule or stands there twice.
    """
    values = _row(name, raw) if isinstance(raw, Mapping) else raw
    if not isinstance(values, list) or not values:
        raise must(f"Space axis {name}", _RULE + "; an empty one leaves no point", raw)
    found = [cls.parse_field(name, value) for value in values]
    for at, value in enumerate(found):
        if value in found[:at]:
            raise must(f"Space axis {name}", "hold each value once", values[at])
    return found


def _row(name: str, raw: Mapping[str, Any]) -> list[int]:
    """Return a row of numbers."""
    keys = set(raw)
    if not {"from", "to"} <= keys or keys - {"from", "to", "step", "times"} or {"step", "times"} <= keys:
        raise must(f"Space axis {name}", _RULE, dict(raw))
    for key, value in raw.items():
        if isinstance(value, bool) or not isinstance(value, int):
            raise must(f"Space axis {name} {key}", "be an integer", value)
    at, last = raw["from"], raw["to"]
    step, times = raw.get("step", 1), raw.get("times")
    if step < 1 or (times is not None and (times < 2 or at < 1)):
        raise must(f"Space axis {name}", "go up: a step of at least 1, or times at least 2 from at least 1", dict(raw))
    found = []
    while at <= last:
        found.append(at)
        at = at + step if times is None else at * times
        if len(found) > _LONGEST:
            raise must(f"Space axis {name}", f"have at most {_LONGEST} values", dict(raw))
    return found
