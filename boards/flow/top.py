"""The top of a bitstream: pins, clock, reset and the shell; and the file that says where the pins are."""

from ..board import Board
from ..pll.setting import Setting
from ..shell.emit import TOP as SHELL

__all__ = ["CONSTRAINTS", "RESET_CYCLES", "TOP", "constraints", "top_verilog"]

TOP = "top"
RESET_CYCLES = 16
"""Clock cycles for which the shell is in reset after the clock is stable."""
CONSTRAINTS = {"ice40": "top.pcf", "ecp5": "top.lpf", "gowin": "top.cst"}
"""Name of the file of pins."""


def top_verilog(board: Board, setting: Setting) -> str:
    """Return the Verilog of the top for a board and its clock.

    Registers begin with 0, as iCE40 can do no other: the reset begins one cycle after the clock, and ends
    `RESET_CYCLES` cycles after it is locked.
    """
    led = "~busy" if board.led_low else "busy"
    return f"""\
// {board.title}, {board.part}: clock of {setting.mhz} from {setting.f_in / 1e6:g} MHz, made by {setting.primitive}.
module {TOP} (
  input pin_clk,
  input pin_rx,
  output pin_tx,
  output pin_led
);

{setting.verilog}
  // Reset for {RESET_CYCLES} cycles after the lock, which comes at any time and so passes two registers.
  reg [1:0] stable = 2'd0;
  reg [{(RESET_CYCLES - 1).bit_length()}:0] waited = 0;
  reg rst = 1'b0;
  always @(posedge clk) begin
    stable <= {{stable[0], locked}};
    if (!stable[1])
      waited <= 0;
    else if (!waited[{(RESET_CYCLES - 1).bit_length()}])
      waited <= waited + 1'b1;
    rst <= !waited[{(RESET_CYCLES - 1).bit_length()}];
  end

  wire busy;
  assign pin_led = {led};
  {SHELL} u_board (.clk(clk), .rst(rst), .rx(pin_rx), .tx(pin_tx), .busy(busy));
endmodule
"""


def constraints(board: Board) -> str:
    """Return the content of the file of pins, in the form of the FPGA's tools."""
    places = [(f"pin_{role}", place) for role, place in board.pins.items()]
    if board.fpga == "ice40":
        # A serial line that nobody drives rests at 1.
        lines = [f"set_io {'-pullup yes ' if pin == 'pin_rx' else ''}{pin} {place}" for pin, place in places]
    elif board.fpga == "ecp5":
        lines = [f'LOCATE COMP "{pin}" SITE "{place}";' for pin, place in places]
        lines += [f'IOBUF PORT "{pin}" IO_TYPE=LVCMOS33{_pull(pin, " PULLMODE=UP")};' for pin, _ in places]
    else:
        lines = [f'IO_LOC "{pin}" {place};' for pin, place in places]
        lines += [f'IO_PORT "{pin}" IO_TYPE=LVCMOS33{_pull(pin, " PULL_MODE=UP")};' for pin, _ in places]
    return "\n".join(lines) + "\n"


def _pull(pin: str, option: str) -> str:
    """Return the option for the pin that needs it."""
    return option if pin == "pin_rx" else ""
