"""What the systolic arrays take: the small preset fits its board, sums are no wider than they must be."""

import re

import rtloom
from rtloom.generators.design import emit_design
from rtloom.hdl.formats import width_of
from rtloom.hdl.synth import synthesize

UP5K_LUTS = 5280
"""Logic cells of an iCE40 UP5K (Lattice iCE40 UltraPlus family data sheet, FPGA-DS-02008)."""


def test_the_small_preset_fits_an_ice40_up5k():
    design = emit_design("systolic-4x4-int8")
    report = synthesize(design.verilog, design.manifest.top, "ice40", dsp=False)
    # Each carry cell stands in front of a LUT of its own at the worst.
    assert report["LUT4"].value + report["carry"].value < UP5K_LUTS
    assert report["DSP"].value == 0


def test_every_multiplier_is_one_dsp_block():
    for name, count in (("systolic-4x4-int8", 16), ("systolic-cube-4x4x4-int8", 64)):
        design = emit_design(name)
        assert synthesize(design.verilog, design.manifest.top, "ecp5")["DSP"].value == count


def test_partial_sums_are_sized_for_their_row():
    spec = rtloom.load("systolic-16x16-int8-ws")
    text = emit_design(spec).verilog
    found = sorted({int(msb) + 1 for msb in re.findall(r"output (?:reg |wire) \[(\d+):0\] sum_o", text)})
    assert found == sorted({width_of(*spec.params.sum_range(rows))[0] for rows in range(1, 17)}) == [16, 17, 18, 19, 20]
