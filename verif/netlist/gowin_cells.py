"""Verilog of the Gowin blocks that Yosys has no simulation model of: bare multipliers, and the RAM of two ports.

What the blocks do follows Gowin's user guides UG287 (DSP) and UG285 (memories). Only what Yosys maps to is modelled:
multipliers without registers, RAMs without output registers; anything else ends the simulation.
"""

__all__ = ["gowin_cells"]

_SLICES = 64
"""Parameters that hold a RAM's first contents."""


def gowin_cells() -> str:
    """Return the modules ``MULT9X9``, ``MULT18X18``, ``SDPB`` and ``SDPX9B``."""
    return _multiplier(9) + _multiplier(18) + _ram("SDPB", 8) + _ram("SDPX9B", 9)


def _multiplier(bits: int) -> str:
    registers = ("AREG", "BREG", "OUT_REG", "PIPE_REG", "ASIGN_REG", "BSIGN_REG", "SOA_REG")
    return f"""
module MULT{bits}X{bits} #(
  parameter {", ".join(f"{name} = 1'b0" for name in registers)}, parameter MULT_RESET_MODE = "SYNC"
) (
  input [{bits - 1}:0] A, SIA, B, SIB,
  input ASIGN, BSIGN, ASEL, BSEL, CE, CLK, RESET,
  output [{2 * bits - 1}:0] DOUT,
  output [{bits - 1}:0] SOA, SOB
);
  initial if ({" || ".join(registers)}) $fatal(1, "MULT{bits}X{bits} must be used without registers");
  wire signed [{bits}:0] a = {{ASIGN & A[{bits - 1}], A}};
  wire signed [{bits}:0] b = {{BSIGN & B[{bits - 1}], B}};
  wire signed [{2 * bits + 1}:0] product = a * b;
  assign DOUT = product[{2 * bits - 1}:0];
  assign SOA = A;
  assign SOB = B;
endmodule
"""


def _ram(name: str, unit: int) -> str:
    """Return a RAM that is written at one port and read at the other, of bytes of 8 or 9 bits."""
    slices = [f"INIT_RAM_{n:02X}" for n in range(_SLICES)]
    width, total = 4 * unit, 32 * unit
    writes = "\n".join(
        f"        if (ADA[{n}] && BIT_WIDTH_0 > {unit * n})\n"
        f"          bytes[{{ADA[13:5], BIT_WIDTH_0 == {width} ? 2'd{n} : {{ADA[4], 1'd{n % 2}}}}}]"
        f" <= DI[{unit * n} +: {unit}];"
        for n in range(4)
    )
    return f"""
module {name} #(
  parameter READ_MODE = 1'b0, parameter BIT_WIDTH_0 = {width}, parameter BIT_WIDTH_1 = {width},
  parameter BLK_SEL_0 = 3'b000, parameter BLK_SEL_1 = 3'b000, parameter RESET_MODE = "SYNC",
  parameter [{total - 1}:0] {", ".join(f"{slice_} = 0" for slice_ in slices)}
) (
  input CLKA, CEA, CLKB, CEB, OCE, RESETA, RESETB,
  input [13:0] ADA, ADB,
  input [2:0] BLKSELA, BLKSELB,
  input [{width - 1}:0] DI,
  output reg [{width - 1}:0] DO
);
  localparam [{total * _SLICES - 1}:0] CONTENTS = {{{", ".join(reversed(slices))}}};
  reg [{unit - 1}:0] bytes [0:2047];
  integer place;
  initial begin
    for (place = 0; place < 2048; place = place + 1) bytes[place] = CONTENTS[{unit} * place +: {unit}];
    if (READ_MODE || BLK_SEL_0 != 0 || BLK_SEL_1 != 0)
      $fatal(1, "{name} must be used without output registers and selects");
  end
  always @(posedge CLKA)
    if (CEA) begin
      if (BIT_WIDTH_0 >= {2 * unit}) begin
{writes}
      end else if (BIT_WIDTH_0 == {unit}) bytes[ADA[13:3]] <= DI[{unit - 1}:0];
      else if (BIT_WIDTH_0 == 4) bytes[ADA[13:3]][4 * ADA[2] +: 4] <= DI[3:0];
      else if (BIT_WIDTH_0 == 2) bytes[ADA[13:3]][2 * ADA[2:1] +: 2] <= DI[1:0];
      else bytes[ADA[13:3]][ADA[2:0]] <= DI[0];
    end
  always @(posedge CLKB)
    if (RESETB && RESET_MODE != "SYNC") $fatal(1, "{name} must be used without asynchronous reset");
    else if (RESETB) DO <= 0;
    else if (CEB)
      case (BIT_WIDTH_1)
        {4 * unit}: DO <= {{bytes[{{ADB[13:5], 2'd3}}], bytes[{{ADB[13:5], 2'd2}}],
                  bytes[{{ADB[13:5], 2'd1}}], bytes[{{ADB[13:5], 2'd0}}]}};
        {2 * unit}: DO <= {{{2 * unit}'b0, bytes[{{ADB[13:4], 1'd1}}], bytes[{{ADB[13:4], 1'd0}}]}};
        {unit}: DO <= {{{3 * unit}'b0, bytes[ADB[13:3]]}};
        4: DO <= {{{width - 4}'b0, bytes[ADB[13:3]][4 * ADB[2] +: 4]}};
        2: DO <= {{{width - 2}'b0, bytes[ADB[13:3]][2 * ADB[2:1] +: 2]}};
        default: DO <= {{{width - 1}'b0, bytes[ADB[13:3]][ADB[2:0]]}};
      endcase
endmodule
"""
