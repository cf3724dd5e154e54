"""Clocks of the iCE40 UltraPlus: SB_PLL40_PAD with simple feedback, the pin, and either halved by registers.

Limits: iCE40 UltraPlus Family Data Sheet, FPGA-DS-02008, "sysCLOCK PLL Timing". Dividers and filter: iCE40 sysCLOCK PLL
Design and Usage Guide, FPGA-TN-02052: ``f_vco = f_in * (DIVF + 1) / (DIVR + 1)`` and ``f_out = f_vco / 2**DIVQ``.
"""

import re
from collections.abc import Iterator
from fractions import Fraction

from .setting import Range, Setting, pin_setting

__all__ = ["DIVF", "DIVQ", "DIVR", "HALVINGS", "INPUT", "OUTPUT", "PHASE", "VCO", "settings"]

INPUT = Range(10_000_000, 133_000_000)
PHASE = Range(10_000_000, 133_000_000)
"""At the phase detector: ``f_in / (DIVR + 1)``."""
VCO = Range(533_000_000, 1_066_000_000)
OUTPUT = Range(16_000_000, 275_000_000)
DIVR = range(16)
DIVF = range(128)
DIVQ = range(1, 7)
HALVINGS = range(3)
"""Registers that halve what is too slow for the PLL itself."""

# Below which frequency at the phase detector, in MHz, the loop filter has the range 1, 2, … (what icepll sets).
_FILTER_MHZ = (17, 26, 44, 66, 101)


def settings(f_in: int) -> Iterator[Setting]:
    """Yield every legal clock from a pin of `f_in` Hz, without a PLL first."""
    yield pin_setting(f_in)
    yield from _halved(f_in, Fraction(f_in), "pin", {}, "  wire CLK = pin_clk;\n  wire locked = 1'b1;\n")
    if f_in not in INPUT:
        return
    for divr in DIVR:
        phase = Fraction(f_in, divr + 1)
        for divf in DIVF:
            vco = phase * (divf + 1)
            if phase not in PHASE or vco not in VCO:
                continue
            for divq in DIVQ:
                if vco / 2**divq in OUTPUT:
                    yield from _pll(f_in, divr, divf, divq)


def _pll(f_in: int, divr: int, divf: int, divq: int) -> Iterator[Setting]:
    """Yield one setting of the PLL, and its clock halved."""
    phase = Fraction(f_in, divr + 1)
    filter_range = 1 + sum(phase >= limit * 1_000_000 for limit in _FILTER_MHZ)
    verilog = f"""\
  wire CLK, locked;
  SB_PLL40_PAD #(
    .FEEDBACK_PATH("SIMPLE"), .PLLOUT_SELECT("GENCLK"),
    .DIVR(4'd{divr}), .DIVF(7'd{divf}), .DIVQ(3'd{divq}), .FILTER_RANGE(3'd{filter_range})
  ) u_pll (.PACKAGEPIN(pin_clk), .PLLOUTGLOBAL(CLK), .LOCK(locked), .RESETB(1'b1), .BYPASS(1'b0));
"""
    dividers = {"DIVR": divr, "DIVF": divf, "DIVQ": divq, "FILTER_RANGE": filter_range}
    f_out = phase * (divf + 1) / 2**divq
    yield Setting(f_in, f_out, "SB_PLL40_PAD", dividers, re.sub(r"\bCLK\b", "clk", verilog))
    yield from _halved(f_in, f_out, "SB_PLL40_PAD", dividers, verilog)


def _halved(f_in: int, f_out: Fraction, primitive: str, dividers: dict[str, int], source: str) -> Iterator[Setting]:
    """Yield a clock, which `source` calls ``CLK``, halved by one register and by two."""
    before, verilog = "clk_full", re.sub(r"\bCLK\b", "clk_full", source)
    for halvings in HALVINGS[1:]:
        name = f"half_{halvings}"
        verilog += f"  reg {name} = 1'b0;\n  always @(posedge {before}) {name} <= ~{name};\n"
        found = {**dividers, "halvings": halvings}
        yield Setting(f_in, f_out / 2**halvings, primitive, found, verilog + f"  wire clk = {name};\n")
        before = name
