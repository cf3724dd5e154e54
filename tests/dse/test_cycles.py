"""Workloads on designs: every layer's cycles are those of its tensors lowered, and what cannot run is said."""

from typing import Any

import numpy as np
import pytest

from rtloom.dse.cycles import LayerRun, run_workload
from rtloom.dse.workload_report import WorkloadReport
from rtloom.dse.workloads.files import read_workload
from rtloom.dse.workloads.layers import Conv2d
from rtloom.dse.workloads.workload import Workload, parse_workload
from rtloom.errors import InputError
from rtloom.generators.spec import Spec, load

LAYERS = [
    {"name": "fc", "type": "gemm", "m": 5, "k": 70, "n": 33, "repeat": 3},
    {"name": "experts", "type": "gemm", "m": 3, "k": 16, "n": 9, "batch": 4},
    {"name": "product", "type": "gemm", "m": 4, "k": 6, "n": 7, "batch": 2, "weights": "none"},
    {"name": "conv", "type": "conv2d", "height": 6, "width": 5, "channels": 3, "outputs": 7, "kernel": 3, "padding": 1},
    {"name": "depthwise", "type": "conv2d", "height": 6, "width": 6, "channels": 5, "outputs": 5, "kernel": [3, 2]}
    | {"stride": 2, "groups": 5},
    {"name": "attention", "type": "attention", "batch": 2, "heads": 4, "kv_heads": 2, "head_dim": 16}
    | {"queries": 3, "keys": 11, "causal": True},
]
WORKLOAD = parse_workload({"layers": LAYERS}, "mixed", "Workload mixed")


def ones(*shape: int) -> np.ndarray:
    return np.ones(shape, dtype=np.int64)


def lowered(spec: Spec, operation: str, **tensors: Any) -> int:
    """Return the cycles of real tensors."""
    return spec.family.cycles(spec.params, spec.family.lower(spec.params, operation, **tensors))


def runs(spec: str, workload: Workload = WORKLOAD, **options: Any) -> dict[str, LayerRun]:
    return {run.layer.name: run for run in run_workload(load(spec), workload, **options).layers}


@pytest.mark.parametrize("name", ["systolic-4x4-int8", "systolic-8x8-int8-ws", "systolic-8x8-int8-is"])
def test_systolic_arrays_run_everything(name: str) -> None:
    spec, found = load(name), runs(name)
    cycles = {
        "fc": lowered(spec, "gemm", a=ones(5, 70), b=ones(70, 33)),
        "experts": lowered(spec, "gemm", a=ones(4, 3, 16), b=ones(4, 16, 9)),
        "product": lowered(spec, "gemm", a=ones(2, 4, 6), b=ones(2, 6, 7)),
        "conv": lowered(spec, "conv2d", x=ones(1, 6, 5, 3), w=ones(3, 3, 3, 7), padding=1),
        "depthwise": lowered(spec, "conv2d", x=ones(1, 6, 6, 5), w=ones(3, 2, 1, 5), stride=2, groups=5),
        # Two heads share keys: their queries are rows of one product.
        "attention": lowered(spec, "gemm", a=ones(4, 6, 16), b=ones(4, 16, 11))
        + lowered(spec, "gemm", a=ones(4, 6, 11), b=ones(4, 11, 16)),
    }
    assert {name: run.cycles for name, run in found.items()} == cycles
    assert all(run.work == run.layer.macs for run in found.values())


@pytest.mark.parametrize(
    "name", ["lut-m2n64k4-w2a8", "lut-mac-m8n4k16-w8a8", "sparse-4x16-int8", "sparse-bitmap-4x16-int8"]
)
def test_products_with_weights(name: str) -> None:
    """A group of a convolution and an expert are jobs of their own; two activations are refused."""
    spec, found = load(name), runs(name)
    cycles = {
        "fc": lowered(spec, "gemm", a=ones(5, 70), w=ones(33, 70)),
        "experts": 4 * lowered(spec, "gemm", a=ones(3, 16), w=ones(9, 16)),
        "conv": lowered(spec, "conv2d", x=ones(1, 6, 5, 3), w=ones(3, 3, 3, 7), padding=1),
        "depthwise": 5 * lowered(spec, "conv2d", x=ones(1, 6, 6, 1), w=ones(3, 2, 1, 1), stride=2),
    }
    assert {name: found[name].cycles for name in cycles} == cycles
    assert found["depthwise"].how == "5 conv2d"
    title = {"lut": "LUT", "sparse": "Sparse"}[spec.family.name]
    for other in ("product", "attention"):
        assert (found[other].cycles, found[other].how) == (None, f"{title} w must be weights, not activations")


def test_attention_engines_run_attention() -> None:
    spec = load("attention-small")
    q, side = ones(2, 4, 3, 16), ones(2, 2, 11, 16)
    cycles = lowered(spec, "attention", q=q, k=side, v=side, scale_multiplier=1, scale_shift=0, causal=1)
    found = runs("attention-small")
    assert found["attention"].cycles == cycles
    assert found["fc"].how == "Attention has no operation for a layer of type gemm"
    other = runs("attention-16x64-int8")["attention"]
    assert (other.cycles, other.how) == (None, "Attention e must be 16, as the heads are, not 64")


