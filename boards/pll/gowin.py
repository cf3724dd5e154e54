"""Clocks of the Gowin GW1NR-9, grade C6/I5: rPLL, and the pin.

Limits: GW1NR series of FPGA Products Data Sheet, DS117, "PLL Switching Characteristics". Dividers: Gowin Clock User
Guide, UG286: ``f_out = f_in * (FBDIV_SEL + 1) / (IDIV_SEL + 1)`` and ``f_vco = f_out * ODIV_SEL``.
"""

from collections.abc import Iterator
from fractions import Fraction

from .setting import Range, Setting, pin_setting

__all__ = ["FBDIV_SEL", "IDIV_SEL", "INPUT", "ODIV_SEL", "OUTPUT", "PHASE", "VCO", "settings"]

INPUT = Range(3_000_000, 400_000_000)
PHASE = Range(3_000_000, 400_000_000)
"""At the phase detector: ``f_in / (IDIV_SEL + 1)``."""
VCO = Range(400_000_000, 1_200_000_000)
OUTPUT = Range(3_125_000, 600_000_000)
IDIV_SEL = range(64)
FBDIV_SEL = range(64)
ODIV_SEL = (2, 4, 8, 16, 32, 48, 64, 80, 96, 112, 128)


def settings(f_in: int) -> Iterator[Setting]:
    """Yield every legal clock from a pin of `f_in` Hz, the pin itself first."""
    yield pin_setting(f_in)
    if f_in not in INPUT:
        return
    for idiv in IDIV_SEL:
        for fbdiv in FBDIV_SEL:
            f_out = Fraction(f_in * (fbdiv + 1), idiv + 1)
            if Fraction(f_in, idiv + 1) not in PHASE or f_out not in OUTPUT:
                continue
            for odiv in ODIV_SEL:
                if f_out * odiv in VCO:
                    yield _pll(f_in, idiv, fbdiv, odiv)


def _pll(f_in: int, idiv: int, fbdiv: int, odiv: int) -> Setting:
    """Return one setting of the PLL."""
    verilog = f"""\
  wire clk, locked;
  rPLL #(
    .FCLKIN("{f_in / 1e6:g}"), .DEVICE("GW1NR-9C"), .CLKFB_SEL("internal"), .CLKOUT_BYPASS("false"),
    .IDIV_SEL({idiv}), .FBDIV_SEL({fbdiv}), .ODIV_SEL({odiv})
  ) u_pll (
    .CLKIN(pin_clk), .CLKOUT(clk), .LOCK(locked), .RESET(1'b0), .RESET_P(1'b0), .CLKFB(1'b0),
    .FBDSEL(6'b0), .IDSEL(6'b0), .ODSEL(6'b0), .PSDA(4'b0), .DUTYDA(4'b0), .FDLY(4'b0)
  );
"""
    dividers = {"IDIV_SEL": idiv, "FBDIV_SEL": fbdiv, "ODIV_SEL": odiv}
    return Setting(f_in, Fraction(f_in * (fbdiv + 1), idiv + 1), "rPLL", dividers, verilog)
