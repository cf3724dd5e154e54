"""ONNX operators that are layers: how each becomes one, from its shapes and attributes."""

from collections.abc import Callable
from functools import partial
from math import prod
from typing import Any

import numpy as np

from ...errors import must
from .onnx_graph import Graph, Node

__all__ = ["LAYERS"]

Document = dict[str, Any]
"""A layer as a workload's YAML holds it, and `weight_of`: the constant that its weights are, or None."""


def _convolution(graph: Graph, node: Node, at: int) -> Document:
    """Describe a convolution whose kernels are input number `at`; a dilated or three-dimensional one as products."""
    x, w = graph.shape(node, node.inputs[0]), graph.shape(node, node.inputs[at])
    axes, given = len(x) - 2, node.attributes
    groups = int(given.get("group", 1))
    _check(graph, node, axes >= 1 and len(w) == len(x) and x[1] == w[1] * groups, (x, w))
    dilated = any(step != 1 for step in given.get("dilations", ()))
    if axes > 2 or dilated:
        places = graph.shape(node, node.outputs[0])
        sizes = {"m": places[0] * prod(places[2:]), "k": prod(w[1:]), "n": w[0] // groups, "batch": groups}
        return {"type": "gemm", **sizes, **_weights(graph, node.inputs[at])}
    lead = 2 - axes  # an axis of one row where there is only one axis
    (height, width), kernel = (1,) * lead + x[2:], (1,) * lead + w[2:]
    stride = [1] * lead + [int(step) for step in given.get("strides", (1,) * axes)]
    found = {"type": "conv2d", "batch": x[0], "height": height, "width": width, "channels": x[1], "outputs": w[0]}
    found |= {"kernel": list(kernel), "stride": stride, "padding": _padding(given, axes), "groups": groups}
    return found | _weights(graph, node.inputs[at])


def _padding(given: dict[str, Any], axes: int) -> Any:
    """Return the padding as a layer takes it."""
    automatic = given.get("auto_pad", b"NOTSET")
    if automatic in (b"SAME_UPPER", b"SAME_LOWER"):
        return "same"  # the odd zero's side changes no shape
    pads = [int(pad) for pad in given.get("pads", (0,) * (2 * axes))]
    pairs = [[before, after] for before, after in zip(pads[:axes], pads[axes:], strict=True)]
    return [[0, 0]] * (2 - axes) + pairs


def _gemm(graph: Graph, node: Node) -> Document:
    """Describe the operator Gemm."""
    a, b = (graph.shape(node, name) for name in node.inputs[:2])
    _check(graph, node, len(a) == len(b) == 2, (a, b))
    m, k = a[::-1] if node.attributes.get("transA") else a
    rows, n = b[::-1] if node.attributes.get("transB") else b
    _check(graph, node, rows == k, (a, b))
    return _product(graph, node, (0, 1), (1, m, k, n), (1, 1))


def _matmul(graph: Graph, node: Node, at: int) -> Document:
    """Describe a product of any number of axes, as NumPy broadcasts them, whose B is input number `at`."""
    a, b = graph.shape(node, node.inputs[0]), graph.shape(node, node.inputs[at])
    a, b = (1, *a) if len(a) == 1 else a, (*b, 1) if len(b) == 1 else b
    _check(graph, node, min(len(a), len(b)) >= 2 and a[-1] == b[-2], (a, b))
    try:
        every = prod(np.broadcast_shapes(a[:-2], b[:-2]))
    except ValueError:
        every = 0
    _check(graph, node, every > 0, (a, b))
    return _product(graph, node, (0, at), (every, a[-2], a[-1], b[-1]), (prod(a[:-2]), prod(b[:-2])))


def _product(
    graph: Graph, node: Node, places: tuple[int, int], sizes: tuple[int, int, int, int], own: tuple[int, int]
) -> Document:
    """Describe products A x B, `sizes` being how many there are, M, K and N, and `own` how many A and B there are.

    Where A is constant and B is not, the weights are on the left, and the product is that of the transposes. Products
    with the same right side are one with more rows.
    """
    every, m, k, n = sizes
    left, right = (node.inputs[place] for place in places)
    weight, different = right, own[1]
    if graph.is_constant(left) and not graph.is_constant(right):
        m, n, weight, different = n, m, left, own[0]
    found = {"type": "gemm", "m": every // different * m, "k": k, "n": n, "batch": different}
    return found | _weights(graph, weight)


def _weights(graph: Graph, name: str) -> Document:
    """Say what the right side of a layer is."""
    return {"weight_of": name} if graph.is_constant(name) else {"weight_of": None, "weights": "none"}


def _check(graph: Graph, node: Node, agree: bool, shapes: tuple[tuple[int, ...], ...]) -> None:
    """Refuse operands that do not go together."""
    if not agree:
        raise must(f"{graph.thing} node {node.name} ({node.kind})", "have operands that go together", shapes)


LAYERS: dict[str, Callable[[Graph, Node], Document]] = {
    "Conv": partial(_convolution, at=1),
    "ConvInteger": partial(_convolution, at=1),
    "QLinearConv": partial(_convolution, at=3),
    "Gemm": _gemm,
    "MatMul": partial(_matmul, at=1),
    "MatMulInteger": partial(_matmul, at=1),
    "QLinearMatMul": partial(_matmul, at=3),
}
"""Operators that become layers."""
