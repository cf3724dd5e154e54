"""Synthesis: designs whose cells, area and depth can be counted by hand, and every complaint."""

import pytest

from rtloom.errors import CheckError, InputError, ToolError
from rtloom.hdl.netlist import label_of
from rtloom.hdl.synth import synthesize
from rtloom.hdl.synth_multiplier import NARROW_MULTIPLIERS
from rtloom.hdl.synth_targets import FPGAS
from rtloom.hdl.yosys import run_yosys

from .liberty_files import liberty

NAND = "module x__nand_2(input a, input b, output y); assign y = ~(a & b); endmodule\n"
# Three NANDs in a row, over two levels of hierarchy, between registers
CHAIN = (
    NAND
    + """
module x__pair(input a, input b, input c, output y);
  wire t; x__nand_2 first(.a(a), .b(b), .y(t)); x__nand_2 second(.a(t), .b(c), .y(y));
endmodule
module x(input clk, input [3:0] d, output reg q);
  reg [3:0] r; wire t, y;
  x__pair pair(.a(r[0]), .b(r[1]), .c(r[2]), .y(t)); x__nand_2 last(.a(t), .b(r[3]), .y(y));
  always @(posedge clk) begin r <= d; q <= y; end
endmodule
"""
)
MULTIPLIERS = """
module m(input clk, input signed [31:0] a, input signed [31:0] b, output [63:0] p);
  genvar i;
  generate for (i = 0; i < 4; i = i + 1) begin : each
    reg signed [15:0] r;
    always @(posedge clk) r <= $signed(a[8*i +: 8]) * $signed(b[8*i +: 8]);
    assign p[16*i +: 16] = r;
  end endgenerate
endmodule
"""
MEMORY = """
module m(input clk, input we, input [{top}:0] wa, ra, input [7:0] d, output reg [7:0] q);
  reg [7:0] words [0:{last}];
  always @(posedge clk) begin if (we) words[wa] <= d; q <= words[ra]; end
endmodule
"""
ENABLED = """
module m(input clk, input en, input [7:0] d, output reg [7:0] q);
  always @(posedge clk) if (en) q <= d;
endmodule
"""


def memory(words):
    return MEMORY.format(top=(words - 1).bit_length() - 1, last=words - 1)


def test_gates_that_can_be_counted_by_hand():
    report = synthesize(CHAIN, "x")
    assert report.cells == {"DFF": 5, "NAND2": 3}
    assert report["area"].value == 5 * 5.25 + 3 * 1.0
    assert report["flip_flops"].value == 5
    assert report["flip_flop_area"].value == pytest.approx(100 * 26.25 / 29.25)
    assert report["depth"].value == 3
    assert report["memory_macros"].value == 0
    assert "delay" not in report.figures


def test_area_by_label_and_by_group():
    report = synthesize(CHAIN, "x", groups={"pairs": ["pair"]})
    rows = {share.label: (share.modules, share.instances, share.cells, share.area) for share in report.shares}
    assert rows == {"top": (1, 1, 5, 26.25), "nand": (1, 3, 3, 3.0), "pair": (1, 1, 0, 0.0)}
    groups = {share.label: share.area for share in report.groups}
    assert groups == {"control": 26.25 + 1, "pairs": 2.0}  # two NANDs stand in the pair, one in the top
    assert sum(share.share for share in report.groups) == pytest.approx(100)


def test_flat_has_the_same_cells_and_one_module():
    report = synthesize(CHAIN, "x", flatten=True)
    assert report["area"].value == 29.25
    assert [share.label for share in report.shares] == ["top"]


def test_depth_counts_paths_through_ports_without_registers():
    assert synthesize(NAND, "x__nand_2")["depth"].value == 1
    assert synthesize("module w(input a, output y); assign y = a; endmodule", "w")["depth"].value == 0


def test_every_figure_says_its_unit_and_source():
    report = synthesize(CHAIN, "x")
    assert report["area"].unit == "GE"
    for figure in report.figures.values():
        assert figure.source.startswith("synth Yosys 0.")
        assert "rtloom gate equivalents sha256:" in figure.source
    assert report.to_dict()["figures"]["area"] == report["area"].to_dict()


def test_file_and_text_give_the_same(tmp_path):
    path = tmp_path / "x y.v"
    path.write_text(CHAIN)
    assert synthesize(path, "x").cells == synthesize(CHAIN, "x").cells


