"""Formulas give for many designs at once what they give for each of them."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtloom.generators.batch import batch_of, family_params, fields_read, take
from rtloom.generators.convolution import ConvolutionShape
from rtloom.generators.lut.params import LutParams
from rtloom.generators.lut.shapes import gemm_cycles as lut_cycles
from rtloom.generators.params import FamilyParams
from rtloom.generators.sparse.params import SparseParams
from rtloom.generators.sparse.shapes import gemm_cycles as sparse_cycles
from rtloom.generators.systolic.params import SystolicParams
from rtloom.generators.systolic.shapes import convolution_cycles, gemm_cycles
from rtloom.hdl.formats import parse_format

SIZES = {"rows": [1, 2, 5, 8, 33, 64], "cols": [1, 3, 16, 70]}
DATAFLOWS = ("output_stationary", "weight_stationary", "input_stationary")


def grid(axes: dict[str, list[int]]) -> dict[str, Any]:
    """Return every combination, an array an axis."""
    return dict(
        zip(axes, (part.ravel() for part in np.meshgrid(*map(np.array, axes.values()), indexing="ij")), strict=True)
    )


def each(cls: type[FamilyParams], sizes: dict[str, Any], **others: Any) -> list[Any]:
    """Return the designs one by one."""
    names = list(sizes)
    return [
        cls(**dict(zip(names, map(int, row), strict=True)), **others)
        for row in zip(*(sizes[name] for name in names), strict=True)
    ]


@settings(max_examples=40)
@given(
    dataflow=st.sampled_from(DATAFLOWS),
    shape=st.tuples(*[st.integers(1, 300)] * 3),
    batch=st.integers(1, 4),
    others=st.fixed_dictionaries({"pipeline": st.integers(0, 3), "broadcast": st.integers(1, 4)}),
)
def test_products_on_systolic_arrays(
    dataflow: Any, shape: tuple[int, int, int], batch: int, others: dict[str, Any]
) -> None:
    sizes = grid(SIZES | {"reduce": [1, 4]} | ({} if dataflow == DATAFLOWS[0] else {"accumulator_rows": [7, 64]}))
    found = gemm_cycles(batch_of(SystolicParams, {**sizes, "dataflow": dataflow, **others}), *shape, batch)
    alone = [gemm_cycles(one, *shape, batch) for one in each(SystolicParams, sizes, dataflow=dataflow, **others)]
    np.testing.assert_array_equal(found, alone)


@pytest.mark.parametrize("dataflow", DATAFLOWS)
@pytest.mark.parametrize("b_format", ["int8", "bipolar"])
def test_depthwise_convolutions_on_systolic_arrays(dataflow: Any, b_format: str) -> None:
    """How many groups share a product differs from design to design."""
    sizes = grid(SIZES)
    others = {"dataflow": dataflow, "b_format": parse_format(b_format)}
    arguments: dict[str, Any] = {"x": (1, 9, 9, 12), "w": (3, 3, 1, 12), "padding": 1, "groups": 12}
    shape = ConvolutionShape.of(**arguments)
    found = convolution_cycles(batch_of(SystolicParams, {**sizes, **others}), shape)
    alone = [convolution_cycles(one, shape) for one in each(SystolicParams, sizes, **others)]
    np.testing.assert_array_equal(found, alone)


@settings(max_examples=30)
@given(shape=st.tuples(*[st.integers(1, 400)] * 3), group=st.sampled_from([None, 32]), n=st.sampled_from([1, 16, 64]))
def test_products_on_lut_tiles(shape: tuple[int, int, int], group: int | None, n: int) -> None:
    sizes = grid({"m": [1, 2, 5], "k": [1, 2, 4]})
    found = lut_cycles(batch_of(LutParams, {**sizes, "n": n, "group": group}), *shape)
    np.testing.assert_array_equal(found, [lut_cycles(one, *shape) for one in each(LutParams, sizes, n=n, group=group)])


@settings(max_examples=30)
@given(shape=st.tuples(*[st.integers(1, 400)] * 3), gemv=st.booleans(), kept=st.sampled_from([None, 1, 2, 4]))
def test_products_on_sparse_chains(shape: tuple[int, int, int], gemv: bool, kept: int | None) -> None:
    sizes = grid({"rows": [2, 3, 8], "chains": [1, 4, 5]})
    found = sparse_cycles(batch_of(SparseParams, {**sizes, "gemv": gemv}), *shape, kept)
    alone = [sparse_cycles(one, *shape, kept) for one in each(SparseParams, sizes, gemv=gemv)]
    np.testing.assert_array_equal(found, alone)


def test_a_batch_notes_what_is_read_and_gives_a_part() -> None:
    some = batch_of(SystolicParams, {"rows": np.array([2, 4, 6]), "cols": 3})
    fields_read()
    assert some.pe_rows == 1
    assert fields_read() == {"packing"}
    assert fields_read() == frozenset()
    part = take(some, np.array([True, False, True]))
    assert family_params(part) is SystolicParams
    assert (part.rows * part.cols).tolist() == [6, 18]  # type: ignore[attr-defined]
    assert family_params(SystolicParams()) is SystolicParams
