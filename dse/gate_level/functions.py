"""Boolean functions as short programs on arrays of words: one word holds one bit of 64 runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...hdl.gate_equivalents import GATES
from ...hdl.liberty_function import truth_table

__all__ = ["Program", "Words", "program"]

Words = NDArray[np.uint64]
Tree = tuple[Any, ...]  # ("in", k), ("not", tree), or ("and" | "or" | "xor", tree, tree)
BINARY: dict[str, Callable[..., Any]] = {"and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor}


@dataclass(frozen=True)
class Program:
    """A function as steps: each takes registers that hold inputs or results of steps before, and adds one."""

    steps: tuple[tuple[Callable[..., Any], tuple[int, ...]], ...]
    constant: int | None = None

    def run(self, inputs: Sequence[Words], out: Words | None = None) -> Words:
        """Return the function of these inputs, arrays of one shape; written to `out` if that is given."""
        registers: list[Any] = list(inputs)
        for step, places in self.steps[:-1]:
            registers.append(step(*[registers[place] for place in places]))
        step, places = self.steps[-1]
        result: Words = step(*[registers[place] for place in places], out=out)
        return result


@cache
def program(table: int, inputs: int) -> Program:
    """Return a short program for a truth table as `truth_table` gives it; its inputs are those of the table.

    A function of no input gives the program of the constant: its `constant` is 0 or 1, and it has no steps.
    """
    full = (1 << (1 << inputs)) - 1
    if table in (0, full):
        return Program((), int(table == full))
    steps: list[tuple[Callable[..., Any], tuple[int, ...]]] = []
    known: dict[Tree, int] = {("in", k): k for k in range(inputs)}

    def place(tree: Tree) -> int:
        if tree not in known:
            places = tuple(place(part) for part in tree[1:])
            steps.append((np.bitwise_not if tree[0] == "not" else BINARY[tree[0]], places))
            known[tree] = inputs + len(steps) - 1
        return known[tree]

    tree = _tree(table, inputs)
    end = place(tree)
    if not steps:  # the function is one of its inputs
        steps.append((np.positive, (end,)))
    return Program(tuple(steps))


@cache
def _tree(table: int, inputs: int) -> Tree:
    """Return a small expression of a function that is not constant."""
    full = (1 << (1 << inputs)) - 1
    best = min(
        (found for k in range(inputs) for found in _around(table, inputs, k)),
        key=_size,
        default=None,
    )
    paired = [
        tree for wanted, turned in ((table, False), (full ^ table, True)) for tree in _paired(wanted, inputs, turned)
    ]
    found = [tree for tree in (best, *paired) if tree is not None]
    return min(found, key=_size)


def _size(tree: Tree) -> int:
    """Return the number of operations."""
    return 0 if tree[0] == "in" else 1 + sum(_size(part) for part in tree[1:])


def _cofactor(table: int, inputs: int, k: int, value: int) -> int:
    """Return the function with input k set, a table over the same inputs."""
    rows = range(1 << inputs)
    return sum((table >> (i & ~(1 << k) | value << k) & 1) << i for i in rows)


def _around(table: int, inputs: int, k: int) -> list[Tree]:
    """Return the expression that takes input k out, if the function depends on it."""
    full = (1 << (1 << inputs)) - 1
    low, high = _cofactor(table, inputs, k, 0), _cofactor(table, inputs, k, 1)
    own: Tree = ("in", k)
    if low == high:
        return []
    if low == full ^ high:
        return [own if low == 0 else ("not", own) if high == 0 else ("xor", own, _tree(low, inputs))]
    if low == 0 or high == full:
        return [("and", own, _tree(high, inputs)) if low == 0 else ("or", own, _tree(low, inputs))]
    if high == 0 or low == full:
        form, rest = ("or", full ^ low) if high == 0 else ("and", full ^ high)
        return [("not", (form, own, _tree(rest, inputs)))]
    return [("xor", _tree(low, inputs), ("and", own, _tree(low ^ high, inputs)))]


@cache
def _pairs(inputs: int) -> dict[int, Tree]:
    """Return tables of the built-in gates that no single input takes apart: two products or two sums."""
    found: dict[int, Tree] = {}
    for gate in GATES:
        if gate.name in ("AOI22", "OAI22") and inputs == 4:
            inner, outer = ("and", "or") if gate.name == "AOI22" else ("or", "and")
            for order in permutations(range(4)):
                a, b, c, d = (("in", k) for k in order)
                names = [""] * 4
                for name, k in zip("ABCD", order, strict=True):
                    names[k] = name
                table = truth_table(gate.function, names)
                found[table] = ("not", (outer, (inner, a, b), (inner, c, d)))
    return found


def _paired(table: int, inputs: int, turned: bool) -> list[Tree]:
    """Return the expression of a pair of products or sums, if it is one."""
    tree = _pairs(inputs).get(table)
    return [] if tree is None else [("not", tree) if turned else tree]
