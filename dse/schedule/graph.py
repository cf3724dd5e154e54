"""A workload as a graph for scheduling: layers, and the tensors between them with their bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ...errors import InputError
from ..traffic import OperandBits
from ..workloads.layers import Attention, Layer
from ..workloads.vectors import Vector
from ..workloads.wiring import Run
from ..workloads.workload import Workload

__all__ = ["LayerGraph", "Node", "Tensor", "layer_graph"]

Kind = Literal["given", "weights", "made"]


@dataclass(frozen=True)
class Tensor:
    """One tensor as it lies in memory.

    Parameters
    ----------
    name
        For people.
    bytes
        Its size.
    kind
        ``given`` to the network (its input, keys and values of earlier tokens), ``weights``, or ``made`` by a layer.
    final
        Whether no layer reads it: a result of the network.
    """

    name: str
    bytes: int
    kind: Kind
    final: bool = False


@dataclass(frozen=True)
class Node:
    """One repetition of a layer; tensors and nodes by their numbers.

    Parameters
    ----------
    name, layer
        What it is.
    streamed
        Tensors whose rows are read with the rows of the result: inputs, Q, A.
    whole
        Tensors that every row of the result needs as a whole: weights, K and V, B.
    merged
        Tensors that are added to the result, row by row.
    result
        The tensor that it makes.
    after
        Nodes that must come before it.
    """

    name: str
    layer: Layer
    streamed: tuple[int, ...]
    whole: tuple[int, ...]
    merged: tuple[int, ...]
    result: int
    after: tuple[int, ...]


@dataclass(frozen=True)
class LayerGraph:
    """A network: nodes in an order that computes it, and tensors."""

    name: str
    nodes: tuple[Node, ...]
    tensors: tuple[Tensor, ...]

    @property
    def compulsory_bytes(self) -> int:
        """What is given and weights read once, results of the network written once; tensors between need no traffic."""
        return sum(tensor.bytes for tensor in self.tensors if tensor.kind != "made" or tensor.final)


def layer_graph(workload: Workload, bits: OperandBits) -> LayerGraph:
    """Return the graph of a workload.

    A result takes as many bytes as its readers read: where all of them read fewer elements than the layer computes, it
    is pooled or cut as it is written. What a layer reads beyond the results that it is wired to is given from outside:
    keys and values of earlier tokens, a class token.

    Parameters
    ----------
    workload
        The layers with their wires.
    bits
        Widths; results that other layers read have the width of inputs.

    Raises
    ------
    InputError
        Where widths are arrays: a schedule is of one design.
    """
    widths = (bits.inputs, bits.weights, bits.outputs)
    if not all(isinstance(width, int) for width in widths):
        raise InputError("Schedule bits must be integers: a schedule is of one design")
    return _Builder(workload.runs, *widths).graph(workload.name)


class _Builder:
    """Makes tensors for the runs of a workload."""

    def __init__(self, runs: Sequence[Run], inputs: int, weights: int, outputs: int) -> None:
        self.runs, self._inputs, self._weights, self._outputs = runs, inputs, weights, outputs
        self.tensors: list[Tensor] = []
        self._readers: dict[int, list[Run]] = {}
        for run in runs:
            for other in {*run.inputs, *run.merges}:
                self._readers.setdefault(other, []).append(run)
        self.elements = [self._made(at, run) for at, run in enumerate(runs)]
        self.given = self._add("input", self._asked(), inputs, "given") if -1 in self._readers else None
        self.results = [self._result(at, run) for at, run in enumerate(runs)]

    def graph(self, name: str) -> LayerGraph:
        """Return the graph."""
        nodes = tuple(self._node(at, run) for at, run in enumerate(self.runs))
        return LayerGraph(name, nodes, tuple(self.tensors))

    def _made(self, at: int, run: Run) -> int:
        """Return the elements of a result that are kept."""
        made = run.layer.operands.outputs
        asked = [
            reader.layer.operands.inputs if reader.inputs == (at,) and at not in reader.merges else made
            for reader in self._readers.get(at, ())
        ]
        return min(made, max(asked, default=made))

    def _asked(self) -> int:
        """Return the elements of the network's input that its readers need."""
        asked = []
        for run in self._readers[-1]:
            others = sum(self.elements[other] for other in run.inputs if other >= 0)
            asked.append(run.layer.operands.inputs - others if -1 in run.inputs else run.layer.operands.outputs)
        return max(1, *asked)

    def _add(self, name: str, elements: int, bits: int, kind: Kind, *, final: bool = False) -> int:
        """Add a tensor and return its number."""
        self.tensors.append(Tensor(name, -(-elements * bits // 8), kind, final))
        return len(self.tensors) - 1

    def _result(self, at: int, run: Run) -> int:
        """Add the tensor that a run makes."""
        final = at not in self._readers
        bits = self._outputs if final else self._inputs
        return self._add(run.name, self.elements[at], bits, "made", final=final)

    def _node(self, at: int, run: Run) -> Node:
        """Return the node of a run, adding its weights and what it is given besides."""
        operands, layer = run.layer.operands, run.layer
        found = [self._tensor(other) for other in run.inputs]
        had = sum(operands.inputs if other < 0 else self.elements[other] for other in run.inputs)
        if had < operands.inputs:
            found.append(self._add(f"{run.name} given", operands.inputs - had, self._inputs, "given"))
        two = isinstance(layer, Attention) or not (operands.weights or isinstance(layer, Vector))
        streamed, whole = (found[:1], found[1:]) if two else (found, [])
        if two and not whole:
            streamed, whole = [], found  # both operands are parts of one tensor
        if operands.weights:
            whole.append(self._add(f"{run.name} weights", operands.weights, self._weights, "weights"))
        after = sorted({other for other in (*run.inputs, *run.merges) if other >= 0})
        merged = [tensor for tensor in map(self._tensor, run.merges) if tensor not in found]
        return Node(run.name, layer, tuple(streamed), tuple(whole), tuple(merged), self.results[at], tuple(after))

    def _tensor(self, other: int) -> int:
        """Return the tensor of a run's result, or of the network's input."""
        if other >= 0:
            return self.results[other]
        if self.given is None:
            raise InputError("Schedule graph must have an input")
        return self.given
