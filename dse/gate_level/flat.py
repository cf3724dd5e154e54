"""A mapped netlist without its hierarchy, as arrays: cells by type, nets by number."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ToolError
from ...hdl.liberty import Library
from ...hdl.netlist import Instance, Netlist, NetlistModule, label_of

__all__ = ["CellGroup", "FlatNetlist", "FlatPort", "MemoryCell", "flat_netlist"]

Nets = NDArray[np.int64]
MEMORY = "$mem_v2"
CONSTANTS: Mapping[object, int] = {"0": 0, "1": 1, "x": 0, "z": 0}  # an unknown is as good as any value


@dataclass(frozen=True)
class CellGroup:
    """All cells of one type.

    Parameters
    ----------
    type
        Name in the library.
    pins
        Pin -> net of each cell, ``(cells,)``.
    labels
        Place of each cell's module label in `FlatNetlist.labels`, ``(cells,)``.
    """

    type: str
    pins: dict[str, Nets]
    labels: NDArray[np.int64]


@dataclass(frozen=True)
class MemoryCell:
    """A memory that stayed whole: ``$mem_v2`` parameters, nets at its ports, place of its label."""

    name: str
    parameters: Mapping[str, Any]
    pins: dict[str, Nets]
    label: int


@dataclass(frozen=True)
class FlatPort:
    """A port of the top: ``input`` or ``output``, and its nets, bit 0 first."""

    direction: str
    nets: Nets


@dataclass(frozen=True)
class FlatNetlist:
    """A design of cells and nets; net 0 is constant 0 and net 1 constant 1.

    Parameters
    ----------
    top
        Name.
    nets
        How many there are.
    groups
        Cells by type.
    memories
        Memories that stayed whole.
    ports
        By name.
    labels
        Module labels, as `label_of` gives them.
    """

    top: str
    nets: int
    groups: tuple[CellGroup, ...]
    memories: tuple[MemoryCell, ...]
    ports: dict[str, FlatPort]
    labels: tuple[str, ...]

    @property
    def cells(self) -> int:
        """How many cells there are, memories left out."""
        return sum(len(group.labels) for group in self.groups)


@dataclass
class _Flat:
    """A module with everything in it: nets by local number, ports, cells and nets that are one."""

    nets: int = 2
    ports: dict[str, tuple[str, Nets]] = field(default_factory=dict)
    pins: dict[str, list[Nets]] = field(default_factory=dict)  # of each type: (cells, pins)
    labels: dict[str, list[NDArray[np.int64]]] = field(default_factory=dict)
    memories: list[MemoryCell] = field(default_factory=list)
    same: list[Nets] = field(default_factory=list)  # (pairs, 2)


def flat_netlist(netlist: Netlist, library: Library) -> FlatNetlist:
    """Return the design without its hierarchy.

    Raises
    ------
    ToolError
        A cell is not in the library, or two constants are connected.
    """
    labels = list(dict.fromkeys(label_of(name, netlist.top) for name in netlist.modules))
    order = {name: _pin_order(library, name) for name in netlist.cells() if name != MEMORY}
    flat: dict[str, _Flat] = {}
    for name in netlist.order:  # those that a module is made of come before it
        place = labels.index(label_of(name, netlist.top))
        flat[name] = _Flattener(netlist.modules[name], flat, order, place).flat
    return _finish(netlist.top, flat[netlist.top], order, tuple(labels))


def _pin_order(library: Library, name: str) -> tuple[str, ...]:
    """Return inputs and outputs of a cell."""
    if name not in library.cells:
        raise ToolError(f"Netlist must be of cells of {library.name}, but {name} is none")
    cell = library.cells[name]
    return (*cell.inputs, *cell.outputs)


class _Flattener:
    """Flattens one module, whose children are flat already."""

    def __init__(
        self, module: NetlistModule, done: Mapping[str, _Flat], order: Mapping[str, tuple[str, ...]], label: int
    ) -> None:
        self.flat, self.numbers, self.label = _Flat(), dict(CONSTANTS), label
        self.flat.ports = {name: (way, self._nets(bits)) for name, (way, bits) in module.ports.items()}
        own: dict[str, list[list[int]]] = {}
        for instance in module.instances:
            if instance.type in done:
                self._child(done[instance.type], instance)
            elif instance.type == MEMORY:
                pins = {pin: self._nets(bits) for pin, bits in instance.pins.items()}
                self.flat.memories.append(MemoryCell(instance.name, instance.parameters, pins, label))
            else:
                own.setdefault(instance.type, []).append([self._pin(instance, pin) for pin in order[instance.type]])
        for kind, rows in own.items():
            self._add(kind, np.array(rows, dtype=np.int64), np.full(len(rows), label, dtype=np.int64))

    def _number(self, bit: object) -> int:
        if bit not in self.numbers:
            self.numbers[bit] = self.flat.nets
            self.flat.nets += 1
        return self.numbers[bit]

    def _nets(self, bits: Iterable[object]) -> Nets:
        return np.array([self._number(bit) for bit in bits], dtype=np.int64)

    def _pin(self, instance: Instance, pin: str) -> int:
        """Return the net at a pin of one bit; one that hangs in the air gets a net of its own."""
        bits = instance.pins.get(pin, ())
        return self._number(bits[0] if bits else (instance.name, pin))

    def _add(self, kind: str, pins: Nets, labels: NDArray[np.int64]) -> None:
        self.flat.pins.setdefault(kind, []).append(pins)
        self.flat.labels.setdefault(kind, []).append(labels)

    def _child(self, child: _Flat, instance: Instance) -> None:
        """Take over a child: its nets at ports become ours, those inside it new ones."""
        to = np.full(child.nets, -1, dtype=np.int64)
        to[:2] = 0, 1
        same: list[tuple[int, int]] = []
        for port, (_, inner) in child.ports.items():
            outer = self._nets(instance.pins.get(port, ()))
            for inside, outside in zip(inner.tolist(), outer.tolist(), strict=False):
                if to[inside] < 0:
                    to[inside] = outside
                elif to[inside] != outside:
                    same.append((int(to[inside]), outside))  # the child passes a net or a constant through
        fresh = to < 0
        count = int(fresh.sum())
        to[fresh] = np.arange(self.flat.nets, self.flat.nets + count)
        self.flat.nets += count
        for kind, parts in child.pins.items():
            for pins, labels in zip(parts, child.labels[kind], strict=True):
                self._add(kind, to[pins], labels)
        for cell in child.memories:
            moved = {pin: to[nets] for pin, nets in cell.pins.items()}
            self.flat.memories.append(replace(cell, name=f"{instance.name}.{cell.name}", pins=moved))
        self.flat.same.extend(to[pairs] for pairs in child.same)
        if same:
            self.flat.same.append(np.array(same, dtype=np.int64))


def _finish(top: str, flat: _Flat, order: Mapping[str, tuple[str, ...]], labels: tuple[str, ...]) -> FlatNetlist:
    """Make nets that are one into one, and number those that are left."""
    pairs = np.concatenate([np.zeros((0, 2), dtype=np.int64), *flat.same])
    to = _merged(flat.nets, pairs.tolist())
    groups = []
    for kind in sorted(flat.pins):
        pins = to[np.concatenate(flat.pins[kind])]
        columns = {pin: np.ascontiguousarray(pins[:, k]) for k, pin in enumerate(order[kind])}
        groups.append(CellGroup(kind, columns, np.concatenate(flat.labels[kind])))
    memories = tuple(replace(cell, pins={pin: to[nets] for pin, nets in cell.pins.items()}) for cell in flat.memories)
    ports = {name: FlatPort(way, to[nets]) for name, (way, nets) in flat.ports.items()}
    return FlatNetlist(top, int(to.max()) + 1, tuple(groups), memories, ports, labels)


def _merged(nets: int, pairs: Sequence[Sequence[int]]) -> Nets:
    """Return the number of each net after those in pairs became one; constants keep theirs."""
    parent = list(range(nets))

    def root(net: int) -> int:
        while parent[net] != net:
            parent[net] = parent[parent[net]]
            net = parent[net]
        return net

    for first, second in pairs:
        low, high = sorted((root(first), root(second)))
        if (low, high) == (0, 1):
            raise ToolError("Netlist must keep constants apart, but 0 and 1 are connected")
        parent[high] = low
    roots = np.array([root(net) for net in range(nets)] if pairs else parent, dtype=np.int64)
    kept = np.union1d(roots, [0, 1])
    return np.searchsorted(kept, roots)
