// An output-stationary array of 4 x 4, written by hand: a column of A and a row of B a beat, an outer product a cycle.
// b_end, which travels with B, ends a tile; then its rows come out one by one, while the next tile waits.
module outer (
  input  wire        clk,
  input  wire        rst_n,
  input  wire [31:0] a_column,
  input  wire        a_valid,
  output wire        a_ready,
  input  wire [31:0] b_row,
  input  wire        b_end,
  input  wire        b_valid,
  output wire        b_ready,
  output wire [79:0] c_row,
  output wire        c_end,
  output wire        c_valid,
  input  wire        c_ready
);
  localparam N = 4, BITS = 20;
  reg signed [BITS-1:0] sums [0:N*N-1];
  reg draining;
  reg [1:0] row;

  wire take = a_valid && b_valid && !draining;
  wire give = c_valid && c_ready;
  assign a_ready = take;
  assign b_ready = take;
  assign c_valid = draining;
  assign c_end = row == N - 1;

  genvar j;
  generate
    for (j = 0; j < N; j = j + 1) begin : lane
      assign c_row[BITS*j +: BITS] = sums[{row, 2'b00} + j];
    end
  endgenerate

  integer r, k;
  always @(posedge clk) begin
    if (!rst_n) begin
      draining <= 0;
      row <= 0;
      for (r = 0; r < N * N; r = r + 1) sums[r] <= 0;
    end else begin
      if (take) begin
        for (r = 0; r < N; r = r + 1)
          for (k = 0; k < N; k = k + 1)
            sums[N*r + k] <= sums[N*r + k] + $signed(a_column[8*r +: 8]) * $signed(b_row[8*k +: 8]);
        draining <= b_end;
      end
      if (give) begin
        row <= row + 1;
        if (c_end) begin
          draining <= 0;
          for (r = 0; r < N * N; r = r + 1) sums[r] <= 0;
        end
      end
    end
  end
endmodule
