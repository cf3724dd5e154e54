"""Multipliers for synthesis to gates: Booth where it is smaller, else rows of ANDs (Baugh and Wooley, 1973)."""

__all__ = ["NARROW_MULTIPLIERS"]

# Measured in gate equivalents, Booth against rows: signed 16x4 452/380, 8x4 202/180, 8x5 272/242, 8x6 302/299,
# 8x8 359/404; unsigned 4x4 109/79, 8x4 219/172, 6x6 256/208, 8x8 402/403.
NARROW_MULTIPLIERS = """
(* techmap_celltype = "$mul" *)
module rtloom_narrow_multiplier (A, B, Y);
  parameter A_SIGNED = 0, B_SIGNED = 0, A_WIDTH = 1, B_WIDTH = 1, Y_WIDTH = 1;
  input [A_WIDTH-1:0] A;
  input [B_WIDTH-1:0] B;
  output [Y_WIDTH-1:0] Y;

  localparam SIGNED = A_SIGNED != 0 && B_SIGNED != 0;
  localparam SWAP = A_WIDTH < B_WIDTH;
  localparam N = SWAP ? B_WIDTH : A_WIDTH;
  localparam M = SWAP ? A_WIDTH : B_WIDTH;
  localparam W = N + M;
  wire _TECHMAP_FAIL_ = M < 3 || M > (SIGNED ? 5 : 7) || (SIGNED && N == 4 && M == 4);

  wire [N-1:0] wide;
  wire [M-1:0] narrow;
  assign wide = SWAP ? B : A;
  assign narrow = SWAP ? A : B;

  // Products with one sign bit count negative: inverted, and the difference is a constant.
  wire [W*(M+1)-1:0] sums;
  assign sums[W-1:0] = 0;
  genvar i;
  generate
    for (i = 0; i < M; i = i + 1) begin : row
      wire [N-1:0] ands;
      wire [N-1:0] flips;
      assign ands = wide & {N{narrow[i]}};
      assign flips = !SIGNED ? {N{1'b0}} : i == M - 1 ? {1'b0, {N-1{1'b1}}} : {1'b1, {N-1{1'b0}}};
      wire [W-1:0] shifted;
      assign shifted = {{M{1'b0}}, ands ^ flips} << i;
      assign sums[W*(i+1) +: W] = sums[W*i +: W] + shifted;
    end
  endgenerate
  localparam [W-1:0] ONE = 1;
  localparam [W-1:0] CONSTANT = SIGNED ? (ONE << (N - 1)) + (ONE << (M - 1)) + (ONE << (W - 1)) : 0;
  wire [W-1:0] product;
  assign product = sums[W*M +: W] + CONSTANT;
  generate
    if (Y_WIDTH <= W) assign Y = product[Y_WIDTH-1:0];
    else assign Y = {{Y_WIDTH-W{SIGNED ? product[W-1] : 1'b0}}, product};
  endgenerate
endmodule
"""
"""A Yosys techmap that takes the multipliers for which rows of ANDs are smaller than Booth's."""
