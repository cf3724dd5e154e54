"""What vector units take in FPGAs: a preset that fits its board, memory that grows with the longest vector alone."""

import pytest

from rtloom.generators.design import emit_design
from rtloom.generators.spec import Spec
from rtloom.generators.vector.family import VECTOR
from rtloom.generators.vector.params import VectorParams
from rtloom.hdl.synth import synthesize

UP5K_LUTS, UP5K_DSPS = 5280, 8
"""Logic cells and multipliers of an iCE40 UP5K (Lattice iCE40 UltraPlus family data sheet, FPGA-DS-02008)."""


def test_the_small_preset_fits_an_ice40_up5k() -> None:
    design = emit_design("vector-gelu")
    report = synthesize(design.verilog, design.manifest.top, "ice40")
    # Each carry cell stands in front of a LUT of its own at the worst.
    assert report["LUT4"].value + report["carry"].value < UP5K_LUTS
    assert report["DSP"].value <= UP5K_DSPS


@pytest.mark.parametrize("length", [1500, 3000])
def test_a_held_vector_lies_in_block_ram(length: int) -> None:
    """A norm holds x itself: so many blocks of 4 Kibit, and three for queues and what arrives meanwhile."""
    params = VectorParams.parse({"unit": "rmsnorm", "lanes": 2, "max_length": length, "affine": "none"})
    design = emit_design(Spec("held", VECTOR, params), "stream")
    report = synthesize(design.verilog, design.manifest.top, "ice40")
    vector = -(-length * 8 // 4096)
    assert vector <= report["BRAM"].value <= vector + 8
