"""Packed systolic arrays: equal to golden in the time of unpacked ones, with half the multipliers."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rtloom
from rtloom.errors import InputError
from rtloom.generators.design import emit_design
from rtloom.generators.spec import Spec
from rtloom.generators.systolic import timing
from rtloom.generators.systolic.family import SYSTOLIC
from rtloom.generators.systolic.params import SystolicParams
from rtloom.hdl.synth import synthesize
from rtloom.hdl.synth_targets import FPGAS
from rtloom.hdl.yosys import run_yosys
from rtloom.sim.lint import lint
from rtloom.sim.native import run_streams
from rtloom.verif import goldens


def spec_of(**params: object) -> Spec:
    """Return a packed array without a file."""
    return Spec("packed_test", SYSTOLIC, SystolicParams.parse({"packing": True, **params}))


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (
            {"dataflow": "weight_stationary"},
            "Systolic dataflow must be output_stationary with packing, not 'weight_stationary'",
        ),
        ({"rows": 5}, "Systolic rows must be even with packing, not 5"),
        ({"broadcast": 3}, "Systolic broadcast must be 1 or even with packing, not 3"),
        (
            {"a_format": "int8", "b_format": "int16"},
            "Systolic a_format must pack into at most 27 bits (with b_format=int16: 33), not 'int8'",
        ),
        (
            {"a_format": "int10"},
            "Systolic a_format must pack into at most 27 bits (with b_format=int8: 29), not 'int10'",
        ),
        ({"packing": 1}, "Systolic packing must be true or false, not 1"),
    ],
)
def test_rows_that_cannot_share_a_multiplier_are_refused(raw: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        spec_of(**raw)


@given(
    pairs=st.integers(1, 20),
    cols=st.integers(1, 40),
    pipeline=st.integers(0, 3),
    broadcast=st.sampled_from([1, 2, 4, 256]),
    steps=st.lists(st.integers(1, 50), min_size=1, max_size=5),
)
def test_packing_takes_no_cycle(pairs: int, cols: int, pipeline: int, broadcast: int, steps: list[int]) -> None:
    packed = spec_of(rows=2 * pairs, cols=cols, pipeline=pipeline, broadcast=broadcast).params
    plain = packed.replace(packing=False)
    assert timing.cycles(packed, steps) == timing.cycles(plain, steps)
    assert timing.describe(packed) == timing.describe(plain)


ARRAYS: list[dict[str, Any]] = [
    {"rows": 2, "cols": 1, "pipeline": 0},
    {"rows": 4, "cols": 3, "pipeline": 1, "reduce": 2},
    {"rows": 6, "cols": 2, "pipeline": 2, "reduce": 3, "broadcast": 2},
    {"rows": 4, "cols": 5, "pipeline": 3, "reduce": 5, "broadcast": 4},
    {"rows": 2, "cols": 2, "pipeline": 3, "broadcast": 256},
    {"rows": 34, "cols": 2, "pipeline": 2},
    {"rows": 4, "cols": 2, "a_format": "uint8", "b_format": "uint8"},
    {"rows": 4, "cols": 2, "a_format": "int9", "b_format": "int8", "pipeline": 2},
    {"rows": 4, "cols": 2, "a_format": "uint4", "b_format": "int16", "broadcast": 2, "reduce": 2},
    {"rows": 4, "cols": 2, "a_format": "int4", "b_format": "uint1", "pipeline": 0, "reduce": 4},
    {"rows": 4, "cols": 2, "a_format": "bipolar", "b_format": "bipolar"},
    {"rows": 4, "cols": 2, "a_format": "ternary", "b_format": "int5", "broadcast": 2},
    {"rows": 4, "cols": 2, "overflow": "saturate", "accumulator_bits": 17, "reduce": 2},
    {"rows": 4, "cols": 2, "overflow": "wrap", "accumulator_bits": 12, "pipeline": 2, "broadcast": 2},
    {"rows": 4, "cols": 3, "bias": True, "requantize": True, "activation": "relu"},
]


@pytest.mark.parametrize("params", ARRAYS, ids=lambda p: " ".join(map(str, p.values())))
def test_packed_arrays_equal_golden_and_their_timing(params: dict[str, Any]) -> None:
    """Random and extreme operands over ragged tiles; every operand at its least, at its most, and both in turn."""
    spec = spec_of(**params)
    for size in ("ragged", "corner"):
        operation, tensors = spec.family.example(spec.params, size, 3)
        rtloom.simulate(spec, operation, check=True, **tensors)
    a, b = spec.params.a_format, spec.params.b_format
    m, k, n = spec.params.rows + 1, 40, spec.params.cols + 1
    for left, right in ((a.lo, b.lo), (a.hi, b.lo), (a.hi, b.hi)):
        tensors |= {"a": np.full((m, k), left), "b": np.full((k, n), right)}
        tensors["a"][1::2] = a.lo
        rtloom.simulate(spec, check=True, **_for_columns(tensors, n))


def _for_columns(tensors: dict[str, Any], n: int) -> dict[str, Any]:
    """Return the arguments with those of each output channel cut to `n` channels."""
    channels = ("bias", "multiplier", "shift")
    return {name: value[:n] if name in channels else value for name, value in tensors.items()}


def test_every_pair_of_int8_is_multiplied_exactly() -> None:
    """All 65,536 pairs of rows, each times the extremes and what lies around zero."""
    spec = spec_of(rows=2, cols=8, max_reduction=4)
    values = np.arange(-128, 128)
    pairs = np.stack(np.meshgrid(values, values), axis=-1).reshape(-1, 1)
    b = np.array([[-128, -127, -1, 0, 1, 3, 126, 127]])
    got, report = rtloom.simulate(spec, a=pairs, b=b)
    np.testing.assert_array_equal(got, pairs * b)
    assert report.cycles == report.formula_cycles


@pytest.mark.parametrize("stalls", ["both", "back_pressure"])
@pytest.mark.parametrize("broadcast", [1, 2])
def test_stalls_change_nothing_but_time(stalls: str, broadcast: int) -> None:
    spec = spec_of(rows=4, cols=3, broadcast=broadcast, pipeline=2, bias=True)
    operation, tensors = spec.family.example(spec.params, "ragged", 1)
    rtloom.simulate(spec, operation, check=True, stalls=stalls, **tensors)


@pytest.mark.parametrize(
    "options", [{}, {"reduce": 3, "pipeline": 3, "a_format": "uint5"}, {"broadcast": 2, "rows": 6}]
)
def test_packed_arrays_are_clean_verilog(options: dict[str, Any]) -> None:
    design = emit_design(spec_of(rows=4, cols=2).replace(**options))
    report = lint(design.verilog, design.manifest.top)
    assert report.clean, [str(finding) for finding in report.findings]


SMALL = {"rows": 2, "cols": 2, "max_reduction": 64}


@pytest.mark.parametrize(
    ("target", "options"),
    [
        ("ecp5", {}),
        ("ecp5", {"a_format": "int4"}),
        ("gowin", {}),
        ("gowin", {"a_format": "int4", "b_format": "int4", "reduce": 2}),
        ("ice40", {"a_format": "int4", "b_format": "int4"}),
        ("xilinx-up", {"rows": 2, "cols": 1, "a_format": "int9"}),
    ],
)
def test_dsp_blocks_are_as_many_as_the_shape_says(target: str, options: dict[str, Any]) -> None:
    spec = spec_of(**SMALL | options)
    params = spec.params
    design = emit_design(spec, "stream")
    count = params.rows // 2 * params.cols * params.reduce * params.packed.blocks(target)
    assert synthesize(design.verilog, design.manifest.top, target)["DSP"].value == count


def mapped(verilog: str, top: str, target: str, folder: Path) -> tuple[str, dict[str, int]]:
    """Synthesise flat; return the netlist with Yosys' own models of the cells in place, and the resources."""
    (folder / "design.v").write_text(verilog)
    passes = FPGAS[target].passes(top, flatten=True, dsp=True)
    run_yosys(
        ["read_verilog design.v", *passes, "tee -q -o cells.json stat -json", "write_verilog mapped.v"],
        directory=folder,
    )
    cells = json.loads((folder / "cells.json").read_text())["design"]["num_cells_by_type"]
    kept = ("keep_hierarchy", "whitebox", "lib_whitebox", "blackbox", "abc9_box", "abc9_lut")
    models = [
        "read_verilog mapped.v",
        # Deferred: elaborating memories that nothing uses takes minutes.
        f"read_verilog -defer +/{target}/cells_sim.v",
        f"hierarchy -check -top {top}",
        "proc",
        f"setattr -mod {' '.join(f'-unset {name}' for name in kept)} *",
        "flatten -wb",
        "delete t:$specify* t:$specrule",
        "opt_clean -purge",
    ]
    run_yosys([*models, "write_verilog netlist.v"], directory=folder)
    return (folder / "netlist.v").read_text(), FPGAS[target].count(cells)


@pytest.mark.parametrize(
    ("target", "options"),
    [("xilinx", {}), ("ice40", {"a_format": "int4", "b_format": "int4", "pipeline": 2})],
)
def test_what_synthesis_makes_of_it_computes_the_same(target: str, options: dict[str, Any], tmp_path: Path) -> None:
    """Half the DSP blocks, registers inside them: the mapped netlist gives golden's result in as many cycles."""
    spec = spec_of(**SMALL | options)
    design = emit_design(spec)
    netlist, resources = mapped(design.verilog, design.manifest.top, target, tmp_path)
    assert resources["DSP"] == spec.params.rows * spec.params.cols // 2
    operation, tensors = spec.family.example(spec.params, "corner", 3)
    job = spec.family.lower(spec.params, operation, **tensors)
    run = run_streams(netlist, design.manifest, job.inputs, job.outputs)
    expected = goldens.compute(spec.family, spec.params, operation, tensors)
    np.testing.assert_array_equal(spec.family.lift(spec.params, job, run.outputs), expected)
    assert run.cycles == spec.family.cycles(spec.params, job)
