"""Proofs that a fault changes nothing: each kind of reason once, and faults that only look harmless."""

import pytest

from rtloom.hdl.formats import Integer
from rtloom.hdl.manifest import BoundStream, Manifest, Reset, stream_signals
from rtloom.hdl.ports import Field, StreamPort
from rtloom.hdl.yosys import run_yosys
from rtloom.verif.mutation.equivalence import Answer, Prover
from rtloom.verif.mutation.faults import Fault

# Looks a number up in two tables, adds what both say, and gives the sum without its last bit.
DESIGN = """
module lookup(
  input aclk, input aresetn,
  input [7:0] s_axis_a_tdata, input s_axis_a_tvalid, output s_axis_a_tready,
  output [7:0] m_axis_c_tdata, output m_axis_c_tvalid, input m_axis_c_tready
);
  reg full, done, ever;
  reg [1:0] turn;
  reg [3:0] high, low, sum;
  wire go = !done | m_axis_c_tready;
  wire [7:0] a = s_axis_a_tdata;
  reg [3:0] high_of, low_of;
  wire [4:0] added = high + low;
  wire [3:0] given;
  wire odd = turn == 2'd3;
  assign given = odd ? 4'd0 : sum;
  assign s_axis_a_tready = go;
  assign m_axis_c_tvalid = done;
  assign m_axis_c_tdata = {4'd0, given};
  always @* case (a[1:0])
    0: begin high_of = 1; low_of = 2; end
    1: begin high_of = 4; low_of = 6; end
    2: begin high_of = 7; low_of = 9; end
    3: begin high_of = 3; low_of = 5; end
  endcase
  always @(posedge aclk) begin
    if (go) begin
      full <= s_axis_a_tvalid;
      high <= high_of;
      low <= low_of;
      sum <= added[4:1];
      done <= full;
      turn <= turn == 2'd2 ? 2'd0 : turn + 2'd1;
    end
    if (!aresetn) begin full <= 0; done <= 0; turn <= 0; end
  end
endmodule
"""
PORTS = (
    StreamPort("a", "in", (Field("data", Integer(8, is_signed=False), 1),), last=False),
    StreamPort("c", "out", (Field("data", Integer(8, is_signed=False), 1),), last=False),
)
MANIFEST = Manifest(
    *("0", "lookup", "lookup", "test", {}, "0", "axi", "aclk", Reset("aresetn", active_low=True)),
    tuple(BoundStream(port, stream_signals(port, "axi")) for port in PORTS),
)


@pytest.fixture(scope="module")
def netlist(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("netlist")
    (folder / "design.v").write_text(DESIGN)
    run_yosys(
        [
            "read_verilog design.v",
            "proc",
            "opt_expr",
            "opt_clean",
            "write_rtlil flat.il",
            "write_verilog -noattr seen.v",
        ],
        directory=folder,
    )
    return (folder / "flat.il").read_text()


def cell(netlist: str, kind: str, output: str) -> str:
    """Return the name of the cell of a kind that drives a wire."""
    for part in netlist.split("  cell ")[1:]:
        head, body = part.split("\n", 1)
        if head.startswith(kind + " ") and f"connect \\Y {output}\n" in body.split("\n  end")[0] + "\n":
            return head.split(" ", 1)[1].removeprefix("\\")
    raise AssertionError(f"no {kind} drives {output}")


def answers(netlist: str, mode: str, kind: str, output: str, *places: tuple[str, int]) -> list[Answer]:
    """Return what is found out about one fault after the other."""
    name = cell(netlist, kind, output)
    faults = [
        Fault(
            at,
            mode,
            name,
            port,
            bit,
            (),
            f"mutate -mode {mode} -module lookup -cell {name} -port {port} -portbit {bit}",
        )
        for at, (port, bit) in enumerate(places, 1)
    ]
    prover = Prover(netlist, MANIFEST, faults)
    return [prover.answer(fault) for fault in faults]


def test_a_wrong_sum_is_seen(netlist: str) -> None:
    (found,) = answers(netlist, "inv", "$add", "\\added", ("Y", 1))
    assert not found.equal
    assert found.words.startswith("differs in cycle ")


def test_a_bit_that_is_dropped_is_equal_by_structure(netlist: str) -> None:
    assert answers(netlist, "inv", "$add", "\\added", ("Y", 0)) == [Answer(True, "no register ever differs")]


def test_what_was_looked_up_together_belongs_together(netlist: str) -> None:
    """Of the sums 1+2, 4+6, 7+9 and 3+5 the first two may be one less or more before the last bit is dropped."""
    found = answers(netlist, "inv", "$pmux", "\\high_of", *(("B", bit) for bit in range(16)))
    equal = [answer.words for answer in found if answer.equal]
    assert equal == ["at most 1 register differs"] * 2
    assert not any(answer.equal for bit, answer in enumerate(found) if bit % 4)


def test_numbers_that_no_table_holds_do_not_count(netlist: str) -> None:
    """No entry of the first table is 8 or more: what is in its register before the first number is never valid."""
    assert answers(netlist, "const0", "$add", "\\added", ("A", 3)) == [Answer(True, "at most 2 registers differ")]


def test_a_state_that_is_never_reached_is_no_difference(netlist: str) -> None:
    assert answers(netlist, "const0", "$eq", "\\odd", ("Y", 0)) == [Answer(True, "no register ever differs")]
