"""What can be seen of a design, and what may be assumed of its surroundings: the rules of its streams."""

from collections.abc import Container

from ...hdl.manifest import BoundStream, Manifest
from .cones import Cones, Reach
from .graph import FREE, State

__all__ = ["Contract"]


class Contract:
    """The streams of a manifest in a circuit.

    Parameters
    ----------
    cones
        The circuit.
    manifest
        Names of reset and streams.
    """

    WORDS = "that sources hold what they offer until it is taken"

    def __init__(self, cones: Cones, manifest: Manifest) -> None:
        self._cones, self._streams = cones, manifest.streams
        reset = cones.leaves[cones.circuit.variable(manifest.reset.name)]
        self._runs = reset ^ (not manifest.reset.active_low)
        self._rules: tuple[int, dict[int, State]] | None = None

    def differs(self, reach: Reach) -> int:
        """Return the literal that says that a fault can be seen."""
        graph, cones, outputs = self._cones.graph, self._cones, self._cones.circuit.outputs
        seen = []
        for bound in self._streams:
            signals = bound.signals
            if bound.port.direction == "in":
                offered = graph.both(self._runs, cones.leaves[cones.circuit.variable(signals.valid)])
                seen.append(graph.both(offered, cones.differ(reach, outputs[signals.ready])))
                continue
            seen.append(cones.differ(reach, outputs[signals.valid]))
            offered = graph.both(self._runs, cones.faultless(outputs[signals.valid]))
            carried = graph.any(cones.differ(reach, outputs[name]) for name in _carried(bound, outputs))
            seen.append(graph.both(offered, carried))
        return graph.any(seen)

    def allowed(self, bad: int, states: dict[int, State]) -> int:
        """Return `bad` as far as all sources have kept the rules; registers that this needs are put with the states."""
        if self._rules is None:
            self._rules = self._kept()
        kept, added = self._rules
        states |= added
        return self._cones.graph.both(bad, kept)

    def _kept(self) -> tuple[int, dict[int, State]]:
        """Return the literal that says that sources keep the rules, now and in all cycles before, and its registers."""
        graph, cones, circuit = self._cones.graph, self._cones, self._cones.circuit
        added: dict[int, State] = {}

        def held(literal: int, start: int) -> int:
            own = graph.leaf()
            added[own >> 1] = State(literal, start, own >> 1)
            return own

        broken = []
        for bound in self._streams:
            if bound.port.direction == "out":
                continue
            signals = bound.signals
            valid = cones.leaves[circuit.variable(signals.valid)]
            refused = graph.both(valid, cones.faultless(circuit.outputs[signals.ready]) ^ 1)
            waits = held(graph.both(refused, self._runs), 0)
            wires = [cones.leaves[circuit.variable(name)] for name in _carried(bound, circuit.inputs)]
            changed = [valid ^ 1, *(graph.differ(wire, held(wire, FREE)) for wire in wires)]
            broken.append(graph.both(graph.both(waits, self._runs), graph.any(changed)))
        before = graph.leaf()
        kept = graph.both(before ^ 1, graph.any(broken) ^ 1)
        added[before >> 1] = State(kept ^ 1, 0, before >> 1)
        return kept, added


def _carried(bound: BoundStream, known: Container[str]) -> list[str]:
    """Return the names of the bits that a stream carries beside valid and ready."""
    signals = bound.signals
    bits = 8 * bound.port.nbytes
    names = [signals.data] if bits == 1 else [f"{signals.data}[{bit}]" for bit in range(bits)]
    return [name for name in [*names, *([signals.last] if signals.last else [])] if name in known]
