"""Bits on the streams from shapes alone are those of the beats that jobs are lowered to."""

from typing import Any

import numpy as np
import pytest

from rtloom.dse.streams import stream_widths
from rtloom.generators.attention.shapes import attention_stream_bits
from rtloom.generators.convolution import ConvolutionShape
from rtloom.generators.lut.shapes import gemm_stream_bits as lut_bits
from rtloom.generators.sparse.shapes import gemm_stream_bits as sparse_bits
from rtloom.generators.spec import Spec, load, presets
from rtloom.generators.systolic.shapes import convolution_stream_elements, gemm_stream_elements

PRESETS = presets()


def carried(spec: Spec, operation: str, names: tuple[str, ...], **tensors: Any) -> int:
    """Return the bits that some streams carry in a job."""
    job = spec.family.lower(spec.params, operation, **tensors)
    beats = {name: len(next(iter(fields.values()))) for name, fields in job.inputs.items()} | job.outputs
    return sum(port.width * beats[port.name] for port in spec.family.ports(spec.params) if port.name in names)


def of_family(family: str) -> list[str]:
    """Return the presets of a family."""
    return [name for name, spec in PRESETS.items() if spec.family.name == family]


@pytest.mark.parametrize("name", of_family("systolic"))
def test_products_on_systolic_arrays(name: str) -> None:
    spec = PRESETS[name]
    operation, tensors = spec.family.example(spec.params, "ragged", 1)
    assert operation == "gemm"
    *batch, m, k = np.shape(tensors["a"])
    n = np.shape(tensors["b"])[-1]
    expected = carried(spec, "gemm", ("a", "b", "c"), **tensors)
    found = gemm_stream_elements(spec.params, m, k, n, int(np.prod(batch, dtype=int)))  # type: ignore[arg-type]
    assert sum(np.multiply(found, stream_widths(spec.params))) == expected


@pytest.mark.parametrize("groups", [1, 2, 6])
@pytest.mark.parametrize("dataflow", ["output_stationary", "weight_stationary", "input_stationary"])
def test_convolutions_on_systolic_arrays(groups: int, dataflow: str) -> None:
    spec = load("systolic-4x4-int8", dataflow=dataflow)
    x, w = np.ones((1, 5, 5, 6), int), np.ones((3, 3, 6 // groups, 6), int)
    expected = carried(spec, "conv2d", ("a", "b", "c"), x=x, w=w, padding=1, groups=groups)
    shape = ConvolutionShape.of(x.shape, w.shape, padding=1, groups=groups)
    found = convolution_stream_elements(spec.params, shape)  # type: ignore[arg-type]
    assert sum(np.multiply(found, stream_widths(spec.params))) == expected


@pytest.mark.parametrize("name", of_family("lut"))
def test_products_on_lut_tiles(name: str) -> None:
    spec = PRESETS[name]
    operation, tensors = spec.family.example(spec.params, "ragged", 1)
    assert operation == "gemm"
    (m, k), n = np.shape(tensors["a"]), len(tensors["w"])
    assert lut_bits(spec.params, m, k, n) == carried(spec, "gemm", ("a", "w", "o"), **tensors)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["sparse-small", "sparse-2x16-n16-int8", "sparse-4x16-int8-packed"])
@pytest.mark.parametrize("kept", [None, 1, 2])
def test_products_on_sparse_chains(name: str, kept: int | None) -> None:
    spec = PRESETS[name]
    m, k, n = 3, 33, 5
    w = np.ones((n, k), dtype=int)
    if kept is not None:
        w[:, np.arange(k) % spec.params.block >= kept] = 0  # type: ignore[attr-defined]
    expected = carried(spec, "gemm", ("a", "w", "index", "o"), a=np.ones((m, k), dtype=int), w=w)
    assert sparse_bits(spec.params, m, k, n, kept) == expected  # type: ignore[arg-type]


def test_bitmaps_bring_the_weights_that_are_not_zero() -> None:
    spec = PRESETS["sparse-bitmap-4x16-int8"]
    m, k, n = 3, 48, 4 * 16
    expected = carried(
        spec, "gemm", ("a", "w", "bitmap", "o"), a=np.ones((m, k), dtype=int), w=np.ones((n, k), dtype=int)
    )
    assert sparse_bits(spec.params, m, k, n) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["attention-small", "attention-three-pass", "attention-16x64-int8"])
@pytest.mark.parametrize("causal", [False, True])
def test_attention(name: str, causal: bool) -> None:
    spec = PRESETS[name]
    e, f = spec.params.e, spec.params.f  # type: ignore[attr-defined]
    q, k, v = (np.ones((1, heads, count, size), int) for heads, count, size in ((4, 9, e), (2, 21, e), (2, 21, f)))
    scale = {"scale_multiplier": 1, "scale_shift": 6}
    expected = carried(spec, "attention", ("q", "k", "v", "o"), q=q, k=k, v=v, causal=causal, **scale)
    assert attention_stream_bits(spec.params, (1, 4, 9), 2, 21, causal) == expected  # type: ignore[arg-type]
