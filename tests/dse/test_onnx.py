"""ONNX models: what becomes a layer, what is counted besides, what is listed, and what is refused."""

import numpy as np
import pytest

from rtloom.dse.cycles import run_workload
from rtloom.dse.workloads.files import read_workload
from rtloom.errors import InputError, ToolError
from rtloom.generators.spec import load

onnx = pytest.importorskip("onnx", reason="the extra `dse` is not installed")
helper, FLOAT = onnx.helper, onnx.TensorProto.FLOAT


def weight(name, *shape, kind=np.float32):
    return onnx.numpy_helper.from_array(np.ones(shape, dtype=kind), name)


def save(path, nodes, inputs, weights, outputs=("y",), **options):
    """Write a model whose inputs have shapes and whose outputs have none."""
    kinds = {"places": onnx.TensorProto.INT64, "if": onnx.TensorProto.BOOL}
    values = [helper.make_tensor_value_info(name, kinds.get(name, FLOAT), shape) for name, shape in inputs.items()]
    results = [helper.make_tensor_value_info(name, FLOAT, None) for name in outputs]
    graph = helper.make_graph(nodes, "g", values, results, initializer=weights)
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17), *options.pop("domains", [])], **options
    )
    onnx.save(model, path)
    return path


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return "m.onnx"


def node(kind, inputs, output, **attributes):
    return helper.make_node(kind, inputs, [output], name=output, **attributes)


def counts(found):
    """Return what matters of the layers: name, multiply-accumulates, parameters."""
    return [(layer.name, layer.macs, layer.parameters) for layer in found.layers]


def test_a_small_network(path) -> None:
    """Convolutions with groups, strides and padding, batch norm, pooling, a head; shapes are inferred."""
    save(
        path,
        [
            node("Conv", ["x", "w1", "b1"], "c1", strides=[2, 2], pads=[0, 0, 1, 1]),
            node("BatchNormalization", ["c1", "s", "s2", "mean", "var"], "bn"),
            node("Relu", ["bn"], "r1"),
            node("Conv", ["r1", "w2"], "c2", group=8, auto_pad="SAME_UPPER"),
            node("GlobalAveragePool", ["c2"], "pool"),
            node("Flatten", ["pool"], "flat"),
            node("Gemm", ["flat", "w3", "b3"], "y", transB=1),
        ],
        {"x": ["N", 3, 16, 16]},
        [
            weight("w1", 8, 3, 3, 3), weight("b1", 8), weight("w2", 8, 1, 3, 3), weight("w3", 10, 8), weight("b3", 10),
            *(weight(name, 8) for name in ("s", "s2", "mean", "var")),
        ],
    )  # fmt: skip
    found = read_workload(path, {"N": 2})
    assert counts(found) == [
        ("c1", 2 * 8 * 8 * 27 * 8, 216),
        ("c2", 2 * 8 * 8 * 9 * 8, 72),
        ("y", 2 * 8 * 10, 80),
    ]
    assert found.layers[0].document()["padding"] == [[0, 1], [0, 1]]
    assert found.other_parameters == {"BatchNormalization parameters": 16, "Conv bias": 8, "Gemm bias": 10}
    assert found.not_counted == ("BatchNormalization (1, with 16 parameters)", "GlobalAveragePool (1)", "Relu (1)")
    assert found.sizes == {"N": 2}
    assert not run_workload(load("systolic-4x4-int8"), found).missing


