"""Verilog of the ECP5 blocks that Yosys has no simulation model of: the multiplier as it is, and the block RAM.

What the blocks do follows Lattice's technical notes FPGA-TN-02205 (sysDSP) and FPGA-TN-02204 (memories). Only what
Yosys maps to is modelled: multipliers without registers, RAMs without output registers; anything else ends the
simulation.
"""

__all__ = ["lattice_cells"]

_SLICES = 64
"""Parameters that hold a RAM's first contents, each 16 words of 18 bits, 20 bits apart."""


def lattice_cells() -> str:
    """Return the modules ``MULT18X18D`` and ``DP16KD``."""
    return _multiplier() + _ram()


def _bits(name: str, count: int) -> str:
    """Return ``name17, name16 ... name0``."""
    return ", ".join(f"{name}{bit}" for bit in reversed(range(count)))


def _multiplier() -> str:
    return f"""
module MULT18X18D(
  input {_bits("A", 18)}, {_bits("B", 18)}, {_bits("C", 18)},
  input SIGNEDA, SIGNEDB, SOURCEA, SOURCEB,
  output {_bits("P", 36)}
);
  wire signed [18:0] a = {{SIGNEDA & A17, {_bits("A", 18)}}};
  wire signed [18:0] b = {{SIGNEDB & B17, {_bits("B", 18)}}};
  wire signed [37:0] product = a * b;
  assign {{{_bits("P", 36)}}} = product[35:0];
endmodule
"""


def _ram() -> str:
    names = [f"INITVAL_{n:02X}" for n in range(_SLICES)]
    ports = "".join(_ram_ports(port) for port in "AB").rstrip().rstrip(",")
    return f"""
module DP16KD #(
  parameter [319:0] {", ".join(f"{name} = 0" for name in names)},
  parameter DATA_WIDTH_A = 18, parameter DATA_WIDTH_B = 18,
  parameter REGMODE_A = "NOREG", parameter REGMODE_B = "NOREG",
  parameter RESETMODE = "SYNC", parameter ASYNC_RESET_RELEASE = "SYNC",
  parameter CSDECODE_A = "0b000", parameter CSDECODE_B = "0b000",
  parameter WRITEMODE_A = "NORMAL", parameter WRITEMODE_B = "NORMAL",
  parameter CLKAMUX = "CLKA", parameter CLKBMUX = "CLKB", parameter GSR = "AUTO"
) (
{ports}
);
  localparam [{320 * _SLICES - 1}:0] CONTENTS = {{{", ".join(reversed(names))}}};
  reg [17:0] words [0:1023];
  integer word;
  initial begin
    for (word = 0; word < 1024; word = word + 1)
      words[word] = CONTENTS[320 * (word / 16) + 20 * (word % 16) +: 18];
    if (REGMODE_A != "NOREG" || REGMODE_B != "NOREG" || CSDECODE_A != "0b000"
        || CSDECODE_B != "0b000" || CLKAMUX != "CLKA" || CLKBMUX != "CLKB")
      $fatal(1, "DP16KD must be used without output registers, selects and inverted clocks");
  end
  function automatic [35:0] found(input integer width, input [13:0] at);
    case (width)
      36: found = {{words[{{at[13:5], 1'b1}}], words[{{at[13:5], 1'b0}}]}};
      18: found = {{18'b0, words[at[13:4]]}};
      9: found = {{27'b0, words[at[13:4]][9 * at[3] +: 9]}};
      4: found = {{32'b0, words[at[13:4]][9 * at[3] + 4 * at[2] +: 4]}};
      2: found = {{34'b0, words[at[13:4]][9 * at[3] + 2 * at[2:1] +: 2]}};
      default: found = {{35'b0, words[at[13:4]][9 * at[3] + at[2:0]]}};
    endcase
  endfunction
{_ram_port("A", "{dib, dia}")}
{_ram_port("B", "{18'b0, dib}")}
  assign {{{_bits("DOA", 18)}}} = DATA_WIDTH_B == 36 ? qb[17:0] : qa[17:0];
  assign {{{_bits("DOB", 18)}}} = DATA_WIDTH_B == 36 ? qb[35:18] : qb[17:0];
endmodule
"""


def _ram_ports(port: str) -> str:
    singles = ", ".join(f"{name}{port}" for name in ("CE", "OCE", "CLK", "WE", "RST"))
    selects = ", ".join(f"CS{port}{n}" for n in range(3))
    return f"""  input {_bits(f"DI{port}", 18)},
  input {_bits(f"AD{port}", 14)},
  input {singles}, {selects},
  output {_bits(f"DO{port}", 18)},
"""


def _ram_port(port: str, data: str) -> str:
    """Return one port: reads what was there before, what is written, or nothing where it writes."""
    low = port.lower()
    halves = "\n".join(
        f"          if (ad{low}[{n}] && DATA_WIDTH_{port} >= {18 if n < 2 else 36})\n"
        f"            words[{{ad{low}[13:5], DATA_WIDTH_{port} == 36 ? 1'b{n // 2} : ad{low}[4]}}]"
        f"[{9 * (n % 2)} +: 9] <= d{low}[{9 * n} +: 9];"
        for n in range(4)
    )
    return f"""  wire [17:0] di{low} = {{{_bits(f"DI{port}", 18)}}};
  wire [13:0] ad{low} = {{{_bits(f"AD{port}", 14)}}};
  wire [35:0] d{low} = {data};
  reg [35:0] q{low};
  always @(posedge CLK{port})
    if (CE{port}) begin
      if (!WE{port} || WRITEMODE_{port} == "READBEFOREWRITE") q{low} <= found(DATA_WIDTH_{port}, ad{low});
      else if (WRITEMODE_{port} == "WRITETHROUGH") q{low} <= d{low};
      if (WE{port})
        case (DATA_WIDTH_{port})
          9: words[ad{low}[13:4]][9 * ad{low}[3] +: 9] <= d{low}[8:0];
          4: words[ad{low}[13:4]][9 * ad{low}[3] + 4 * ad{low}[2] +: 4] <= d{low}[3:0];
          2: words[ad{low}[13:4]][9 * ad{low}[3] + 2 * ad{low}[2:1] +: 2] <= d{low}[1:0];
          1: words[ad{low}[13:4]][9 * ad{low}[3] + ad{low}[2:0]] <= d{low}[0];
          default: begin
{halves}
          end
        endcase
      if (RST{port}) q{low} <= 36'b0;
      if (RST{port} && RESETMODE != "SYNC") $fatal(1, "DP16KD must be used without asynchronous reset");
    end
"""
