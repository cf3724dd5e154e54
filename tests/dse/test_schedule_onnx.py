"""ONNX models wired as they are: shortcuts, attention, gates, branches; and scheduled."""

import numpy as np
import pytest

from rtloom.dse.schedule.graph import layer_graph
from rtloom.dse.schedule.scheduler import schedule
from rtloom.dse.traffic import OperandBits
from rtloom.dse.workloads.files import read_workload

onnx = pytest.importorskip("onnx", reason="the extra `dse` is not installed")
helper, FLOAT = onnx.helper, onnx.TensorProto.FLOAT


def node(kind, inputs, output, **attributes):
    return helper.make_node(kind, inputs, [output], name=output, **attributes)


@pytest.fixture
def wired(tmp_path):
    def save(nodes, shapes, weights, output="y"):
        values = [helper.make_tensor_value_info(name, FLOAT, shape) for name, shape in shapes.items()]
        results = [helper.make_tensor_value_info(output, FLOAT, None)]
        initial = [onnx.numpy_helper.from_array(np.ones(shape, np.float32), name) for name, shape in weights.items()]
        graph = helper.make_graph(nodes, "g", values, results, initializer=initial)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), tmp_path / "m.onnx")
        workload = read_workload(tmp_path / "m.onnx")
        names = ["input", *(run.name for run in workload.runs)]
        wires = {
            run.name: ([names[at + 1] for at in run.inputs], [names[at + 1] for at in run.merges])
            for run in workload.runs
        }
        return workload, wires

    return save


def test_shortcuts_are_merged_into_the_last_layer(wired) -> None:
    """A residual block with a projection, then one with an identity, then a squeeze-and-excitation gate."""
    workload, wires = wired(
        [
            node("Conv", ["x", "w3"], "c1", pads=[1, 1, 1, 1]),
            node("Relu", ["c1"], "r1"),
            node("Conv", ["r1", "w3"], "c2", pads=[1, 1, 1, 1]),
            node("Conv", ["x", "w1"], "short"),
            node("Add", ["c2", "short"], "s1"),
            node("Relu", ["s1"], "r2"),
            node("Conv", ["r2", "w3"], "c3", pads=[1, 1, 1, 1]),
            node("Add", ["c3", "r2"], "s2"),
            node("GlobalAveragePool", ["s2"], "pool"),
            node("Conv", ["pool", "w1"], "gate"),
            node("Sigmoid", ["gate"], "sig"),
            node("Mul", ["s2", "sig"], "scaled"),
            node("Conv", ["scaled", "w1"], "y"),
        ],
        {"x": [1, 4, 8, 8]},
        {"w3": (4, 4, 3, 3), "w1": (4, 4, 1, 1)},
    )
    assert wires == {
        "c1": (["input"], []),
        "c2": (["c1"], []),
        "short": (["input"], ["c2"]),
        "c3": (["short"], ["short"]),
        "gate": (["c3"], []),
        "y": (["c3", "gate"], []),
    }
    graph = layer_graph(workload, OperandBits())
    # The gate reads four means, but the last layer reads all that they are means of.
    assert [tensor.bytes for tensor in graph.tensors if tensor.name == "c3"] == [4 * 8 * 8]
    found = schedule(graph, 1024, pages=16)
    found.check()
    assert found.every_order


def test_attention_reads_its_three_projections(wired) -> None:
    _, wires = wired(
        [
            node("MatMul", ["x", "w"], "q"),
            node("MatMul", ["x", "w2"], "k"),
            node("MatMul", ["x", "w3"], "v"),
            node("Transpose", ["k"], "kt", perm=[0, 2, 1]),
            node("MatMul", ["q", "kt"], "scores"),
            node("Add", ["scores", "mask"], "masked"),
            node("Softmax", ["masked"], "p"),
            node("MatMul", ["p", "v"], "means"),
            node("MatMul", ["means", "w4"], "out"),
            node("Add", ["out", "x"], "y"),
        ],
        {"x": [1, 6, 8], "mask": [1, 1, 6]},
        {"w": (8, 8), "w2": (8, 8), "w3": (8, 8), "w4": (8, 8)},
    )
    assert wires == {
        **dict.fromkeys(("q", "k", "v"), (["input"], [])),
        "scores": (["q", "k"], []),
        "means": (["scores", "v"], []),
        "out": (["means"], ["input"]),
    }


def test_branches_are_read_together(wired) -> None:
    """A concatenation hands on both branches, and either may come first."""
    workload, wires = wired(
        [
            node("Conv", ["x", "w1"], "a"),
            node("Conv", ["a", "w1"], "b"),
            node("Conv", ["a", "w3"], "c", pads=[1, 1, 1, 1]),
            node("Concat", ["b", "c"], "cat", axis=1),
            node("Conv", ["cat", "w8"], "y"),
        ],
        {"x": [1, 4, 8, 8]},
        {"w1": (4, 4, 1, 1), "w3": (4, 4, 3, 3), "w8": (4, 8, 1, 1)},
    )
    assert wires["y"] == (["b", "c"], [])
    assert wires["c"] == (["a"], [])
    found = schedule(layer_graph(workload, OperandBits()), 1024, pages=16)
    found.check()
    assert found.gap == pytest.approx(0)
