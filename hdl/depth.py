"""Logic depth of a mapped netlist: the most cells between two registers, across module borders, without flattening."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ..errors import CheckError
from .netlist import Bit, Netlist, NetlistModule

__all__ = ["Pins", "logic_depth"]

Pins = tuple[tuple[str, ...], tuple[str, ...], bool]
"""Inputs and outputs of a cell, and whether it is a register (or a memory), where paths begin and end."""


@dataclass
class _Timing:
    """What a module looks like from outside; ports are given bit by bit as (port, index)."""

    inside: int = 0
    launch: dict[tuple[str, int], int] = field(default_factory=dict)
    capture: dict[tuple[str, int], int] = field(default_factory=dict)
    through: dict[tuple[str, int], dict[tuple[str, int], int]] = field(default_factory=dict)


def logic_depth(netlist: Netlist, pins: Callable[[str], Pins]) -> int:
    """Return the most cells on a path from a register or input to a register or output.

    Parameters
    ----------
    netlist
        The mapped design.
    pins
        Gives the pins of a cell.

    Raises
    ------
    CheckError
        There is a combinational loop.
    """
    seen: dict[str, _Timing] = {}
    for name in netlist.order:
        seen[name] = _module_timing(netlist.modules[name], seen, pins)
    top = seen[netlist.top]
    crossing = [depth for reached in top.through.values() for depth in reached.values()]
    inside = [timing.inside for timing in seen.values()]
    return max([*inside, *top.launch.values(), *top.capture.values(), *crossing])


class _Graph:
    """The combinational arcs of one module: net -> (net, levels), and where paths begin and end inside."""

    def __init__(self) -> None:
        self.arcs: dict[Bit, list[tuple[Bit, int]]] = defaultdict(list)
        self.starts: dict[Bit, int] = {}
        self.ends: dict[Bit, int] = {}

    def add_cell(self, nets: Mapping[str, tuple[Bit, ...]], pins: Pins) -> None:
        """Add a cell of the library: one level, or a register."""
        inputs, outputs, is_register = pins
        driving = [bit for pin in outputs for bit in nets.get(pin, ()) if isinstance(bit, int)]
        read = [bit for pin in inputs for bit in nets.get(pin, ()) if isinstance(bit, int)]
        if is_register:
            self.starts.update(dict.fromkeys(driving, 0))
            self.ends.update({bit: self.ends.get(bit, 0) for bit in read})
            return
        for bit in read:
            self.arcs[bit].extend((out, 1) for out in driving)
        for out in driving if not read else ():
            self.starts[out] = 0

    def add_module(self, nets: Mapping[str, tuple[Bit, ...]], inner: _Timing) -> None:
        """Add an instance of another module."""
        for (port, i), depth in inner.launch.items():
            self._raise(self.starts, nets[port][i], depth)
        for (port, i), depth in inner.capture.items():
            self._raise(self.ends, nets[port][i], depth)
        for (port, i), reached in inner.through.items():
            bit = nets[port][i]
            if isinstance(bit, int):
                self.arcs[bit].extend((nets[out][k], depth) for (out, k), depth in reached.items())

    @staticmethod
    def _raise(depths: dict[Bit, int], bit: Bit, depth: int) -> None:
        if isinstance(bit, int):
            depths[bit] = max(depths.get(bit, 0), depth)

    def sorted_nets(self, module: str) -> list[Bit]:
        """Return all nets, each after those that it depends on."""
        waits: dict[Bit, int] = defaultdict(int)
        for targets in self.arcs.values():
            for bit, _ in targets:
                waits[bit] += 1
        every = set(self.arcs) | set(waits) | set(self.starts) | set(self.ends)
        ready = [bit for bit in every if not waits[bit]]
        order = []
        while ready:
            bit = ready.pop()
            order.append(bit)
            for target, _ in self.arcs.get(bit, ()):
                waits[target] -= 1
                if not waits[target]:
                    ready.append(target)
        if len(order) < len(every):
            raise CheckError(f"Design must be free of combinational loops, but module {module} has one")
        return order

    def reach(self, order: Iterable[Bit], starts: Mapping[Bit, int]) -> dict[Bit, int]:
        """Return how deep each net lies behind these starts; nets out of their reach are left out."""
        depth = dict(starts)
        for bit in order:
            if bit in depth:
                for target, levels in self.arcs.get(bit, ()):
                    if depth[bit] + levels > depth.get(target, -1):
                        depth[target] = depth[bit] + levels
        return depth

    def remaining(self, order: list[Bit]) -> dict[Bit, int]:
        """Return how many levels follow behind each net until a register; other nets are left out."""
        left = dict(self.ends)
        for bit in reversed(order):
            for target, levels in self.arcs.get(bit, ()):
                if target in left and left[target] + levels > left.get(bit, -1):
                    left[bit] = left[target] + levels
        return left


def _module_timing(module: NetlistModule, seen: Mapping[str, _Timing], pins: Callable[[str], Pins]) -> _Timing:
    """Summarise one module whose children are known."""
    graph = _Graph()
    for instance in module.instances:
        if instance.type in seen:
            graph.add_module(instance.pins, seen[instance.type])
        else:
            graph.add_cell(instance.pins, pins(instance.type))
    order = graph.sorted_nets(module.name)
    left = graph.remaining(order)
    behind = graph.reach(order, graph.starts)
    ends = {bit: d for bit, d in graph.ends.items() if bit in behind}
    bits = {
        way: [(port, i, bit) for port, (to, nets) in module.ports.items() if to == way for i, bit in enumerate(nets)]
        for way in ("input", "output")
    }
    timing = _Timing(inside=max((behind[bit] + depth for bit, depth in ends.items()), default=0))
    timing.launch = {(p, i): behind[b] for p, i, b in bits["output"] if b in behind}
    timing.capture = {(p, i): left[b] for p, i, b in bits["input"] if b in left}
    rank = {bit: k for k, bit in enumerate(order)}
    cone = _cone(graph, order, {b for _, _, b in bits["output"]})
    for port, i, bit in bits["input"]:
        if bit in cone:
            depth = graph.reach(_behind(graph, cone, rank, bit), {bit: 0})
            timing.through[port, i] = {(p, k): depth[b] for p, k, b in bits["output"] if b in depth}
    return timing


def _cone(graph: _Graph, order: list[Bit], outputs: set[Bit]) -> set[Bit]:
    """Return the nets from which an output can be reached."""
    cone: set[Bit] = {bit for bit in outputs if isinstance(bit, int)}
    for bit in reversed(order):
        if any(target in cone for target, _ in graph.arcs.get(bit, ())):
            cone.add(bit)
    return cone


def _behind(graph: _Graph, cone: set[Bit], rank: Mapping[Bit, int], start: Bit) -> list[Bit]:
    """Return the nets of the cone behind one net, each after those that it depends on."""
    found, open_ends = {start}, [start]
    while open_ends:
        for target, _ in graph.arcs.get(open_ends.pop(), ()):
            if target in cone and target not in found:
                found.add(target)
                open_ends.append(target)
    return sorted(found, key=lambda bit: rank.get(bit, -1))
