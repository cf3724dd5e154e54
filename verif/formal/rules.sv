// The rules of a stream, once for every stream of every design (DESIGN.md, "Interfaces").
//
// GIVES = 1: the design gives the stream, so that the rules are asserted; 0: it takes it, so that they are assumed.
//   a_quiet   after a clock edge in reset nothing is offered.
//   a_holds   what is offered and not taken is offered again, payload and last unchanged.

module rtloom_stream_rules #(
  parameter BITS = 1,
  parameter GIVES = 1
) (
  input clk,
  input rst,
  input valid,
  input ready,
  input [BITS-1:0] beat
);
  reg was_reset = 1'b0;
  reg stalled = 1'b0;
  reg [BITS-1:0] offered;
  always @(posedge clk) begin
    was_reset <= rst;
    stalled <= valid && !ready && !rst;
    offered <= beat;
  end
  wire quiet = !(was_reset && valid);
  wire holds = !stalled || (valid && beat == offered);
  generate
    if (GIVES) begin
      always @* a_quiet: assert (quiet);
      always @* a_holds: assert (holds);
    end else begin
      always @* a_quiet: assume (quiet);
      always @* a_holds: assume (holds);
    end
  endgenerate
endmodule
