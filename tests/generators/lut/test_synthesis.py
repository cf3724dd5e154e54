"""What LUT tiles take: the small preset fits its board, tables cost less than multipliers, options cost when used."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import rtloom
from rtloom.generators.design import Design, emit_design
from rtloom.hdl.synth import synthesize
from rtloom.hdl.synth_memory import MACRO_BITS
from rtloom.hdl.yosys import run_yosys

from .tiles import spec_of

UP5K_LUTS = 5280
"""Logic cells of an iCE40 UP5K (Lattice iCE40 UltraPlus family data sheet, FPGA-DS-02008)."""
SMALL = {"m": 2, "n": 4, "segments": 2}


def design_of(**params: Any) -> Design:
    """Emit a tile."""
    return emit_design(spec_of(**params))


def cells(design: Design, folder: Path) -> Counter[str]:
    """Return the cells of the whole tile before any of them is mapped to gates."""
    (folder / "t.v").write_text(design.verilog)
    passes = ["read_verilog t.v", f"prep -flatten -top {design.manifest.top}", "opt -full"]
    run_yosys([*passes, "tee -q -o t.json stat -json"], directory=folder)
    return Counter(json.loads((folder / "t.json").read_text())["design"]["num_cells_by_type"])


def labels(design: Design) -> set[str]:
    """Return the short names of a tile's modules."""
    return {name.removeprefix(f"{design.manifest.top}__") for name in design.manifest.modules}


def test_the_small_preset_fits_an_ice40_up5k() -> None:
    design = emit_design("lut-small-w2a4")
    report = synthesize(design.verilog, design.manifest.top, "ice40", dsp=False)
    # Each carry cell stands in front of a LUT of its own at the worst.
    assert report["LUT4"].value + report["carry"].value < UP5K_LUTS
    assert report["FF"].value < UP5K_LUTS
    assert report["DSP"].value == 0


def test_a_table_for_eight_columns_is_smaller_than_their_multipliers() -> None:
    """32 multiply-accumulates a cycle with 1-bit weights, beside as many int8 multipliers: less than half the area."""
    shape = {"m": 1, "n": 8, "k": 1, "max_reduction": 1024}
    designs = [
        design_of(**shape, weight_format="bipolar"),
        design_of(**shape, unit="mac", weight_format="int8"),
    ]
    lut, mac = (synthesize(design.verilog, design.manifest.top)["area"].value for design in designs)
    assert lut < mac / 2


@pytest.mark.parametrize(
    ("raw", "products"),
    [
        ({}, 0),
        ({"table": "full", "weight_format": "int3", "accumulate": "lane", "k": 2}, 0),
        ({"table_scale": "table", "weight_format": "int4"}, 0),
        ({"unit": "add"}, 0),
        ({"group": 4, "addend": "bias"}, 0),
        ({"group": 4, "weight_scales": True}, 4),
        ({"group": 4, "weight_scales": True, "activation_scales": True}, 8),
        ({"unit": "mac", "weight_format": "int8"}, 2 * 4 * 4),
    ],
    ids=str,
)
def test_multipliers_are_those_that_were_asked_for(raw: dict[str, Any], products: int, tmp_path: Path) -> None:
    """None for lookups; with scales one for each lane of a segment, and for the baseline one for each product."""
    found = cells(design_of(**SMALL, **raw), tmp_path)
    assert found["$mul"] == products
    assert found["$div"] == found["$mod"] == found["$dlatch"] == 0


def test_streams_that_are_not_used_are_not_there() -> None:
    def streams(**raw: Any) -> list[str]:
        return [bound.port.name for bound in design_of(**SMALL, **raw).manifest.streams]

    assert streams() == ["a", "w", "o"]
    assert streams(group=8) == ["a", "w", "o"]
    assert streams(group=8, weight_scales=True) == ["a", "w", "scales", "o"]
    assert streams(addend="bias") == ["a", "w", "epilogue", "o"]


def test_modules_that_are_not_used_are_not_there() -> None:
    plain = {"column", "head", "precompute", "results", "row_sums", "segment", "segment_2", "source", "tile"}
    plain |= {"skid_buffer"}
    assert labels(design_of(**SMALL)) - {design_of(**SMALL).manifest.top} == plain
    assert "precompute" not in labels(design_of(**SMALL, precompute="streamed"))
    assert "precompute" not in labels(design_of(**SMALL, unit="add"))
    assert labels(design_of(**SMALL, table_scale="table")) >= {"precompute", "quantize_table"}
    assert "trits" in labels(design_of(**SMALL, weight_format="ternary", packed_ternary=True, planes=2, table="half"))
    assert "memory_2" in " ".join(labels(design_of(**SMALL, group=8)))


@pytest.mark.parametrize(("weight_format", "corrected"), [("bipolar", False), ("ternary", False), ("int2", True)])
def test_balanced_weights_need_no_sums_of_activations(weight_format: str, corrected: bool) -> None:
    verilog = design_of(**SMALL, weight_format=weight_format).verilog
    assert ("running_0" in verilog) is corrected
    assert ("product_0" in verilog) is corrected


def test_sums_of_many_segments_are_a_memory() -> None:
    """Sums over groups wait in a memory that synthesis finds, a word for each segment; that of a preset is a macro."""
    params = {"m": 1, "n": 8, "segments": 8, "lookup": 2, "a_format": "int4", "weight_format": "bipolar", "group": 2}
    spec = spec_of(**params)
    design = emit_design(spec)
    report = synthesize(design.verilog, design.manifest.top, macro_bits=100)
    (memory,) = report.memories
    width = spec.params.sum_bits
    assert (memory.words, memory.width, memory.reads, memory.writes, memory.form) == (8, width, 1, 1, "macro")
    assert report["memory_macros"].value == 8 * width
    large = rtloom.load("lut-m2n64k4-w4a8-g128").params
    assert large.column_segments * large.lanes * large.sum_bits > MACRO_BITS
