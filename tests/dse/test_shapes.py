"""Cycles from shapes alone equal those of the lowered tensors, for every family that runs layers."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtloom.dse.cycles import check_layer
from rtloom.dse.workloads.layers import Conv2d
from rtloom.errors import InputError
from rtloom.generators.attention.family import ATTENTION
from rtloom.generators.attention.latency import slots_between
from rtloom.generators.attention.params import AttentionParams
from rtloom.generators.attention.shapes import attention_cycles
from rtloom.generators.attention.timing import slots
from rtloom.generators.convolution import ConvolutionShape
from rtloom.generators.lut.family import LUT
from rtloom.generators.lut.params import LutParams
from rtloom.generators.lut.shapes import gemm_cycles as lut_cycles
from rtloom.generators.sparse import shapes as sparse_shapes
from rtloom.generators.sparse.family import SPARSE
from rtloom.generators.sparse.params import SparseParams
from rtloom.generators.sparse.prune import prune
from rtloom.generators.systolic.family import SYSTOLIC
from rtloom.generators.systolic.params import SystolicParams
from rtloom.generators.systolic.shapes import convolution_cycles, gemm_cycles

SIZES = st.tuples(st.integers(1, 30), st.integers(1, 40), st.integers(1, 30))
FEW = settings(max_examples=40)


@st.composite
def arrays(draw: st.DrawFn) -> SystolicParams:
    """Draw a small array of any dataflow and overflow."""
    raw: dict[str, Any] = {name: draw(st.integers(1, 6)) for name in ("rows", "cols")}
    raw["reduce"] = draw(st.integers(1, 3))
    raw["dataflow"] = draw(st.sampled_from(["output_stationary", "weight_stationary", "input_stationary"]))
    if raw["dataflow"] != "output_stationary":
        raw["accumulator_rows"] = draw(st.integers(1, 12))
    if draw(st.booleans()):
        raw |= {"overflow": draw(st.sampled_from(["saturate", "wrap"])), "accumulator_bits": 20}
    raw["pipeline"] = draw(st.integers(0, 3))
    return SystolicParams.parse(raw)


@FEW
@given(params=arrays(), sizes=SIZES, batch=st.integers(1, 4))
def test_systolic_products(params: SystolicParams, sizes: tuple[int, int, int], batch: int) -> None:
    m, k, n = sizes
    job = SYSTOLIC.lower(params, "gemm", a=np.ones((batch, m, k), int), b=np.ones((batch, k, n), int))
    assert gemm_cycles(params, m, k, n, batch) == SYSTOLIC.cycles(params, job)


@FEW
@given(
    params=arrays(),
    image=st.tuples(st.integers(1, 2), st.integers(3, 7), st.integers(3, 7)),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    groups=st.integers(1, 7),
    share=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.sampled_from([1, 2, (1, 2)]),
    padding=st.sampled_from([0, 1, "same", ((0, 1), (1, 0))]),
)
def test_systolic_convolutions(params, image, kernel, groups, share, stride, padding) -> None:
    """Groups share products in the same way, whether there are tensors or not."""
    x, w = (*image, groups * share[0]), (*kernel, share[0], groups * share[1])
    geometry: dict[str, Any] = {"stride": stride, "padding": padding, "groups": groups}
    job = SYSTOLIC.lower(params, "conv2d", x=np.ones(x, int), w=np.ones(w, int), **geometry)
    assert convolution_cycles(params, ConvolutionShape.of(x, w, **geometry)) == SYSTOLIC.cycles(params, job)


@FEW
@given(
    raw=st.fixed_dictionaries(
        {
            "m": st.integers(1, 3),
            "n": st.sampled_from([4, 8]),
            "k": st.integers(1, 3),
            "lookup": st.integers(2, 4),
            "weight_format": st.sampled_from(["int2", "int4", "bipolar", "ternary"]),
            "segments": st.sampled_from([None, 1, 2, 4]),
            "a_format": st.sampled_from(["int8", "int16"]),
        }
    ),
    group=st.sampled_from([0, 1, 2, 5]),
    sizes=SIZES,
)
def test_lut_products(raw: dict[str, Any], group: int, sizes: tuple[int, int, int]) -> None:
    """Groups of K that share scales, whose last may be short, take at least the steps that a sum must have."""
    scaled = {"group": group * raw["k"] * raw["lookup"], "weight_scales": True} if group else {}
    params, (m, k, n) = LutParams.parse(raw | scaled), sizes
    given_scales = {"weight_scale": 1} if group else {}
    w = params.weight_format.random(np.random.default_rng(0), (n, k))
    job = LUT.lower(params, "gemm", a=np.ones((m, k), int), w=w, **given_scales)
    assert lut_cycles(params, m, k, n) == LUT.cycles(params, job)


@st.composite
def chains(draw: st.DrawFn) -> SparseParams:
    """Draw small chains of every kind."""
    block = draw(st.sampled_from([4, 8, 16]))
    rows = draw(st.integers(1, 3))
    panel_rows = 1 << draw(st.integers(0, block.bit_length() - 1))
    length = max(block, panel_rows) * draw(st.integers(1, 2))
    bits = draw(st.sampled_from(["8", "4,8", "2,4,8"]))
    gemv = rows > 1 and draw(st.booleans())
    raw = {"rows": rows, "chains": draw(st.integers(1, 3)), "block": block, "length": length, "gemv": gemv}
    bitmap = bits == "8" and not gemv and draw(st.booleans())
    scale = draw(st.sampled_from([None, 4]))
    return SparseParams.parse(
        raw | {"group": length // panel_rows, "weight_bits": bits, "bitmap": bitmap, "scale_bits": scale}
    )


@FEW
@given(params=chains(), sizes=SIZES, kept=st.sampled_from([None, 1, 2, 3, 4]), seed=st.integers(0, 9))
def test_sparse_products(params: SparseParams, sizes: tuple[int, int, int], kept: int | None, seed: int) -> None:
    """Dense weights, and those of which so many are kept in each block."""
    m, k, n = sizes
    w = np.random.default_rng(seed).integers(1, 100, (n, k))
    w = w if kept is None else prune(w, kept, params.block)
    scales = {} if params.scale_bits is None else {"weight_scale": 1}
    job = SPARSE.lower(params, "gemm", a=np.ones((m, k), int), w=w, **scales)
    assert sparse_shapes.gemm_cycles(params, m, k, n, kept) == SPARSE.cycles(params, job)
    assert m * n * sparse_shapes.nonzero(params, k, kept) == job.work


@FEW
@given(
    raw=st.fixed_dictionaries(
        {
            "rows": st.integers(1, 7),
            "e_lanes": st.sampled_from([1, 2, 4]),
            "f_lanes": st.sampled_from([2, 4]),
            "key_tile": st.integers(1, 9),
            "softmax": st.sampled_from(["online", "three_pass"]),
            "mask": st.sampled_from(["stop", "window", "sink"]),
        }
    ),
    batch=st.integers(1, 2),
    heads=st.sampled_from([(1, 1), (4, 2), (3, 3), (6, 1)]),
    queries=st.integers(1, 9),
    more=st.integers(0, 30),
    causal=st.booleans(),
)
def test_attention(raw, batch: int, heads: tuple[int, int], queries: int, more: int, causal: bool) -> None:
    """Tasks of all heads, also those that share keys, and queries that see fewer of them."""
    params, keys = AttentionParams.parse(raw | {"e": 4, "f": 4}), queries + more
    side = np.ones((batch, heads[1], keys, 4), int)
    q = np.ones((batch, heads[0], queries, 4), int)
    job = ATTENTION.lower(
        params, "attention", q=q, k=side, v=side, scale_multiplier=1, scale_shift=0, causal=int(causal)
    )
    found = attention_cycles(params, (batch, heads[0], queries), heads[1], keys, causal)
    assert found == ATTENTION.cycles(params, job)


@given(rows=st.integers(1, 20), lanes=st.sampled_from([1, 4]), counts=st.lists(st.integers(1, 200), min_size=1))
def test_long_tasks_follow_each_other_at_once(rows: int, lanes: int, counts: list[int]) -> None:
    """The short way to the slots of long tasks gives what the task-by-task rule gives."""
    params = AttentionParams.parse({"rows": rows, "e": 4, "f": 4, "e_lanes": lanes, "f_lanes": 4})
    apart = slots_between(params)
    long = [count + apart for count in counts]
    # One key more behind them makes a short task, for which there is no short way.
    assert slots(params, long) == sum(long)
    assert slots(params, [*long, 1]) - slots(params, long) == apart


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gemm_cycles(SystolicParams.parse({}), 1, 65537, 1), "Systolic K must be at most max_reduction=65536"),
        (lambda: lut_cycles(LutParams.parse({}), 1, 16385, 1), "LUT K must be at most max_reduction=16384, not 16385"),
        (lambda: sparse_shapes.gemm_cycles(SparseParams.parse({}), 1, 16385, 1), "Sparse K must be at most"),
        (
            lambda: sparse_shapes.gemm_cycles(SparseParams.parse({}), 1, 4, 1, 5),
            "Sparse kept must be from 1 to block=4",
        ),
        (
            lambda: check_layer(
                SystolicParams.parse({"a_format": "bipolar"}),
                Conv2d(name="c", height=3, width=3, channels=1, outputs=1, kernel=3, padding=1),
            ),
            "Convolution padding must be 0 for bipolar, which has no zero",
        ),
        (
            lambda: attention_cycles(AttentionParams.parse({"softmax": "unified_max"}), (1, 1, 1), 1, 1),
            "Attention softmax must be online or three_pass: the rows done again depend on the data, not 'unified_max'",
        ),
        (
            lambda: attention_cycles(AttentionParams.parse({"max_length": 64}), (1, 1, 1), 1, 65),
            "Attention k must have at most max_length=64 keys, not 65",
        ),
    ],
)
def test_what_cannot_run_says_why(call, message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}"):
        call()
