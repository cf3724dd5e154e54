// One multiply-accumulate unit, written by hand: an element of A and of B a beat, an element of C after each sum.
// For each row of A and column of B the k products one after the other; a_last ends a sum.
module mac #(
  parameter WIDTH = 8,
  parameter SUM = 24
) (
  input  wire                    clk,
  input  wire                    rst,
  input  wire signed [WIDTH-1:0] a,
  input  wire                    a_last,
  input  wire                    a_valid,
  output wire                    a_ready,
  input  wire signed [WIDTH-1:0] b,
  input  wire                    b_valid,
  output wire                    b_ready,
  output reg  signed [SUM-1:0]   c,
  output reg                     c_valid,
  input  wire                    c_ready
);
  reg signed [SUM-1:0] sum;
  // The last product of a sum has to wait until the result before has gone.
  wire room = !c_valid || c_ready;
  wire take = a_valid && b_valid && room;
  wire signed [SUM-1:0] next = sum + a * b;

  assign a_ready = take;
  assign b_ready = take;

  always @(posedge clk) begin
    if (rst) begin
      sum <= 0;
      c_valid <= 0;
    end else begin
      if (c_ready) c_valid <= 0;
      if (take) begin
        sum <= a_last ? 0 : next;
        if (a_last) begin
          c <= next;
          c_valid <= 1;
        end
      end
    end
  end
endmodule