def test_attention_is_products_of_activations(path) -> None:
    """Projections have weights; scores and means have none; a matrix used twice is counted once."""
    save(
        path,
        [
            node("MatMul", ["x", "w"], "q"),
            node("Reshape", ["q", "split"], "q4"),
            node("Transpose", ["q4"], "heads", perm=[0, 2, 1, 3]),
            node("Transpose", ["heads"], "keys", perm=[0, 1, 3, 2]),
            node("MatMul", ["heads", "keys"], "scores"),
            node("Div", ["scores", "root"], "scaled"),
            node("Softmax", ["scaled"], "p"),
            node("MatMul", ["p", "heads"], "means"),
            node("Transpose", ["w"], "wt", perm=[1, 0]),
            node("MatMul", ["x", "wt"], "y"),
        ],
        {"x": ["batch", "sequence", 8]},
        [
            weight("w", 8, 8),
            weight("root", 1),
            onnx.numpy_helper.from_array(np.array([0, 0, 2, 4]), "split"),
        ],
    )
    found = read_workload(path, {"batch": 3, "sequence": 5})
    assert counts(found) == [
        ("q", 3 * 5 * 64, 64),
        ("scores", 3 * 2 * 5 * 4 * 5, 0),
        ("means", 3 * 2 * 5 * 5 * 4, 0),
        ("y", 3 * 5 * 64, 0),
    ]
    assert [getattr(layer, "weights", None) for layer in found.layers] == ["own", "none", "none", "shared"]
    assert (found.layers[0].m, found.layers[1].batch) == (15, 6)
    assert found.parameters == 64
    assert found.not_counted == ("Div (1)", "Softmax (1)")


def test_products_of_every_kind(path) -> None:
    """Vectors, broadcast axes, weights on the left."""
    save(
        path,
        [
            node("MatMul", ["x", "v"], "vector"),
            node("MatMul", ["left", "x"], "lefty"),
            node("MatMul", ["x", "several"], "broad"),
            node("Gemm", ["flat", "w"], "ta", transA=1),
        ],
        {"x": [2, 3, 4, 5], "flat": [7, 6]},
        [weight("v", 5), weight("left", 9, 4), weight("several", 3, 5, 6), weight("w", 7, 8)],
        ("vector", "lefty", "broad", "ta"),
    )
    layers = {layer.name: layer for layer in read_workload(path).layers}
    shapes = {name: (each.batch, each.m, each.k, each.n, each.parameters) for name, each in layers.items()}
    assert shapes == {
        "vector": (1, 24, 5, 1, 5),
        "lefty": (1, 30, 4, 9, 36),
        "broad": (3, 8, 5, 6, 90),
        "ta": (1, 6, 7, 8, 56),
    }


def test_one_and_three_axes_and_dilation(path) -> None:
    """What is no plain two-dimensional convolution is one of one row, or its products."""
    save(
        path,
        [
            node("Conv", ["a", "w1"], "one", strides=[2], pads=[1, 1]),
            node("Conv", ["b", "w3"], "three"),
            node("Conv", ["c", "w2"], "dilated", dilations=[2, 2], group=2),
        ],
        {"a": [1, 4, 9], "b": [1, 2, 4, 4, 4], "c": [1, 4, 9, 9]},
        [weight("w1", 6, 4, 3), weight("w3", 5, 2, 3, 3, 3), weight("w2", 6, 2, 3, 3)],
        ("one", "three", "dilated"),
    )
    found = read_workload(path)
    assert counts(found) == [("one", 5 * 12 * 6, 72), ("three", 8 * 54 * 5, 270), ("dilated", 25 * 18 * 6, 108)]
    assert [layer.kind for layer in found.layers] == ["conv2d", "gemm", "gemm"]


def test_quantised_models(path) -> None:
    """Weights behind DequantizeLinear are weights; QLinearConv has its kernels in another place."""
    save(
        path,
        [
            node("DequantizeLinear", ["wq", "scale", "zero"], "w"),
            node("Conv", ["x", "w"], "c"),
            node("QuantizeLinear", ["c", "scale1", "zero1"], "q"),
            node("QLinearConv", ["q", "scale1", "zero1", "w2", "scale1", "zero1", "scale1", "zero1", "bias"], "y"),
        ],
        {"x": [1, 3, 4, 4]},
        [
            weight("wq", 6, 3, 1, 1, kind=np.int8), weight("scale", 6), weight("zero", 6, kind=np.int8),
            onnx.numpy_helper.from_array(np.float32(1), "scale1"), onnx.numpy_helper.from_array(np.int8(0), "zero1"),
            weight("w2", 2, 6, 1, 1, kind=np.int8), weight("bias", 2, kind=np.int32),
        ],
    )  # fmt: skip
    found = read_workload(path)
    assert counts(found) == [("c", 16 * 18, 18), ("y", 16 * 12, 12)]
    assert found.other_parameters == {"QLinearConv bias": 2}
    assert found.not_counted == ()


