"""Many values joined to one, two levels of a binary tree a cycle."""

from collections.abc import Callable, Sequence

from amaranth.hdl import Module, Value

from ...hdl.delay import registered

__all__ = ["tree"]

LEVELS = 2
"""Levels between registers, as `timing.tree_latency` counts them."""


def tree(m: Module, en: Value, values: Sequence[Value], join: Callable[[Value, Value], Value], name: str) -> Value:
    """Return all values joined, `timing.tree_latency` cycles of `en` later; a single value at once.

    Parameters
    ----------
    m
        The module that owns the registers.
    en
        They move when 1.
    values
        At least one.
    join
        Makes one value of two, in any order and grouping.
    name
        Of the registers.
    """
    left, level = list(values), 0
    while len(left) > 1:
        pairs = [join(left[i], left[i + 1]) for i in range(0, len(left) - 1, 2)]
        left = pairs + left[2 * len(pairs) :]
        level += 1
        if level % LEVELS == 0 or len(left) == 1:
            left = [registered(m, en, value, f"{name}_{level}_{i}") for i, value in enumerate(left)]
    return left[0]
