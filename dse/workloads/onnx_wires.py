"""Which layers of an ONNX model read whose results, seen through the operators between them."""

from collections.abc import Iterable
from math import prod
from typing import Any

from .onnx_graph import Graph, Node
from .wiring import NETWORK_INPUT

__all__ = ["OnnxWires"]

_ELEMENTWISE = frozenset({"Add", "Sub", "Mul", "Div", "Sum", "Max", "Min", "Mean", "Pow", "PRelu", "Where"})
_SHAPES = frozenset({"Shape", "Size"})
"""Operators that read no numbers of their input."""

_INPUT = -1


class OnnxWires:
    """Follows tensors from layer to layer, node after node.

    Operators between layers happen as results are written. One that computes on results of several layers element by
    element is part of the last of them, into which the others are merged, where that one has as many elements; all
    others hand on where their operands came from.

    Parameters
    ----------
    graph
        The model.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._sources: dict[str, tuple[int, ...]] = {}
        self._elements: list[int | None] = []
        self._inputs: list[tuple[int, ...]] = []
        self._merges: list[list[int]] = []

    def layer(self, node: Node) -> None:
        """Add a node that is a layer."""
        self._inputs.append(self._all(node.inputs) or (_INPUT,))
        self._merges.append([])
        self._elements.append(self._count(node.outputs[0]))
        self._sources.update(dict.fromkeys(node.outputs, (len(self._inputs) - 1,)))

    def other(self, node: Node) -> None:
        """Add a node that is none."""
        found = () if node.kind in _SHAPES else self._all(node.inputs)
        if node.kind in _ELEMENTWISE and len(found) > 1:
            found = self._merged(node, found)
        self._sources.update(dict.fromkeys(node.outputs, found))

    def entry(self, number: int, names: list[str]) -> dict[str, Any]:
        """Return the wires of a layer as a workload holds them, `names` being those of all layers."""
        inputs, merges = self._inputs[number], self._merges[number]
        called = {_INPUT: NETWORK_INPUT} | dict(enumerate(names))
        found: dict[str, Any] = {}
        if inputs != (number - 1,):
            found["inputs"] = [called[other] for other in inputs]
        if merges:
            found["merges"] = [called[other] for other in merges]
        return found

    def _merged(self, node: Node, found: tuple[int, ...]) -> tuple[int, ...]:
        """Merge what an operator reads into the last layer of it; hand on all where that is not possible."""
        last = max(found)
        size = self._elements[last] if last >= 0 else None
        others: list[int] = []
        for name in self._activations(node.inputs):
            sources = [other for other in self._of(name) if other != last]
            if size is not None and self._count(name) == size:
                others += sources
            elif set(sources) - {_INPUT}:
                return found  # a result of another shape: whoever reads this reads both
        if size is None:
            return found
        merges = self._merges[last]
        merges += [other for other in dict.fromkeys(others) if other not in merges]
        return (last,)

    def _activations(self, names: Iterable[str]) -> list[str]:
        """Return the tensors that are computed or given."""
        return [name for name in names if name and not self._graph.is_constant(name)]

    def _of(self, name: str) -> tuple[int, ...]:
        """Return the layers that a tensor came from; the network's input where nothing made it."""
        return self._sources.get(name, (_INPUT,))

    def _all(self, names: Iterable[str]) -> tuple[int, ...]:
        """Return the layers that tensors came from, each once, in order."""
        return tuple(dict.fromkeys(other for name in self._activations(names) for other in self._of(name)))

    def _count(self, name: str) -> int | None:
        """Return the elements of a tensor; None where they are not known."""
        shape = self._graph.shapes.get(name)
        if shape is None or any(isinstance(axis, str) for axis in shape):
            return None
        return prod(int(axis) for axis in shape)