def test_nothing_is_dropped(path) -> None:
    """Operators that are no layers are listed, those with weights as such, and their parameters are counted."""
    save(
        path,
        [
            node("Gather", ["words", "places"], "found"),
            node("ConvTranspose", ["image", "w"], "up"),
            node("Mystery", ["image", "m"], "odd", domain="org.example"),
            node("MatMul", ["found", "p"], "y"),
        ],
        {"image": [1, 2, 4, 4], "places": [2]},
        [weight("words", 9, 8), weight("w", 2, 3, 2, 2), weight("m", 5, 5), weight("p", 8, 2)],
        ("y", "up", "odd"),
        domains=[helper.make_opsetid("org.example", 1)],
    )
    found = read_workload(path)
    assert counts(found) == [("y", 2 * 8 * 2, 16)]
    assert found.other_parameters == {
        "ConvTranspose parameters": 24,
        "Gather parameters": 72,
        "org.example.Mystery parameters": 25,
    }
    assert found.not_counted == (
        "ConvTranspose (1, with 24 parameters)",
        "Gather (1, with 72 parameters)",
        "org.example.Mystery (1, with 25 parameters)",
    )


def test_graphs_inside_are_said(path) -> None:
    """What a branch computes is not looked at, and the list says so."""
    value = helper.make_tensor_value_info("z", FLOAT, None)
    branch = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["z"])], "b", [], [value])
    save(
        path,
        [node("If", ["if"], "maybe", then_branch=branch, else_branch=branch), node("MatMul", ["x", "w"], "y")],
        {"x": [4, 8], "if": []},
        [weight("w", 8, 8)],
        ("y", "maybe"),
    )
    assert read_workload(path).not_counted == ("If with a graph inside (1)",)


def test_a_model_without_layers_is_refused(path) -> None:
    save(path, [node("Relu", ["x"], "y")], {"x": [1]}, [])
    with pytest.raises(InputError, match=r"^ONNX model m.onnx must have a layer: Conv, .*, not 'Relu'$"):
        read_workload(path)


def test_an_unknown_shape_is_refused(path) -> None:
    save(path, [node("MatMul", ["x", "w"], "y")], {"x": ["batch", None, 8]}, [weight("w", 8, 8)])
    with pytest.raises(InputError, match=r"node y \(MatMul\) must have operands of known shape \(--size batch=...\)"):
        read_workload(path)
    with pytest.raises(InputError, match=r"must have operands of known shape, not \(2, '\?', 8\)$"):
        read_workload(path, {"batch": 2})
    with pytest.raises(InputError, match=r"^ONNX model m.onnx has no size 'N'; it has batch$"):
        read_workload(path, {"N": 2})


@pytest.mark.parametrize(
    ("kind", "x", "w"),
    [
        ("Conv", [1, 3, 8, 8], (4, 4, 3, 3)),
        ("Conv", [3, 8], (4, 3)),
        ("MatMul", [2, 3], (4, 5)),
        ("MatMul", [2, 3, 4], (5, 4, 6)),
        ("Gemm", [2, 3], (4, 5)),
    ],
)
def test_shapes_that_do_not_go_together_are_refused(path, kind, x, w) -> None:
    save(path, [node(kind, ["x", "w"], "y")], {"x": x}, [weight("w", *w)])
    with pytest.raises(
        InputError, match=rf"^ONNX model m.onnx (node y \({kind}\) must have operands|must have shapes) that"
    ):
        read_workload(path)


def test_files_that_are_no_models(path, tmp_path) -> None:
    for content in (b"", b"not a model", bytes(range(256))):
        (tmp_path / path).write_bytes(content)
        with pytest.raises(InputError, match=r"^Workload must be an ONNX model"):
            read_workload(path)


def test_the_package_is_wanted_only_for_models(path, monkeypatch) -> None:
    save(path, [node("Relu", ["x"], "y")], {"x": [1]}, [])
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    assert read_workload("bert-base").macs
    with pytest.raises(ToolError, match=r"^onnx must be installed to read ONNX models: pip install 'rtloom\[dse\]'$"):
        read_workload(path)
