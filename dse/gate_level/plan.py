"""The order in which a flat netlist is evaluated: levels, and in each level all gates of one function together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import CheckError, ToolError
from ...hdl.liberty import Library
from ...hdl.liberty_function import truth_table
from ...hdl.liberty_power import FlipFlop
from .flat import FlatNetlist, Nets
from .functions import Program, program
from .memories import MemoryModel
from .registers import Registers, clock_gates, registers

__all__ = ["GateGroup", "Plan", "Wave", "plan"]


@dataclass(frozen=True)
class GateGroup:
    """Gates of one level and one function: places of their inputs; their outputs lie side by side."""

    program: Program
    inputs: tuple[Nets, ...]
    start: int
    stop: int


@dataclass(frozen=True)
class Wave:
    """All gates of one function, by level: for a simulation in which each takes one unit of time."""

    program: Program
    inputs: tuple[Nets, ...]
    outs: Nets
    levels: Nets


@dataclass(frozen=True)
class Plan:
    """A netlist ready for simulation; all nets are places in one array of words.

    Parameters
    ----------
    flat
        What it is of.
    place
        Place of each net of `flat`.
    levels
        By level: groups of gates.
    waves
        The same gates by function.
    registers
        By kind; enables are places too.
    gated
        Net of each gated clock -> place of what enables it.
    depth
        Levels.
    first_gate
        From this place on nets are driven by gates.
    """

    flat: FlatNetlist
    place: Nets
    levels: tuple[GateGroup, ...]
    waves: tuple[Wave, ...]
    registers: tuple[Registers, ...]
    gated: Mapping[int, int]
    depth: int
    first_gate: int

    def port(self, name: str) -> Nets:
        """Return the places of a port's nets."""
        return self.place[self.flat.ports[name].nets]


@dataclass(frozen=True)
class _Gates:
    """Every gate output: its net, its inputs' nets (filled up with net 0) and its function."""

    outs: Nets
    ins: Nets
    kinds: Nets
    programs: tuple[tuple[Program, int], ...]


def plan(flat: FlatNetlist, library: Library, flip_flops: Mapping[str, FlipFlop], clock: str) -> Plan:
    """Return the order of evaluation.

    Parameters
    ----------
    flat, library
        Design and the library of its cells.
    flip_flops
        Function of each flip-flop.
    clock
        Name of the clock port.

    Raises
    ------
    ToolError
        There is a cell that cannot be simulated: latches, asynchronous resets, clocks made by logic.
    CheckError
        There is a combinational loop.
    """
    clock_net = int(flat.ports[clock].nets[0])
    gates = _gates(flat, library)
    levels = _levels(flat.nets, gates)
    gated = clock_gates(flat, library, clock_net)
    found = tuple(registers(flat, library, flip_flops, clock_net, gated))
    for cell in flat.memories:
        MemoryModel(cell)  # refuses what it cannot simulate
    order = np.lexsort((gates.kinds, levels[gates.outs]))
    driven = np.zeros(flat.nets, dtype=np.bool_)
    driven[gates.outs] = True
    sources = [np.arange(2), *(group.outs for group in found)]
    rest = np.setdiff1d(np.flatnonzero(~driven), np.concatenate(sources))
    sequence = np.concatenate([*sources, rest, gates.outs[order]])
    if len(sequence) != flat.nets:
        raise ToolError(f"Netlist {flat.top} must drive each net once, but some are driven twice")
    place = np.empty(flat.nets, dtype=np.int64)
    place[sequence] = np.arange(flat.nets)
    first = flat.nets - len(order)
    return Plan(
        flat=flat,
        place=place,
        levels=tuple(_by_level(gates, order, levels, place, first)),
        waves=tuple(_by_function(gates, levels, place)),
        registers=tuple(_placed(group, place) for group in found),
        gated={net: int(place[enable]) for net, enable in gated.enables.items()},
        depth=int(levels.max(initial=0)),
        first_gate=first,
    )


def _gates(flat: FlatNetlist, library: Library) -> _Gates:
    """Collect the gates' outputs with their functions; cells of one function are one kind, whatever their drive."""
    kinds: dict[tuple[int, int], int] = {}
    outs, ins, numbers = [], [], []
    widest = max((len(library.cells[group.type].inputs) for group in flat.groups), default=1)
    for group in flat.groups:
        cell = library.cells[group.type]
        if cell.kind != "gate":
            continue
        columns = [group.pins[pin] for pin in cell.inputs]
        filled = [*columns, *[np.zeros_like(group.labels)] * (widest - len(columns))]
        for pin, function in cell.outputs.items():
            key = (truth_table(function, cell.inputs), len(cell.inputs))
            if program(*key).constant is not None:
                raise ToolError(f"Netlist must have constants instead of cells such as {group.type}")
            outs.append(group.pins[pin])
            ins.append(np.stack(filled, axis=1))
            numbers.append(np.full(len(group.labels), kinds.setdefault(key, len(kinds))))
    empty = np.zeros(0, dtype=np.int64)
    return _Gates(
        np.concatenate([empty, *outs]),
        np.concatenate([np.zeros((0, widest), dtype=np.int64), *ins]),
        np.concatenate([empty, *numbers]),
        tuple((program(*key), key[1]) for key in kinds),
    )


def _levels(nets: int, gates: _Gates) -> Nets:
    """Return the level of each net: 0 for sources, for a gate one more than its latest input."""
    levels = np.zeros(nets, dtype=np.int64)
    for _ in range(len(gates.outs) + 1):
        found = levels[gates.ins].max(axis=1, initial=0) + 1
        if (found == levels[gates.outs]).all():
            return levels
        levels[gates.outs] = found
        if found.max() > min(len(gates.outs), 20_000):
            break
    raise CheckError("Netlist must have no combinational loop, but has one")


def _by_level(gates: _Gates, order: Nets, levels: Nets, place: Nets, first: int) -> Sequence[GateGroup]:
    """Return the groups of one level and function; `order` has them side by side."""
    keys = np.stack([levels[gates.outs[order]], gates.kinds[order]])
    edges = np.flatnonzero((np.diff(keys, axis=1) != 0).any(axis=0)) + 1
    groups = []
    for begin, end in zip([0, *edges.tolist()], [*edges.tolist(), len(order)], strict=True):
        if begin == end:
            continue
        chosen = order[begin:end]
        function, inputs = gates.programs[int(gates.kinds[chosen[0]])]
        places = tuple(np.ascontiguousarray(place[gates.ins[chosen, k]]) for k in range(inputs))
        groups.append(GateGroup(function, places, first + begin, first + end))
    return groups


def _by_function(gates: _Gates, levels: Nets, place: Nets) -> Sequence[Wave]:
    """Return all gates of each function, by level."""
    waves = []
    for kind, (function, inputs) in enumerate(gates.programs):
        chosen = np.flatnonzero(gates.kinds == kind)
        chosen = chosen[np.argsort(levels[gates.outs[chosen]], kind="stable")]
        places = tuple(np.ascontiguousarray(place[gates.ins[chosen, k]]) for k in range(inputs))
        waves.append(Wave(function, places, place[gates.outs[chosen]], levels[gates.outs[chosen]]))
    return waves


def _placed(group: Registers, place: Nets) -> Registers:
    """Return registers with places instead of nets."""
    enables = None if group.enables is None else place[group.enables]
    return Registers(group.program, tuple(place[nets] for nets in group.inputs), place[group.outs], enables)
