"""Lengths of time as people write them: 90s, 30m, 2h."""

import re

from ...errors import must

__all__ = ["parse_duration"]

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def parse_duration(text: str, thing: str) -> float:
    """Return the seconds that a text such as ``90s``, ``30m`` or ``1.5h`` stands for.

    Parameters
    ----------
    text
        A number and its unit.
    thing
        What the message calls it.

    Raises
    ------
    InputError
        Where the text is anything else, or no time at all.
    """
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([smh])", text.strip())
    seconds = float(found[1]) * _SECONDS[found[2]] if found else 0.0
    if not seconds:
        raise must(thing, "be a time such as 90s, 30m or 2h", text)
    return seconds
