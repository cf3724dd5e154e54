"""An ONNX model as nodes, shapes and constants; the package onnx is wanted only when a model is read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from math import prod
from pathlib import Path
from typing import Any

from ...errors import InputError, ToolError, must

__all__ = ["Graph", "Node", "Shape", "open_graph"]

Shape = tuple[int | str, ...]
"""Sizes of the axes; a name, or ``?``, where the model leaves one open."""

_NUMBERS = ("FLOAT", "FLOAT16", "BFLOAT16", "DOUBLE", "INT8", "UINT8", "INT4", "UINT4", "INT32")
"""Types of parameters; what else there is says shapes, places and conditions."""


@dataclass(frozen=True)
class Node:
    """One operator: its name, its kind (with its domain, where that is not ONNX's own), tensors, attributes."""

    name: str
    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]


class Graph:
    """The nodes that compute on activations, and which constants their operands come from.

    Parameters
    ----------
    nodes
        All operators in order.
    shapes
        Of every tensor that has one.
    initial
        Elements of every constant tensor that may be parameters, by name; 0 for others.
    thing
        The model, for messages.
    """

    def __init__(self, nodes: Iterable[Node], shapes: dict[str, Shape], initial: dict[str, int], thing: str) -> None:
        self.shapes, self.thing, self._initial = shapes, thing, dict(initial)
        self._origins: dict[str, frozenset[str]] = {name: frozenset([name]) for name in initial}
        self._claimed: set[str] = set()
        self.nodes: list[Node] = []
        for node in nodes:
            self._add(node)

    def _add(self, node: Node) -> None:
        """Add a node; what computes on constants alone makes constants and is no node."""
        given = [name for name in node.inputs if name]
        if node.kind == "Constant":
            for name in node.outputs:
                self._origins[name] = frozenset([name])
        elif given and all(name in self._origins for name in given):
            origins = frozenset().union(*(self._origins[name] for name in given))
            self._origins.update(dict.fromkeys(node.outputs, origins))
        else:
            self.nodes.append(node)

    def is_constant(self, name: str) -> bool:
        """Whether a tensor is made of constants alone."""
        return name in self._origins

    def shape(self, node: Node, name: str) -> tuple[int, ...]:
        """Return the shape of one of a node's tensors.

        Raises
        ------
        InputError
            Where the model does not say it.
        """
        shape = self.shapes.get(name)
        if shape is None:
            raise InputError(f"{self.thing} node {node.name} ({node.kind}) must have operands of known shape: {name!r}")
        open_axes = [axis for axis in shape if isinstance(axis, str)]
        if open_axes:
            hint = f" (--size {open_axes[0]}=...)" if open_axes[0] != "?" else ""
            raise must(f"{self.thing} node {node.name} ({node.kind})", f"have operands of known shape{hint}", shape)
        return tuple(int(axis) for axis in shape)

    def claim(self, name: str) -> bool:
        """Count the constants behind a tensor as weights; say whether they had not been counted before."""
        new = [origin for origin in self._origins[name] if origin not in self._claimed]
        self._claimed.update(new)
        return any(self._initial.get(origin, 0) for origin in new)

    def claim_rest(self, node: Node) -> int:
        """Return the parameters of a node that have not been counted, and count them; single numbers are none."""
        # Mean and variance of batch norm are what training saw, no parameters.
        names = node.inputs[:3] if node.kind == "BatchNormalization" else node.inputs
        origins = {origin for name in names for origin in self._origins.get(name, ())} - self._claimed
        self._claimed |= origins
        counts = (self._initial.get(origin, 0) for origin in origins)
        return sum(count for count in counts if count > 1)


def open_graph(path: Path, sizes: Mapping[str, int], thing: str) -> Graph:
    """Read a model and infer its shapes.

    Parameters
    ----------
    path
        The ``.onnx`` file.
    sizes
        Values of the dimensions that it leaves open.
    thing
        The model, for messages.

    Raises
    ------
    InputError
        Where the file is no model, or has no open dimension of a name in `sizes`.
    ToolError
        Where the package onnx is not installed.
    """
    try:
        onnx, inference, inliner, wire = map(
            import_module, ("onnx", "onnx.shape_inference", "onnx.inliner", "google.protobuf.message")
        )
    except ImportError:
        raise ToolError("onnx must be installed to read ONNX models: pip install 'rtloom[dse]'") from None
    try:
        model = onnx.load(path, load_external_data=False)
        if model.functions:
            model = inliner.inline_local_functions(model)
        _choose(model.graph, sizes, thing)
        model = inference.infer_shapes(model, data_prop=True)
    except wire.DecodeError:
        raise must("Workload", "be an ONNX model", str(path)) from None
    except (inference.InferenceError, OSError) as error:
        raise InputError(f"{thing} must have shapes that go together: {error}") from None
    if not model.graph.node:
        raise must("Workload", "be an ONNX model with operators", str(path))
    return _graph(model.graph, onnx, thing)


def _choose(graph: Any, sizes: Mapping[str, int], thing: str) -> None:
    """Put numbers in the place of open dimensions, wherever they are named."""
    named = [
        axis
        for value in (*graph.input, *graph.output, *graph.value_info)
        for axis in value.type.tensor_type.shape.dim
        if axis.dim_param
    ]
    known = sorted({axis.dim_param for axis in named})
    for name in sizes:
        if name not in known:
            has = f"it has {', '.join(known)}" if known else "it has none"
            raise InputError(f"{thing} has no size {name!r}; {has}")
    for axis in named:
        if axis.dim_param in sizes:
            axis.dim_value = sizes[axis.dim_param]  # takes the name's place


def _graph(graph: Any, onnx: Any, thing: str) -> Graph:
    """Return what the workload needs of a model."""
    shapes: dict[str, Shape] = {}
    for value in (*graph.input, *graph.output, *graph.value_info):
        if value.type.tensor_type.HasField("shape"):
            shapes[value.name] = tuple(
                axis.dim_value if axis.HasField("dim_value") else axis.dim_param or "?"
                for axis in value.type.tensor_type.shape.dim
            )
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    tensors |= {sparse.values.name: sparse.values for sparse in graph.sparse_initializer}
    nodes = [_node(raw, onnx) for raw in graph.node]
    tensors |= {
        node.outputs[0]: node.attributes["value"]
        for node in nodes
        if node.kind == "Constant" and "value" in node.attributes
    }
    shapes |= {name: tuple(tensor.dims) for name, tensor in tensors.items()}
    numbers = {onnx.TensorProto.DataType.Value(kind) for kind in _NUMBERS}
    initial = {name: prod(tensor.dims) if tensor.data_type in numbers else 0 for name, tensor in tensors.items()}
    return Graph(nodes, shapes, initial, thing)


def _node(raw: Any, onnx: Any) -> Node:
    """Return one operator."""
    own = raw.domain in ("", "ai.onnx")
    inside = [attribute.name for attribute in raw.attribute if attribute.type == onnx.AttributeProto.GRAPH]
    kind = raw.op_type if own else f"{raw.domain}.{raw.op_type}"
    kind += " with a graph inside" if inside else ""
    attributes = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in raw.attribute}
    return Node(raw.name or raw.output[0], kind, tuple(raw.input), tuple(raw.output), attributes)