def test_system_verilog_is_known_by_its_suffix(tmp_path):
    path = tmp_path / "x.sv"
    path.write_text("module x(input logic clk, d, output logic q); always_ff @(posedge clk) q <= d; endmodule")
    assert synthesize(path, "x").cells == {"DFF": 1}


def test_booth_and_goal_are_heeded():
    area = {booth: synthesize(MULTIPLIERS, "m", booth=booth)["area"].value for booth in (True, False)}
    assert area[True] < 0.9 * area[False]
    slow, quick = (synthesize(MULTIPLIERS, "m", goal=goal) for goal in ("area", "delay"))
    assert quick["depth"].value < 0.7 * slow["depth"].value
    assert slow["area"].value < quick["area"].value


@pytest.mark.parametrize("kind", ["", "signed"])
@pytest.mark.parametrize(
    ("a", "b", "y"), [(3, 3, 6), (4, 3, 12), (3, 5, 8), (5, 4, 6), (5, 5, 10), (8, 3, 11), (7, 3, 5)]
)
def test_narrow_multipliers_are_multipliers(tmp_path, kind, a, b, y):
    ports = f"input {kind} [{a - 1}:0] a, input {kind} [{b - 1}:0] b, output {kind} [{y - 1}:0] y"
    (tmp_path / "t.v").write_text(f"module t({ports}); assign y = a * b; endmodule")
    (tmp_path / "narrow.v").write_text(NARROW_MULTIPLIERS)
    begin = ["read_verilog t.v", "proc", "copy t u", "techmap -map narrow.v u", "select -assert-count 0 u/t:$mul"]
    prove = ["miter -equiv -flatten -make_outputs t u m", "sat -verify -prove trigger 0 m"]
    run_yosys([*begin, "select -clear", *prove], directory=tmp_path)


def test_an_enable_is_a_multiplexer_or_a_clock_gate():
    report = synthesize(ENABLED, "m")
    assert report.cells["DFF"] == 8
    assert 8 * (5.25 + 2) < report["area"].value <= 8 * (5.25 + 2.75)
    gated = synthesize(ENABLED, "m", clock_gating=True)
    assert gated.cells == {"DFF": 8, "ICG": 1}
    assert gated["clock_gates"].value == 1
    assert gated["area"].value == 8 * 5.25 + 4.5


def test_a_small_memory_becomes_flip_flops_and_stays_in_the_report():
    report = synthesize(memory(4), "m")
    (found,) = report.memories
    assert (found.words, found.width, found.reads, found.writes, found.form) == (4, 8, 1, 1, "flip-flops")
    assert report["flip_flops"].value == 32 + 8
    assert report["memory_macros"].value == 0


def test_a_large_memory_is_a_macro_outside_the_area():
    report = synthesize(memory(1024), "m")
    (found,) = report.memories
    assert (found.module, found.bits, found.instances, found.form) == ("m", 8192, 1, "macro")
    assert report["memory_macros"].value == 8192
    assert report["area"].value == 0
    assert "memory macros are not in the area" in report.notes


def test_the_limit_between_them_can_be_moved():
    assert synthesize(memory(4), "m", macro_bits=31).memories[0].form == "macro"
    assert synthesize(memory(4), "m", macro_bits=32).memories[0].form == "flip-flops"


def test_a_table_that_is_never_written_is_logic_in_the_area():
    report = synthesize(
        "module m(input clk, input [7:0] a, output reg [23:0] o); reg [23:0] t [0:255]; integer i;"
        " initial for (i = 0; i < 256; i = i + 1) t[i] = i * i * 97;"
        " always @(posedge clk) o <= t[a]; endmodule",
        "m",
    )
    assert [memory.form for memory in report.memories] == ["logic"]
    assert report["memory_macros"].value == 0
    assert report["area"].value > 300


@pytest.mark.parametrize("target", FPGAS)
def test_four_multipliers_and_a_memory_of_an_fpga(target):
    both = """
      module both(input clk, input signed [31:0] a, b, output [63:0] p, input we, input [9:0] wa, ra, input [7:0] d,
                  output [7:0] q);
        m4 multipliers(.clk(clk), .a(a), .b(b), .p(p));
        m ram(.clk(clk), .we(we), .wa(wa), .ra(ra), .d(d), .q(q));
      endmodule
    """
    report = synthesize(MULTIPLIERS.replace("module m(", "module m4(") + memory(1024) + both, "both", target)
    assert report["DSP"].value == 4
    assert report["BRAM18" if target.startswith("xilinx") else "BRAM"].value == (2 if target == "ice40" else 1)
    assert report["DSP"].source == f"synth {report.tool}, {FPGAS[target].title}"


