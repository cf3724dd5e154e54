"""Clocks of the ECP5: EHXPLLL, fed back from CLKOP, used at CLKOS, and the pin.

Limits: ECP5 and ECP5-5G Family Data Sheet, FPGA-DS-02012, "sysCLOCK PLL Timing". Dividers: ECP5 and ECP5-5G sysCLOCK
PLL/DLL Design and Usage Guide, FPGA-TN-02200: ``f_vco = f_in / CLKI_DIV * CLKFB_DIV * CLKOP_DIV`` and
``f_out = f_vco / CLKOS_DIV``. A clock of its own behind CLKOS has a divider apart from the loop's, and so more
frequencies than CLKOP.
"""

from collections.abc import Iterator
from fractions import Fraction

from .setting import Range, Setting, pin_setting

__all__ = ["CLKFB_DIV", "CLKI_DIV", "CLKOP_DIV", "CLKOS_DIV", "INPUT", "OUTPUT", "PHASE", "VCO", "settings"]

INPUT = Range(8_000_000, 400_000_000)
PHASE = Range(10_000_000, 400_000_000)
"""At the phase detector: ``f_in / CLKI_DIV``, which is also the frequency of CLKOP over CLKFB_DIV."""
VCO = Range(400_000_000, 800_000_000)
OUTPUT = Range(3_125_000, 400_000_000)
"""Of CLKOP and CLKOS alike."""
CLKI_DIV = range(1, 129)
CLKFB_DIV = range(1, 129)
CLKOP_DIV = range(1, 129)
CLKOS_DIV = range(1, 129)


def settings(f_in: int) -> Iterator[Setting]:
    """Yield the clocks that a pin of `f_in` Hz can give, the pin itself first, each frequency of the VCO once."""
    yield pin_setting(f_in)
    if f_in not in INPUT:
        return
    for clki in CLKI_DIV:
        phase = Fraction(f_in, clki)
        if phase not in PHASE:
            break
        for product in range(1, VCO.most // int(phase) + 1):
            vco = phase * product
            loop = _loop(phase, product)
            if vco not in VCO or loop is None:
                continue
            for clkos in CLKOS_DIV:
                if vco / clkos in OUTPUT:
                    yield _pll(f_in, clki, *loop, clkos)


def _loop(phase: Fraction, product: int) -> tuple[int, int] | None:
    """Return CLKFB_DIV and CLKOP_DIV of the given product, CLKOP as slow as it may be; None where there are none."""
    for feedback in CLKFB_DIV:
        output, rest = divmod(product, feedback)
        if not rest and output in CLKOP_DIV and phase * feedback in OUTPUT:
            return feedback, output
    return None


def _pll(f_in: int, clki: int, clkfb: int, clkop: int, clkos: int) -> Setting:
    """Return one setting of the PLL."""
    verilog = f"""\
  wire clk, clk_loop, locked;
  (* ICP_CURRENT="12", LPF_RESISTOR="8", MFG_ENABLE_FILTEROPAMP="1", MFG_GMCREF_SEL="2" *)
  EHXPLLL #(
    .CLKI_DIV({clki}), .CLKFB_DIV({clkfb}), .FEEDBK_PATH("CLKOP"),
    .CLKOP_ENABLE("ENABLED"), .CLKOP_DIV({clkop}), .CLKOP_CPHASE({clkop // 2}), .CLKOP_FPHASE(0),
    .CLKOS_ENABLE("ENABLED"), .CLKOS_DIV({clkos}), .CLKOS_CPHASE({clkos // 2}), .CLKOS_FPHASE(0)
  ) u_pll (
    .CLKI(pin_clk), .CLKFB(clk_loop), .CLKOP(clk_loop), .CLKOS(clk), .LOCK(locked), .RST(1'b0), .STDBY(1'b0),
    .PHASESEL0(1'b0), .PHASESEL1(1'b0), .PHASEDIR(1'b1), .PHASESTEP(1'b1), .PHASELOADREG(1'b1), .PLLWAKESYNC(1'b0),
    .ENCLKOP(1'b0), .ENCLKOS(1'b0), .ENCLKOS2(1'b0), .ENCLKOS3(1'b0)
  );
"""
    dividers = {"CLKI_DIV": clki, "CLKFB_DIV": clkfb, "CLKOP_DIV": clkop, "CLKOS_DIV": clkos}
    return Setting(f_in, Fraction(f_in * clkfb * clkop, clki * clkos), "EHXPLLL", dividers, verilog)
