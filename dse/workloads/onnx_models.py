"""An ONNX model to a workload: its convolutions and products from their shapes; what else there is, is listed."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import must
from .onnx_graph import open_graph
from .onnx_layers import LAYERS
from .onnx_wires import OnnxWires
from .workload import Workload, parse_workload

__all__ = ["read_onnx"]

_SHAPING = frozenset(
    {"Constant", "ConstantOfShape", "Shape", "Size", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose"}
    | {"Identity", "Cast", "Concat", "Split", "Slice", "Expand", "Dropout"}
    | {"QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"}
)
"""Operators that move or name numbers and compute none that a layer list would have."""


def read_onnx(path: Path, sizes: Mapping[str, int] | None = None) -> Workload:
    """Return the workload of an ONNX model.

    Conv, Gemm and MatMul, and what is quantised of them, become layers; a product of two activations (as in attention)
    has no weights. Layers are wired as in the model, through the operators between them. Parameters of other operators
    are counted by operator, and all other operators are listed.

    Parameters
    ----------
    path
        The model; weights in files beside it are not read, their shapes are enough.
    sizes
        Values of the dimensions that the model leaves open, by their names in it.

    Raises
    ------
    InputError
        Where the file is no model, has no layers, or does not say the shape of one's operands.
    ToolError
        Where the package onnx is not installed.
    """
    thing = f"ONNX model {path}"
    graph = open_graph(path, sizes or {}, thing)
    layers: list[dict[str, Any]] = []
    wires = OnnxWires(graph)
    others: Counter[str] = Counter()
    parameters: Counter[str] = Counter()
    for node in graph.nodes:
        found = LAYERS[node.kind](graph, node) if node.kind in LAYERS else None
        if found is not None:
            wires.layer(node)
            weights = found.pop("weight_of")
            layers.append({"name": _unique(node.name, layers)} | found)
            if weights is not None and not graph.claim(weights):
                layers[-1]["weights"] = "shared"
        else:
            wires.other(node)
            others[node.kind] += node.kind not in _SHAPING
        parameters[f"{node.kind} {'bias' if found else 'parameters'}"] += graph.claim_rest(node)
    if not layers:
        raise must(thing, f"have a layer: {', '.join(sorted(LAYERS))}", ", ".join(sorted(+others)))
    names = [layer["name"] for layer in layers]
    for number, layer in enumerate(layers):
        layer.update(wires.entry(number, names))
    document = {
        "description": f"ONNX model {path.name}",
        "source": path.name,
        "sizes": dict(sizes or {}),
        "layers": layers,
        "other_parameters": {name: count for name, count in sorted(parameters.items()) if count},
        "not_counted": [_listed(kind, count, parameters) for kind, count in sorted(others.items()) if count],
    }
    return parse_workload(document, path.stem, thing, sizes)


def _listed(kind: str, count: int, parameters: Counter[str]) -> str:
    """Return how an operator that is no layer is listed."""
    own = parameters[f"{kind} parameters"]
    return f"{kind} ({count}, with {own:,} parameters)" if own else f"{kind} ({count})"


def _unique(name: str, layers: list[dict[str, Any]]) -> str:
    """Return a name that no layer has."""
    taken = {layer["name"] for layer in layers}
    numbered = (f"{name}.{at}" for at in range(2, len(layers) + 3))
    return name if name not in taken else next(other for other in numbered if other not in taken)