@pytest.mark.parametrize("target", ["ice40", "ecp5", "gowin"])
def test_without_dsp_blocks_multipliers_take_luts(target):
    report = synthesize(MULTIPLIERS, "m", target, dsp=False)
    assert report["DSP"].value == 0
    assert report["LUT4"].value > 500


def test_hierarchy_of_an_fpga_design_can_be_kept():
    assert synthesize(CHAIN, "x", "ice40")["LUT4"].value == 1
    assert synthesize(CHAIN, "x", "ice40", flatten=False)["LUT4"].value == 3


@pytest.mark.parametrize("name", ["sky130", "sg13g2", "asap7"])
def test_published_libraries(name):
    report = synthesize(CHAIN, "x", liberty=liberty(name))
    assert report["area"].unit == "um^2"
    assert report["gate_equivalents"].value == pytest.approx(29.25, rel=0.3)
    assert report["flip_flops"].value == 5
    assert report["delay"].value > 1
    assert any("delay" in note for note in report.notes)
    gated = synthesize(ENABLED, "m", liberty=liberty(name), clock_gating=True)
    assert gated["clock_gates"].value == 1
    assert gated["area"].value < synthesize(ENABLED, "m", liberty=liberty(name))["area"].value


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"target": "asic"},
            "Synthesis target must be one of gates, ice40, ecp5, gowin, xilinx, xilinx-up, not 'asic'",
        ),
        ({"goal": "best"}, "Synthesis goal must be one of area, balanced, delay, not 'best'"),
        ({"time_limit": 0}, "Synthesis time limit must be more than 0 seconds, not 0"),
        ({"macro_bits": -1}, "Synthesis macro_bits must be 0 or more, not -1"),
        (
            {"target": "ecp5", "liberty": ["a"]},
            "Synthesis target must be gates where a liberty file is given, not 'ecp5'",
        ),
        ({"top": "x; shell"}, "Synthesis top must be the name of a Verilog module, not 'x; shell'"),
    ],
)
def test_wrong_parameters(options, message):
    with pytest.raises(InputError) as caught:
        synthesize(CHAIN, **{"top": "x"} | options)
    assert str(caught.value) == message


def test_missing_verilog(tmp_path):
    path = tmp_path / "none.v"
    with pytest.raises(InputError) as caught:
        synthesize(path, "x")
    assert str(caught.value) == f"Verilog file must exist, not '{path}'"


@pytest.mark.parametrize(
    ("verilog", "message"),
    [
        ("module x(input a; endmodule", "^Yosys must succeed, but .*design.v:1: ERROR: syntax error"),
        ("module y(input a); endmodule", "^Yosys must succeed, but reported ERROR: Module `x' not found!$"),
        ("module x(input a); y u(.a(a)); endmodule", r"^Yosys must succeed, but .* is not part of the design\.$"),
    ],
)
def test_verilog_that_cannot_be_read(verilog, message):
    with pytest.raises(ToolError, match=message):
        synthesize(verilog, "x")


def test_combinational_loop():
    loop = "module x(input a, input b, output y); wire z; nand(y, a, z); nand(z, b, y); endmodule"
    with pytest.raises(CheckError, match=r"^Design must be free of combinational loops, but module x has one$"):
        synthesize(loop, "x")


def test_time_limit():
    slow = "module x(input [127:0] a, b, output [255:0] y); assign y = a * b; endmodule"
    message = "^Synthesis of x must finish within 0.3 seconds, but was still running$"
    with pytest.raises(ToolError, match=message):
        synthesize(slow, "x", flatten=True, time_limit=0.3)


@pytest.mark.parametrize(
    ("module", "label"),
    [
        ("t", "top"),
        ("t__pe_12", "pe"),
        ("t__queue_8", "queue"),
        ("t__memory_64x32_2", "memory"),
        ("t__convert_8_to_16", "convert"),
        ("t__skew_a", "skew_a"),
        ("t__8", "8"),
        ("other", "other"),
    ],
)
def test_label_of(module, label):
    assert label_of(module, "t") == label
