"""A small hand-written design with streams, its manifest, and versions of it that break one rule each."""

import numpy as np

from rtloom.hdl.formats import Integer
from rtloom.hdl.manifest import BoundStream, Manifest, Reset, stream_signals
from rtloom.hdl.ports import Field, StreamPort

LANES = 2
SCALE = """
module scale(
  input aclk, input aresetn,
  input [15:0] s_axis_a_tdata, input s_axis_a_tvalid, output s_axis_a_tready, input s_axis_a_tlast,
  output [31:0] m_axis_c_tdata, output m_axis_c_tvalid, input m_axis_c_tready, output m_axis_c_tlast
);
  reg full = 0, flag;
  reg [31:0] sum;
  reg [7:0] count = 0;
  wire signed [7:0] low = s_axis_a_tdata[7:0], high = s_axis_a_tdata[15:8];
  assign m_axis_c_tdata = sum;
  assign m_axis_c_tlast = flag;
  assign m_axis_c_tvalid = full;
  assign s_axis_a_tready = !full | m_axis_c_tready;
  always @(posedge aclk) begin
    if (s_axis_a_tready) begin
      full <= s_axis_a_tvalid;
      flag <= s_axis_a_tlast;
      sum <= {high * 16'sd3, low * 16'sd3};
      count <= count + s_axis_a_tvalid;
    end
    // here
    if (!aresetn) begin full <= 0; count <= 0; end
  end
endmodule
"""

FAULTS = {
    "none": (),
    "valid_dropped": (("// here", "if (full & !m_axis_c_tready) full <= 0;"),),
    "data_changed": (("// here", "if (full & !m_axis_c_tready) sum <= sum + 1;"),),
    "last_changed": (("// here", "if (full & !m_axis_c_tready) flag <= !flag;"),),
    "too_many": (("full <= s_axis_a_tvalid;", "full <= s_axis_a_tvalid | (full & flag);"),),
    "deadlock": (
        ("!full | m_axis_c_tready;", "(!full | m_axis_c_tready) & count != 5;"),
        ("// here", "if (count == 5 & m_axis_c_tready) full <= 0;"),
    ),
    "silent": (("full <= s_axis_a_tvalid;", "full <= s_axis_a_tvalid & count < 5;"),),
    "waits_for_ready": (("m_axis_c_tvalid = full", "m_axis_c_tvalid = full & m_axis_c_tready"),),
    "waits_for_a_sink": (
        ("m_axis_c_tvalid = full", "m_axis_c_tvalid = full & seen"),
        ("reg full = 0,", "reg seen = 0; always @(posedge aclk) seen <= m_axis_c_tready; reg full = 0,"),
    ),
    "long_reset": (
        ("if (!aresetn) begin full <= 0;", "if (!aresetn & late) begin full <= 0;"),
        ("reg full = 0,", "reg late = 0; always @(posedge aclk) late <= !aresetn; reg full,"),
    ),
    "valid_in_reset": (("m_axis_c_tvalid = full", "m_axis_c_tvalid = full | !aresetn"),),
    "assertion": (("// here", "assert (count < 5);"),),
    "syntax": (("endmodule", "endmodul"),),
    "reads_idle_data": (
        ("assign m_axis_c_tdata = sum", "reg [31:0] dirt = 0; assign m_axis_c_tdata = sum ^ dirt"),
        ("// here", "if (!s_axis_a_tvalid) dirt <= dirt | (s_axis_a_tdata & {16{aresetn}});"),
    ),
    "no_initial": (("assign m_axis_c_tdata = sum", "reg [31:0] salt; assign m_axis_c_tdata = sum ^ salt"),),
    "forgets_reset": (("count <= 0;", ""), ("m_axis_c_tdata = sum", "m_axis_c_tdata = sum ^ (count > 20)")),
}


def scale(fault: str = "none") -> str:
    """Return the Verilog of ``c = 3 * a``, latency one cycle, one beat a cycle; or a faulty version of it."""
    text = SCALE
    for before, after in FAULTS[fault]:
        assert before in text
        text = text.replace(before, after)
    return text


A = StreamPort("a", "in", (Field("data", Integer(8), LANES),))
C = StreamPort("c", "out", (Field("data", Integer(16), LANES),))


def manifest_of(top: str, ports: tuple[StreamPort, ...]) -> Manifest:
    """Return the manifest of a design with AXI streams."""
    bound = tuple(BoundStream(port, stream_signals(port, "axi")) for port in ports)
    return Manifest("0", top, top, "test", {}, "0", "axi", "aclk", Reset("aresetn", active_low=True), bound)


MANIFEST = manifest_of("scale", (A, C))


def beats(count: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Return random beats for `a`."""
    rng = np.random.default_rng(seed)
    return {"data": rng.integers(-128, 128, (count, LANES)), "last": np.arange(count) % 4 == 3}
