"""AND gates that are the same are one: what two circuits have in common is found as they are built."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = ["FREE", "Graph", "State"]

FREE = -1
"""Start value of a register that may be either."""


@dataclass(frozen=True)
class State:
    """A register of a model.

    Parameters
    ----------
    next
        Literal that it takes over with the clock.
    start
        0, 1, or `FREE`.
    origin
        Registers that are free at the start and have the same origin start alike.
    """

    next: int
    start: int
    origin: int


class Graph:
    """Variables are leaves or gates of two literals; literals as in `circuit.Circuit`."""

    def __init__(self) -> None:
        self.gates: list[tuple[int, int] | None] = [None]
        self._known: dict[tuple[int, int], int] = {}

    def leaf(self) -> int:
        """Return the literal of a new leaf."""
        self.gates.append(None)
        return 2 * (len(self.gates) - 1)

    def both(self, a: int, b: int) -> int:
        """Return the literal of ``a and b``."""
        if a > b:
            a, b = b, a
        if a == 0 or a == b ^ 1:
            return 0
        if a in (1, b):
            return b
        found = self._known.get((a, b))
        if found is None:
            self.gates.append((a, b))
            found = self._known[a, b] = 2 * (len(self.gates) - 1)
        return found

    def either(self, a: int, b: int) -> int:
        """Return the literal of ``a or b``."""
        return self.both(a ^ 1, b ^ 1) ^ 1

    def differ(self, a: int, b: int) -> int:
        """Return the literal of ``a != b``."""
        return self.either(self.both(a, b ^ 1), self.both(a ^ 1, b))

    def any(self, literals: Iterable[int]) -> int:
        """Return the literal that is 1 where one of some is."""
        left = [literal for literal in literals if literal]
        while len(left) > 1:
            pairs = zip(left[::2], left[1::2], strict=False)
            left = [self.either(a, b) for a, b in pairs] + left[len(left) & ~1 :]
        return left[0] if left else 0

    def cone(self, roots: Iterable[int], states: Mapping[int, State]) -> list[int]:
        """Return the variables that some literals depend on, through registers too, in ascending order."""
        seen: set[int] = set()
        left = [root >> 1 for root in roots]
        while left:
            variable = left.pop()
            if variable in seen or not variable:
                continue
            seen.add(variable)
            gate = self.gates[variable]
            if gate:
                left += [gate[0] >> 1, gate[1] >> 1]
            elif variable in states:
                left.append(states[variable].next >> 1)
        return sorted(seen)

    def model(self, bad: int, states: Mapping[int, State]) -> bytes:
        """Return binary AIGER with one output, which is 1 where `bad` is; all registers start at 0.

        Parameters
        ----------
        bad
            A literal.
        states
            Leaf -> register; other leaves are inputs.
        """
        cone = self.cone([bad], states)
        held = [v for v in cone if v in states]
        origins = sorted({states[v].origin for v in held if states[v].start == FREE})
        inputs = [v for v in cone if self.gates[v] is None and v not in states]
        place = {v: 2 * (at + 1) for at, v in enumerate(inputs)}
        drawn = {origin: 2 * (len(inputs) + at + 1) for at, origin in enumerate(origins)}
        # One more register says whether the first cycle is over.
        registers = len(held) + bool(origins)
        begin = len(inputs) + len(origins) + 1
        gates: list[tuple[int, int]] = []

        def both(a: int, b: int) -> int:
            gates.append((max(a, b), min(a, b)))
            return 2 * (begin + registers + len(gates) - 1)

        running = 2 * (begin + len(held))
        for at, v in enumerate(held):
            own, state = 2 * (begin + at), states[v]
            place[v] = own ^ (state.start == 1)
            if state.start == FREE:
                place[v] = both(both(own, running) ^ 1, both(drawn[state.origin], running ^ 1) ^ 1) ^ 1
        for v in cone:
            if pair := self.gates[v]:
                place[v] = both(*(_mapped(place, literal) for literal in pair))
        taken = [_mapped(place, states[v].next) ^ (states[v].start == 1) for v in held] + [1] * bool(origins)
        counts = (begin + registers + len(gates) - 1, begin - 1, registers, 1, len(gates))
        lines = [f"aig {' '.join(str(count) for count in counts)}", *map(str, taken), str(_mapped(place, bad)), ""]
        return "\n".join(lines).encode() + _packed(begin + registers, gates)


def _mapped(place: Mapping[int, int], literal: int) -> int:
    """Return the literal with the variable's new number; constants stay."""
    return (place[literal >> 1] if literal > 1 else 0) ^ (literal & 1)


def _packed(first: int, gates: list[tuple[int, int]]) -> bytes:
    """Return the gates as differences of literals in groups of seven bits."""
    packed = bytearray()
    for at, (larger, smaller) in enumerate(gates):
        for value in (2 * (first + at) - larger, larger - smaller):
            left = value
            while left > 0x7F:
                packed.append(left & 0x7F | 0x80)
                left >>= 7
            packed.append(left)
    return bytes(packed)
