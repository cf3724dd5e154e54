"""Boolean functions in liberty's syntax, brought to a truth table."""

import re
from collections.abc import Mapping, Sequence

from ..errors import InputError

__all__ = ["truth_table"]

TOKENS = re.compile(r"\s*([A-Za-z_][\w\[\]]*|[01]|[!'&*+|^()])")


def truth_table(function: str, inputs: Sequence[str]) -> int:
    """Return the function's truth table: bit i is its value where input k is bit k of i.

    Raises
    ------
    InputError
        The text is not a function of these inputs.
    """
    tokens = _tokens(function)
    rows = 1 << len(inputs)
    full = (1 << rows) - 1
    columns = {name: sum(1 << i for i in range(rows) if i >> k & 1) for k, name in enumerate(inputs)}
    parser = _Parser(tokens, columns | {"0": 0, "1": full}, full)
    value = parser.any_of()
    if parser.tokens:
        raise InputError(f"Liberty function must be an expression of {', '.join(inputs)}, not {function!r}")
    return value


def _tokens(function: str) -> list[str]:
    """Split the text into names, constants and operators."""
    found, at = [], 0
    text = function.strip()
    while at < len(text):
        match = TOKENS.match(text, at)
        if match is None:
            raise InputError(f"Liberty function must be an expression, not {function!r}")
        found.append(match[1])
        at = match.end()
    return found


class _Parser:
    """Recursive descent; as liberty has it, inversion binds first, then XOR, then AND, then OR."""

    def __init__(self, tokens: list[str], columns: Mapping[str, int], full: int) -> None:
        self.tokens, self.columns, self.full = tokens, columns, full

    def any_of(self) -> int:
        value = self.all_of()
        while self.tokens and self.tokens[0] in "+|":
            self.tokens.pop(0)
            value |= self.all_of()
        return value

    def all_of(self) -> int:
        value = self.odd_of()
        while self.tokens and self.tokens[0] not in "+|)":
            if self.tokens[0] in "&*":
                self.tokens.pop(0)
            value &= self.odd_of()
        return value

    def odd_of(self) -> int:
        value = self.term()
        while self.tokens and self.tokens[0] == "^":
            self.tokens.pop(0)
            value ^= self.term()
        return value

    def term(self) -> int:
        head = self.tokens.pop(0) if self.tokens else ""
        if head == "!":
            return self.full ^ self.term()
        if head == "(":
            value = self.any_of()
            if self.tokens[:1] != [")"]:
                raise InputError("Liberty function must close every parenthesis")
            self.tokens.pop(0)
        elif head in self.columns:
            value = self.columns[head]
        else:
            raise InputError(f"Liberty function must name input pins only, not {head!r}")
        while self.tokens[:1] == ["'"]:
            self.tokens.pop(0)
            value ^= self.full
        return value
