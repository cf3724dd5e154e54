"""Layers of vectors: what they hold, and their exact cycles and streams on vector units, alone and many at once."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtloom.dse.cycles import layer_cycles, run_workload
from rtloom.dse.estimation import around, estimate
from rtloom.dse.schedule.graph import layer_graph
from rtloom.dse.schedule.scheduler import schedule
from rtloom.dse.space.document import parse_space
from rtloom.dse.streams import layer_stream_bits, operand_bits
from rtloom.dse.tier0.layers import dram_bytes_by_layer
from rtloom.dse.traffic import OperandBits, layer_traffic
from rtloom.dse.workload_report import WorkloadReport
from rtloom.dse.workloads.files import read_workload
from rtloom.dse.workloads.layers import Operands
from rtloom.dse.workloads.vectors import Vector
from rtloom.dse.workloads.workload import Workload, parse_workload
from rtloom.errors import InputError
from rtloom.generators.batch import batch_of
from rtloom.generators.family import Job
from rtloom.generators.spec import load
from rtloom.generators.vector.examples import draw_arguments
from rtloom.generators.vector.family import VECTOR
from rtloom.generators.vector.params import UNITS, USES, VectorParams

VECTORS = ["bert-base-vectors", "llama-2-7b-decode-vectors", "llama-2-7b-prefill-vectors", "vit-b-16-vectors"]
SOFTMAX = {"name": "scores", "type": "vector", "function": "softmax", "vectors": 12, "length": 40, "repeat": 2}
GELU = {"name": "gelu", "type": "vector", "function": "gelu", "vectors": 3, "length": 50}
GEMM = {"name": "fc", "type": "gemm", "m": 3, "k": 8, "n": 50}


def workload(*layers: dict[str, Any]) -> Workload:
    """Return a workload of these layers."""
    return parse_workload({"layers": list(layers)}, "w", "Workload w")


def layer(function: str, vectors: int, length: int) -> Vector:
    """Return a layer."""
    return Vector.parse({"name": "v", "function": function, "vectors": vectors, "length": length})


def job(params: VectorParams, vectors: int, length: int) -> Job:
    """Return a job of real tensors, scaled by the same numbers throughout."""
    rng, shape = np.random.default_rng(0), (vectors, length)
    rest = draw_arguments(params, shape, rng, each=False, corners=False)
    return VECTOR.lower(params, params.unit, x=params.x_format.random(rng, shape), **rest)


def carried(params: VectorParams, lowered: Job) -> int:
    """Return the bits of elements and of what belongs to them on all streams of a job."""
    beats = {name: len(next(iter(fields.values()))) for name, fields in lowered.inputs.items()} | lowered.outputs
    fields = ((port.name, field) for port in VECTOR.ports(params) for field in port.fields)
    return sum(
        beats[port] * field.width for port, field in fields if port != "scale" and field.name in (
            "data", "gamma", "beta", "cos", "sin",
        )
    )  # fmt: skip


@st.composite
def units(draw: st.DrawFn) -> VectorParams:
    """Draw a unit of any function."""
    unit = draw(st.sampled_from(UNITS))
    lanes = draw(st.integers(1, 9)) if unit != "rope" else 2 * draw(st.integers(1, 4))
    raw = {"unit": unit, "lanes": lanes, "input_format": draw(st.sampled_from(["int4", "int8", "int12"]))}
    chosen = {
        "max_length": draw(st.integers(40, 300)),
        "table_bits": draw(st.integers(2, 5)),
        "affine": draw(st.sampled_from([None, "none", "gamma", "gamma_beta"])),
        "pairing": draw(st.sampled_from(["adjacent", "halves"])),
        "angle_format": draw(st.sampled_from(["int8", "int16"])),
    }
    return VectorParams.parse(raw | {name: value for name, value in chosen.items() if unit in USES[name]})


@settings(max_examples=60)
@given(params=units(), vectors=st.integers(1, 6), half=st.integers(1, 20))
def test_cycles_and_streams_are_those_of_tensors(params: VectorParams, vectors: int, half: int) -> None:
    """Also where the parameters are those of a batch, as tier 0 has them."""
    length = 2 * half - (vectors % 2) * (params.unit != "rope")
    shape, lowered = layer(params.unit, vectors, length), job(params, vectors, length)
    for design in (params, batch_of(VectorParams, dict(params))):
        assert layer_cycles(VECTOR, design, shape) == (params.unit, VECTOR.cycles(params, lowered), lowered.work)
        assert layer_stream_bits(design, shape) == carried(params, lowered)


def test_a_layer_has_elements_and_no_work_of_products() -> None:
    norm = layer("layernorm", 384, 768)
    assert (norm.macs, norm.parameters, norm.operands) == (0, 0, Operands(384 * 768, 0, 384 * 768))
    assert (norm.sizes, norm.amount) == ("layernorm, 384 x 768", 384 * 768)
    mixed = workload(GEMM, GELU | {"inputs": ["fc"]})
    assert (mixed.amount, mixed.counted) == (3 * 8 * 50 + 3 * 50, "MACs and elements")
    assert [workload(one).counted for one in (GEMM, GELU)] == ["MACs", "elements"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"function": "tanh"},
         "Vector function must be softmax, layernorm, rmsnorm, gelu, silu or rope, not 'tanh'"),
        ({"length": 0}, "Vector length must be an integer from 1 to 16777216, not 0"),
        ({"vectors": None}, "Vector vectors must be an integer from 1 to 16777216, not None"),
        ({"function": "rope", "length": 39}, "Vector length must be even for rope, not 39"),
        ({"heads": 3}, "Vector has no parameter 'heads'; it has name, repeat, function, vectors, length"),
    ],
)  # fmt: skip
def test_mistakes_name_the_layer(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        workload(SOFTMAX | change)
    assert str(caught.value) == f"Workload w layer scores: {message}"


@pytest.mark.parametrize(
    ("design", "changes", "message"),
    [
        ("vector-gelu", {}, "Vector unit must be softmax, which the layer computes, not 'gelu'"),
        ("vector-softmax", {"max_length": 32},
         "Vector x must have at most max_length=32 elements along its last axis, not 40"),
        ("systolic-4x4-int8", {}, "Systolic has no operation for a layer of type vector"),
        ("lut-m2n64k4-w2a8", {}, "LUT has no operation for a layer of type vector"),
        ("sparse-4x16-int8", {}, "Sparse has no operation for a layer of type vector"),
        ("attention-small", {}, "Attention has no operation for a layer of type vector"),
    ],
)  # fmt: skip
def test_designs_that_cannot_run_a_layer_say_why(design: str, changes: dict[str, Any], message: str) -> None:
    (run,) = run_workload(load(design, **changes), workload(SOFTMAX)).layers
    assert (run.cycles, run.how) == (None, message)


def test_shares_of_a_workload_without_products_are_of_elements() -> None:
    run = run_workload(load("vector-gelu"), workload(SOFTMAX, GELU))
    assert run.covered == pytest.approx(150 / (2 * 12 * 40 + 150))
    assert run.utilisation.value == pytest.approx(100 * 150 / (2 * run.cycles.value))
    text = str(WorkloadReport(run.workload, run))
    assert text.startswith("w: 1.11 k elements, 0 parameters; on vector-gelu ")
    assert text.endswith(" % of its multiplications used; without 1 of 2 layers, 86.5 % of the elements")
    nothing = run_workload(load("systolic-4x4-int8"), workload(SOFTMAX))
    assert nothing.covered == 0
    with pytest.raises(InputError, match=r"^systolic-4x4-int8 must run a layer of w: Systolic has no operation"):
        _ = nothing.cycles


def test_vectors_pass_the_memories_once() -> None:
    """Elements come and go once, whatever the buffer holds; one that has no room for an element is refused."""
    found = layer_traffic(layer("softmax", 12, 40), OperandBits(8, 8, 16), np.array([3, 1 << 20]))
    assert found.dram_bytes.tolist() == found.compulsory_bytes.tolist() == [480 * 3] * 2
    assert found.how.tolist() == ["vectors pass by"] * 2
    with pytest.raises(InputError, match=r"^Traffic buffer_bytes for layer v must have room for a row, not 2$"):
        layer_traffic(layer("softmax", 12, 40), OperandBits(8, 8, 16), 2)
    bits = operand_bits(load("vector-softmax", input_format="int12").params)
    assert (bits.inputs, bits.outputs) == (12, 8)


ELEMENTS = {
    "bert-base-vectors": {"layernorm": 25 * 128 * 768, "softmax": 12 * 12 * 128 * 128, "gelu": 12 * 128 * 3072},
    "vit-b-16-vectors": {"layernorm": 25 * 197 * 768, "softmax": 12 * 12 * 197 * 197, "gelu": 12 * 197 * 3072},
    "llama-2-7b-decode-vectors": {
        "rmsnorm": 65 * 4096, "rope": 2 * 32 * 4096, "softmax": 32 * 32 * 2048, "silu": 32 * 11008,
    },
}  # fmt: skip
ELEMENTS["llama-2-7b-prefill-vectors"] = {
    name: 2048 * count for name, count in ELEMENTS["llama-2-7b-decode-vectors"].items()
}


@pytest.mark.parametrize("name", VECTORS)
def test_counts_are_those_of_the_networks(name: str) -> None:
    """Layers, heads and widths as published; the norms as many as the workload of products has parameters for."""
    found, counts = read_workload(name), dict[str, int]()
    norms = 0
    for each in found.layers:
        assert isinstance(each, Vector)
        counts[each.function] = counts.get(each.function, 0) + each.repeat * each.elements
        norms += each.repeat * each.length * each.function.endswith("norm")
    assert counts == ELEMENTS[name]
    products = read_workload(name.removesuffix("-vectors"))
    held = next(count for what, count in products.other_parameters.items() if what.endswith("norms"))
    assert held == norms * (2 if "layernorm" in counts else 1)
    assert (found.sizes, found.source.split(";")[0]) == (products.sizes, products.source.split(";")[0])


@pytest.mark.parametrize("method", ["lru", "belady", "milp"])
def test_schedules_move_vectors_that_products_made_once(method: str) -> None:
    """What stands between products is read and written in DRAM; what a layer of the workload makes stays."""
    pytest.importorskip("scipy")
    found = read_workload("bert-base-vectors", {"sequence": 32})
    moved = 2 * found.amount
    plan = schedule(layer_graph(found, OperandBits()), 1 << 20, method)
    assert plan.dram_bytes.value == moved
    chain = workload({**GEMM, "name": "first"}, GELU, {**GEMM, "k": 50, "n": 8})
    plan = schedule(layer_graph(chain, OperandBits()), 1 << 20, method)
    assert plan.dram_bytes.value == 3 * 8 + 8 * 50 + 50 * 8 + 3 * 8


def test_a_schedule_of_a_space_is_of_one_unit() -> None:
    pytest.importorskip("scipy")
    raw = {"family": "vector", "axes": {"lanes": [2]}, "workload": "w", "memory": {"schedule": "belady"}}
    space = parse_space(raw, "Space s", "s")
    found = dram_bytes_by_layer(load("vector-gelu").params, workload(GELU), None, space.around)
    assert found == {"gelu": (300.0, "schedule by belady")}


def test_an_estimate_has_every_figure() -> None:
    spec = load("vector-gelu")
    space = around(spec, "bert-base-vectors", (), None, None, None, None)
    found = estimate(spec, space, read_workload("bert-base-vectors"))
    assert found.figures["cycles"].value == 12 * (128 * 3072 // 2 + 13)
    assert found.figures["dram_bytes"].value == 12 * 2 * 128 * 3072
    assert found.figures["stream_bits"].value == 12 * 16 * 128 * 3072
    assert found.figures["energy"].source.startswith("model ±")
    assert all(np.isfinite(figure.value) and figure.value > 0 for figure in found.figures.values())
    assert found.notes == ("4 of 5 layers, 50.5 % of the elements, left out",)
