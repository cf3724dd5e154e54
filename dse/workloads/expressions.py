"""Sizes as people write them in a workload: numbers, names of the workload's sizes, and + - * // of these."""

import ast
import operator
from collections.abc import Callable, Mapping

from ...errors import InputError, must

__all__ = ["evaluate"]

_LONGEST = 200
_OPERATORS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
}
_RULE = "be a number, or + - * // of numbers and sizes"


def evaluate(text: str, sizes: Mapping[str, int], thing: str) -> int:
    """Return the value of an expression such as ``batch * sequence``.

    Parameters
    ----------
    text
        The expression.
    sizes
        Values of the names in it.
    thing
        What it stands for, for the message.

    Raises
    ------
    InputError
        Where it is no such expression, or has a name that is no size.
    """
    try:
        if len(text) > _LONGEST:
            raise must(thing, f"be an expression of at most {_LONGEST} characters", text)
        return _value(ast.parse(text.strip(), mode="eval").body, sizes, thing, text)
    except (SyntaxError, ZeroDivisionError, ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, InputError):
            raise
        raise must(thing, _RULE, text) from None


def _value(node: ast.expr, sizes: Mapping[str, int], thing: str, text: str) -> int:
    """Return the value of a part of the expression."""
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    if isinstance(node, ast.Name):
        if node.id not in sizes:
            known = f"use the sizes {', '.join(sizes)}" if sizes else "be a number, there being no sizes"
            raise must(thing, known, text)
        return sizes[node.id]
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        sides = (_value(side, sizes, thing, text) for side in (node.left, node.right))
        return _OPERATORS[type(node.op)](*sides)
    raise must(thing, _RULE, text)
