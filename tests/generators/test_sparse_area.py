"""What sparse chains take in FPGAs: DSP blocks as the parameters say, and a preset that fits its board."""

import pytest

from rtloom.generators.design import emit_design
from rtloom.generators.sparse.family import SPARSE
from rtloom.generators.sparse.params import SparseParams
from rtloom.generators.spec import Spec
from rtloom.hdl.synth import synthesize

UP5K_LUTS, UP5K_DSPS = 5280, 8
"""Logic cells and multipliers of an iCE40 UP5K (Lattice iCE40 UltraPlus family data sheet, FPGA-DS-02008)."""

TINY = {"rows": 2, "chains": 1, "length": 4, "group": 2, "max_reduction": 64}


def blocks(target: str, **options: object) -> dict[str, int]:
    """Synthesise a tiny design without AXI; return its resources."""
    spec = Spec("tiny", SPARSE, SparseParams.parse({**TINY, **options}))
    design = emit_design(spec, "stream")
    report = synthesize(design.verilog, design.manifest.top, target)
    return {name: int(figure.value) for name, figure in report.figures.items()} | report.cells


@pytest.mark.parametrize(("target", "cell"), [("ecp5", "MULT18X18D"), ("ice40", "SB_MAC16"), ("gowin", "MULT9X9")])
def test_every_multiplier_is_one_dsp_block(target, cell):
    found = blocks(target)
    multipliers = TINY["rows"] * TINY["chains"] * TINY["length"]
    assert found["DSP"] == found[cell] == multipliers


@pytest.mark.parametrize(("target", "cell", "packing"), [("xilinx", "DSP48E1", 1), ("xilinx-up", "DSP48E2", 2)])
def test_two_rows_share_a_wide_multiplier(target, cell, packing):
    found = blocks(target, packing=packing)
    multipliers = TINY["rows"] // 2 * TINY["chains"] * TINY["length"]
    assert found["DSP"] == found[cell] == multipliers


def test_a_narrow_multiplier_holds_no_two_products():
    assert blocks("ecp5", packing=1)["DSP"] == TINY["rows"] * TINY["chains"] * TINY["length"]


def test_dequantisation_takes_no_dsp_block_where_small_multiplications_need_none():
    found = blocks("ice40", weight_bits="4", scale_bits=4)
    assert found["DSP"] == TINY["rows"] * TINY["chains"] * TINY["length"]


def test_the_small_preset_fits_an_ice40_up5k():
    design = emit_design("sparse-small")
    report = synthesize(design.verilog, design.manifest.top, "ice40")
    # Each carry cell stands in front of a LUT of its own at the worst.
    assert report["LUT4"].value + report["carry"].value < UP5K_LUTS
    assert report["DSP"].value == UP5K_DSPS
