"""Registers seen as what they took over last: a pipeline's stages then show as one function of what came in."""

from .cones import Cones, Reach
from .graph import Graph

__all__ = ["History"]

Context = tuple[int, ...]
"""A moment: that at which a register last took something over, before the moment at which another one did, and so on.
Each register is named by the literal that holds it."""


class History:
    """Replaces registers by what they hold: their start value, or what they took over when they last did.

    At each moment inputs and registers may have any value, the same in both circuits but for registers that may differ;
    what was taken over at the same moment belongs together, as a table's two columns do. Where both circuits are equal
    for all such values, they are in every state that can be reached.

    Parameters
    ----------
    cones
        The circuit.
    reach
        Registers that may differ.
    steps
        Moments to look back.
    """

    def __init__(self, cones: Cones, reach: Reach, steps: int) -> None:
        self._cones, self._graph, self._steps = cones, cones.graph, steps
        self._leaves: dict[object, int] = {}
        self._known: dict[tuple[int, Context], int] = {}
        self._next: dict[int, tuple[int, int]] = {}
        first = cones.circuit.first_register
        for register, literal in enumerate(cones.circuit.registers):
            own = cones.leaves[first + register] >> 1
            self._next[own] = cones.faultless(literal), own
            if register in reach.registers:
                self._next[cones.other(register) >> 1] = cones.faulty(reach, literal), own
        self._taken: dict[int, tuple[int, int] | None] = {}

    def seen(self, literal: int) -> int:
        """Return a literal with its registers replaced."""
        return self._at(literal, ())

    def _leaf(self, *name: object) -> int:
        """Return the leaf of that name."""
        if name not in self._leaves:
            self._leaves[name] = self._graph.leaf()
        return self._leaves[name]

    def _at(self, literal: int, moment: Context) -> int:
        """Return a literal at a moment."""
        for variable in self._graph.cone([literal], {}):
            if (variable, moment) not in self._known:
                pair = self._graph.gates[variable]
                self._known[variable, moment] = (
                    self._graph.both(*(self._found(one, moment) for one in pair))
                    if pair
                    else self._value(variable, moment)
                )
        return self._found(literal, moment)

    def _found(self, literal: int, moment: Context) -> int:
        """Return a literal at a moment that is known already."""
        return (self._known[literal >> 1, moment] if literal > 1 else 0) ^ (literal & 1)

    def _value(self, variable: int, moment: Context) -> int:
        """Return an input or a register at a moment."""
        known = self._next.get(variable)
        taken = self._takes(variable) if known and len(moment) < self._steps else None
        if known is None or taken is None:
            return self._leaf(variable, moment)
        own, (holds, value) = known[1], taken
        # A fault in when a register takes something over is not looked back through.
        if own != variable and (self._takes(own) or (None,))[0] != holds:
            return self._leaf(variable, moment)
        before, graph = self._leaf("started", holds, moment), self._graph
        fresh, start = self._at(value, (*moment, holds)), self._leaf("start", own)
        return graph.either(graph.both(before, fresh), graph.both(before ^ 1, start))

    def _takes(self, variable: int) -> tuple[int, int] | None:
        """Return the literal that says that a register is held, and what it takes over where it is not."""
        if variable not in self._taken:
            self._taken[variable] = _split(self._graph, self._next[variable][0], variable)
        return self._taken[variable]


def _split(graph: Graph, literal: int, own: int) -> tuple[int, int] | None:
    """Return what holds a register and what it takes over otherwise; None where it does anything else with its value.

    Parameters
    ----------
    graph
        The graph.
    literal
        What the register becomes with the clock.
    own
        Its variable.
    """
    depends = {own}
    for variable in graph.cone([literal], {}):
        pair = graph.gates[variable]
        if pair and (pair[0] >> 1 in depends or pair[1] >> 1 in depends):
            depends.add(variable)

    def split(literal: int) -> tuple[int, int, int] | None:
        """Return the same of a part, and whether it is the inverse that is held."""
        variable, inverse = literal >> 1, literal & 1
        pair = graph.gates[variable]
        if variable not in depends:
            return 0, literal, 0
        if variable == own or pair is None:
            return 1, inverse, inverse
        one, other = pair if pair[0] >> 1 in depends else pair[::-1]
        below = None if other >> 1 in depends else split(one)
        if below is None:
            return None
        holds, value, held = below
        if not _follows(graph, holds, other):
            holds = graph.both(holds, other)
        return holds, graph.both(value, other) ^ inverse, held ^ inverse

    found = split(literal)
    return None if found is None or found[2] else found[:2]


def _follows(graph: Graph, given: int, literal: int) -> bool:
    """Return whether a literal is plainly 1 where another one is: it is not (a and b), and there a or b is 0."""
    pair = graph.gates[literal >> 1]
    if not literal & 1 or pair is None:
        return False
    parts = {given}
    left = [given]
    while left:
        one = left.pop()
        within = graph.gates[one >> 1]
        if within and not one & 1:
            parts.update(within)
            left += within
    return pair[0] ^ 1 in parts or pair[1] ^ 1 in parts