def test_sums_are_of_what_runs() -> None:
    """Repetitions count; what cannot run is in no sum, and the share of it is said."""
    run = run_workload(load("attention-small"), WORKLOAD)
    assert [done.layer.name for done in run.missing] == ["fc", "experts", "product", "conv", "depthwise"]
    (only,) = run.running
    assert (run.cycles.value, run.cycles.source) == (only.cycles, "exact")
    assert run.covered == pytest.approx(only.layer.macs / WORKLOAD.macs)
    whole = run_workload(load("systolic-4x4-int8"), WORKLOAD)
    assert whole.cycles.value == sum(done.layer.repeat * done.needed for done in whole.layers)
    assert whole.layers[0].layer.repeat == 3
    assert whole.utilisation.value == pytest.approx(100 * WORKLOAD.macs / (16 * whole.cycles.value))
    assert whole.covered == 1


def test_nothing_that_runs_has_no_figure() -> None:
    """No sum of nothing: a figure that is missing is an error, never 0."""
    run = run_workload(load("vector-gelu"), WORKLOAD)
    with pytest.raises(
        InputError, match=r"^vector-gelu must run a layer of mixed: Vector has no operation for a layer"
    ):
        _ = run.cycles
    with pytest.raises(InputError, match=r"^Layer fc must be one that the design can run: Vector has no"):
        _ = run.layers[0].figure
    report = WorkloadReport(WORKLOAD, run).to_dict()
    assert (report["cycles"], report["utilisation"], report["macs_run"]) == (None, None, 0)
    assert str(WorkloadReport(WORKLOAD, run)).endswith("; vector-gelu runs none of its layers")


def test_pruned_weights() -> None:
    """Two of four kept take half the steps and do half the work."""
    workload = parse_workload({"layers": [{"name": "fc", "type": "gemm", "m": 64, "k": 4096, "n": 256}]}, "w", "W")
    dense, pruned = runs("sparse-4x16-int8", workload)["fc"], runs("sparse-4x16-int8", workload, kept=2)["fc"]
    assert pruned.work * 2 == dense.work
    assert pruned.needed == pytest.approx(dense.needed / 2, rel=0.01)
    for spec, kept, message in (
        ("systolic-4x4-int8", 2, "Sparse kept must be left out for a design of the family systolic, not 2"),
        ("sparse-4x16-int8", 5, "Sparse kept must be from 1 to block=4, not 5"),
    ):
        with pytest.raises(InputError, match=f"^{message}$"):
            runs(spec, workload, kept=kept)


def test_depthwise_layers_leave_a_large_array_idle() -> None:
    """MobileNetV1 on 64x64: the cycles of its last depthwise layers are those of tensors of that size."""
    spec, found = load("systolic-64x64-int8"), runs("systolic-64x64-int8", read_workload("mobilenet-v1"))
    for name in ("block13.depthwise", "block14.depthwise"):
        layer = found[name].layer
        assert isinstance(layer, Conv2d)
        shapes = layer.arguments
        x, w = ones(*shapes.pop("x")), ones(*shapes.pop("w"))
        assert found[name].cycles == lowered(spec, "conv2d", x=x, w=w, **shapes)
        assert found[name].utilisation.value < 2
    assert found["block4.pointwise"].utilisation.value > 98


def test_large_layers_take_no_tensors() -> None:
    """A prompt of LLaMA, 14 T multiply-accumulates, in a closed form; batch and layers multiply its cycles exactly."""
    one = run_workload(load("systolic-64x64-int8"), read_workload("llama-2-7b-prefill"))
    assert one.cycles.value * one.layers[0].peak > one.workload.macs
    assert 90 < one.utilisation.value < 100


def test_a_reduction_that_is_too_long_is_said() -> None:
    spec = load("lut-m2n64k4-w2a8", max_reduction=4096)
    run = run_workload(spec, read_workload("llama-2-7b-decode"))
    assert {done.layer.name: done.how for done in run.missing} == {
        "attention": "LUT w must be weights, not activations",
        "feed_forward_out": "LUT K must be at most max_reduction=4096, not 11008",
    }


def test_a_report_is_json_and_a_table() -> None:
    report = WorkloadReport(WORKLOAD, run_workload(load("attention-small"), WORKLOAD))
    content = report.to_dict()
    assert (content["report"], content["design"]) == ("workload", "attention-small")
    attention, fc = content["layers"][-1], content["layers"][0]
    assert attention["cycles"]["source"] == "exact"
    assert attention["jobs"] == "attention"
    assert (fc["cycles"], fc["reason"]) == (None, "Attention has no operation for a layer of type gemm")
    assert fc["elements"] == {"inputs": 350, "weights": 2310, "outputs": 165}
    assert report.table()[1][-2:] == ("cannot run", "-")
    assert report.notes() == [
        "Cannot run fc, experts, product: Attention has no operation for a layer of type gemm.",
        "Cannot run conv, depthwise: Attention has no operation for a layer of type conv2d.",
    ]
    assert "without 5 of 6 layers" in str(report)
    assert WorkloadReport(WORKLOAD).to_dict()["design"] is None
