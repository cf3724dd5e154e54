"""A small module with the ports of the shell, so that the flow can be tried in seconds."""

from rtloom.hdl.emit import Verilog

TEXT = """\
module rtloom_board__worker (input clk, input rst, input signed [7:0] a, input signed [7:0] b, output reg [15:0] sum);
  always @(posedge clk)
    if (rst) sum <= 0;
    else sum <= sum + a * b;
endmodule

module rtloom_board (input clk, input rst, input rx, output tx, output busy);
  reg [CLOCKS:0] line;
  reg signed [7:0] a, b;
  wire [15:0] sum;
  assign tx = sum[15];
  assign busy = ^sum;
  always @(posedge clk) begin
    line <= {line[CLOCKS-1:0], rx};
    if (rst) begin a <= 0; b <= 1; end
    else begin a <= {a[6:0], line[CLOCKS]}; b <= b + a; end
  end
  rtloom_board__worker worker (.clk(clk), .rst(rst), .a(a), .b(b), .sum(sum));
endmodule
"""


def tiny_shell(clocks_per_bit):
    """Return the module; the number of clocks a bit shows in it."""
    modules = {"rtloom_board": "tiny.Shell()", "rtloom_board__worker": "tiny.Worker(8)"}
    return Verilog(TEXT.replace("CLOCKS", str(min(clocks_per_bit, 8))), "rtloom_board", modules)
