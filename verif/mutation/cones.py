"""How far a fault reaches: which gates and registers may differ from those of the faultless circuit."""

import heapq
from collections.abc import Iterable

from .circuit import Circuit
from .graph import FREE, Graph, State

__all__ = ["Cones", "Reach"]


class Reach:
    """What a fault changes, followed step by step through the registers.

    Attributes
    ----------
    literals
        Variable of the circuit -> literal of the graph, for what differs.
    registers
        Numbers of the registers that may differ.
    frontier
        Those that would be the next to differ.
    """

    def __init__(self) -> None:
        self.literals: dict[int, int] = {}
        self.registers: set[int] = set()
        self.frontier: set[int] = set()


class Cones:
    """A circuit with selectable faults, in a graph that all its faulty variants share.

    Parameters
    ----------
    circuit
        The circuit; without a fault all of `select` are 0.
    select
        Input variables that select a fault, the lowest bit first.
    reset
        Input variable of the reset.
    active_low
        Whether 0 resets.
    """

    def __init__(self, circuit: Circuit, select: tuple[int, ...], reset: int, active_low: bool) -> None:
        self.circuit, self.select, self.graph = circuit, select, Graph()
        self.leaves = [0] + [self.graph.leaf() for _ in range(1, circuit.first_gate)]
        self._others: dict[int, int] = {}
        self._readers: list[list[int]] = [[] for _ in range(circuit.first_gate + len(circuit.gates))]
        for at, (a, b) in enumerate(circuit.gates):
            for literal in {a >> 1, b >> 1}:
                self._readers[literal].append(circuit.first_gate + at)
        self._takers: dict[int, list[int]] = {}
        for register, literal in enumerate(circuit.registers):
            self._takers.setdefault(literal >> 1, []).append(register)
        self._reset = reset, int(not active_low)
        self.gold = self._faultless({})
        self.gold_reset = self._faultless({reset: int(not active_low)})

    def _faultless(self, held: dict[int, int]) -> list[int]:
        """Return the literal of every variable, some inputs being constant."""
        literals = list(self.leaves)
        for variable in self.select:
            literals[variable] = 0
        for variable, value in held.items():
            literals[variable] = value
        for a, b in self.circuit.gates:
            literals.append(self.graph.both(literals[a >> 1] ^ a & 1, literals[b >> 1] ^ b & 1))
        return literals

    def reach(self, number: int, gold: list[int], registers: Iterable[int] | None = ()) -> Reach:
        """Follow a fault through the gates.

        Parameters
        ----------
        number
            What selects it.
        gold
            Literals without a fault: `gold`, or `gold_reset` for what happens under reset.
        registers
            Those that may differ from the start; with None the fault is followed through all registers.
        """
        reach = Reach()
        changed = {variable: 1 for at, variable in enumerate(self.select) if number >> at & 1}
        self._spread(reach, gold, changed)
        self.step(reach, gold, registers or ())
        while registers is None and reach.frontier:
            self.step(reach, gold)
        return reach

    def step(self, reach: Reach, gold: list[int], registers: Iterable[int] | None = None) -> None:
        """Let registers differ, those of the frontier unless others are given, and follow what comes of it."""
        fresh = set(reach.frontier if registers is None else registers) - reach.registers
        reach.registers |= fresh
        reach.frontier -= fresh
        self._spread(reach, gold, {self.circuit.first_register + one: self.other(one) for one in fresh})

    def _spread(self, reach: Reach, gold: list[int], changed: dict[int, int]) -> None:
        """Follow changed variables through the gates, up to the registers."""
        left: list[int] = []
        found = reach.literals

        def change(variable: int, literal: int) -> None:
            found[variable] = literal
            for reader in self._readers[variable]:
                heapq.heappush(left, reader)
            if literal != gold[variable]:
                reach.frontier.update(one for one in self._takers.get(variable, ()) if one not in reach.registers)

        for variable, literal in changed.items():
            change(variable, literal)
        while left:
            variable = heapq.heappop(left)
            while left and left[0] == variable:
                heapq.heappop(left)
            a, b = self.circuit.gates[variable - self.circuit.first_gate]
            literal = self.graph.both(_literal(found, gold, a), _literal(found, gold, b))
            if literal != found.get(variable, gold[variable]):
                change(variable, literal)

    def faultless(self, literal: int) -> int:
        """Return a literal of the circuit without a fault, in the graph."""
        return _literal({}, self.gold, literal)

    def faulty(self, reach: Reach, literal: int) -> int:
        """Return a literal of the circuit with a fault, in the graph."""
        return _literal(reach.literals, self.gold, literal)

    def differ(self, reach: Reach, literal: int, gold: list[int] | None = None) -> int:
        """Return the literal that says that one of the circuit differs."""
        gold = self.gold if gold is None else gold
        return self.graph.differ(_literal({}, gold, literal), _literal(reach.literals, gold, literal))

    def other(self, register: int) -> int:
        """Return the leaf that stands for the register of the faulty circuit."""
        if register not in self._others:
            self._others[register] = self.graph.leaf()
        return self._others[register]

    def settled(self, number: int, cycles: int) -> list[int]:
        """Return what each register holds after some cycles of reset; `FREE` where it depends on what there was before.

        Parameters
        ----------
        number
            What selects the fault; 0 for none.
        cycles
            Of reset.
        """
        circuit = self.circuit
        known = [FREE] * circuit.first_gate
        known[0] = 0
        known[self._reset[0]] = self._reset[1]
        for at, variable in enumerate(self.select):
            known[variable] = number >> at & 1
        for _ in range(cycles):
            values = list(known)
            for a, b in circuit.gates:
                one, other = _value(values, a), _value(values, b)
                values.append(0 if not (one and other) else FREE if FREE in (one, other) else 1)
            known[circuit.first_register :] = [_value(values, taken) for taken in circuit.registers]
        return known[circuit.first_register :]

    def states(
        self, reach: Reach, under_reset: Reach, settled: tuple[list[int], list[int]] | None = None
    ) -> dict[int, State]:
        """Return the registers of both circuits, as they are after a reset: by variable of the graph.

        Where a register is not reset it starts with any value, and with the same in both circuits unless the fault
        makes a difference to it under reset.

        Parameters
        ----------
        reach, under_reset
            Registers that may differ, and what the fault changes under reset.
        settled
            What registers of the faultless and of the faulty circuit start with besides; see `settled`.
        """
        made = {}
        for register, literal in enumerate(self.circuit.registers):
            own = self.leaves[self.circuit.first_register + register] >> 1
            start = _start(_literal({}, self.gold_reset, literal), settled[0][register] if settled else FREE)
            made[own] = State(_literal({}, self.gold, literal), start, own)
            if register in reach.registers:
                other = self.other(register) >> 1
                cleared = _literal(under_reset.literals, self.gold_reset, literal)
                start = _start(cleared, settled[1][register] if settled else FREE)
                origin = other if register in under_reset.registers else own
                made[other] = State(_literal(reach.literals, self.gold, literal), start, origin)
        return made


def _start(cleared: int, settled: int) -> int:
    """Return what a register starts with, from the literal that a reset gives it and from what it settles to."""
    return cleared if cleared < 2 else settled


def _value(values: list[int], literal: int) -> int:
    """Return the value of a literal."""
    value = values[literal >> 1]
    return value if value == FREE else value ^ (literal & 1)


def _literal(found: dict[int, int], gold: list[int], literal: int) -> int:
    """Return a literal of the circuit in the graph."""
    variable = literal >> 1
    return found.get(variable, gold[variable]) ^ (literal & 1)
