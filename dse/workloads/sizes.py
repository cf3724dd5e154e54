"""Sizes of a workload as a command is given them."""

from collections.abc import Sequence

from ...errors import InputError, must

__all__ = ["given_sizes"]


def given_sizes(batch: int | None, sequence: int | None, words: Sequence[str]) -> dict[str, int]:
    """Return the sizes of a workload that were chosen.

    Parameters
    ----------
    batch, sequence
        Sizes with options of their own; None where they were not given.
    words
        Others, as ``name=number``.

    Raises
    ------
    InputError
        Where a word is none of that form, or a size is given twice.
    """
    found = {name: value for name, value in (("batch", batch), ("sequence", sequence)) if value is not None}
    for word in words:
        name, _, number = word.rpartition("=")
        if not name or not number.isdecimal():
            raise must("Size", "be given as name=number", word)
        if name in found:
            raise InputError(f"Size {name} must be given once, not {found[name]} and {number}")
        found[name] = int(number)
    return found
