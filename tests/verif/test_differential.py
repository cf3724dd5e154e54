"""One stimulus on Verilator, Icarus and a netlist: they agree, and what is broken on one of them is named."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rtloom.errors import CheckError, InputError, ToolError
from rtloom.generators.design import Design, emit_design
from rtloom.generators.spec import load
from rtloom.verif.differential import compare as differential
from rtloom.verif.differential import icarus
from rtloom.verif.differential.cell_models import tie_open_inputs
from rtloom.verif.differential.differences import Difference
from rtloom.verif.differential.icarus import MISSING, find_icarus, read_traces
from rtloom.verif.differential.netlist import synthesise
from rtloom.verif.differential.stimulus import Run, choose, runs_of
from rtloom.verif.differential.trace import RunTrace, unknown_lanes
from rtloom.verif.mutants import broken

SPEC = load({"family": "systolic", "name": "tiny", "params": {"rows": 2, "cols": 2, "max_reduction": 64}})
DESIGN = emit_design(SPEC)
RUNS = runs_of(SPEC, 1)
FEW = tuple(run for run in RUNS if run.name in ("small_free_flow", "ragged_free_flow", "ragged_idle", "reset_halfway"))
ICARUS = pytest.mark.skipif(find_icarus() is None, reason=MISSING)


@ICARUS
def test_icarus_and_the_netlist_agree_with_verilator() -> None:
    report = differential.compare(SPEC, targets=("gates",), cycles=1200).require()
    assert [engine.name for engine in report.engines] == ["verilator", "icarus", "netlist gates"]
    assert report.agree
    assert not report.skipped
    assert 3 <= report.runs < report.of == len(RUNS)
    assert report.cycles == sum(trace.cycles for trace in report.engines[1].runs.values())
    assert all(not trace.unknowns for trace in report.engines[1].runs.values())


@pytest.mark.parametrize("target", ["ice40", "ecp5", "xilinx"])
def test_cells_of_fpgas_are_simulated(target: str) -> None:
    one = emit_design(SPEC.replace(rows=1, cols=1))
    runs = runs_of(SPEC.replace(rows=1, cols=1), 1, ["small", "minimum"])
    report = differential.compare_design(one, runs, engines=["netlist"], targets=(target,)).require()
    assert [engine.name for engine in report.engines] == ["verilator", f"netlist {target}"]
    assert report.runs == 4


def test_a_wrong_netlist_is_named() -> None:
    report = differential.compare_design(DESIGN, FEW, engines=["netlist"], netlist=broken(DESIGN, "edge_wrong"))
    assert not report.agree
    first = report.differences[0]
    assert (first.kind, first.stream, first.field, first.lane, first.beat) == ("value", "c", "data", 0, 5)
    said = first.said
    assert said["verilator"] == said["golden"] != said["netlist gates"]
    shape = r"^\w+, value: c\.data, lane 0, beat 5, cycle \d+: verilator and golden say -?\d+; netlist gates says -?\d+"
    assert re.match(shape, str(first)), first
    with pytest.raises(CheckError, match=r"^tiny must be the same on every engine, but ragged_\w+, value: c\.data"):
        report.require()
    raw = report.to_dict()
    assert (raw["report"], raw["design"], raw["agree"]) == ("differential", "tiny", False)
    assert raw["differences"][0]["text"] == str(first)
    assert raw["engines"][1]["build"]["unit"] == "s"


def test_other_cycles_and_flags_are_found() -> None:
    late = differential.compare_design(DESIGN, FEW, engines=["netlist"], netlist=broken(DESIGN, "bubble"))
    kinds = {difference.kind for difference in late.differences}
    assert {"cycle", "cycles"} <= kinds <= {"cycle", "cycles", "problem"}
    assert not any(d.kind == "value" for d in late.differences)
    lost = differential.compare_design(DESIGN, FEW, engines=["netlist"], netlist=broken(DESIGN, "last_lost"))
    assert {difference.kind for difference in lost.differences} == {"last"}
    assert {d.said["netlist gates"] for d in lost.differences} == {0}


def test_a_netlist_that_hangs_is_a_problem() -> None:
    report = differential.compare_design(DESIGN, FEW[1:2], engines=["netlist"], netlist=broken(DESIGN, "never_valid"))
    assert [d.kind for d in report.differences] == ["problem"]
    assert "must move a beat" in str(report.differences[0])


@ICARUS
@pytest.mark.parametrize(("register", "wire"), [("a_full", "a.ready"), ("o__valid", "c.valid in reset")])
def test_a_register_without_reset_is_unknown_in_icarus(register: str, wire: str) -> None:
    text = re.sub(rf"if \(rst\) {register} <= 1'h0;\s*else ", "", DESIGN.verilog)
    assert text != DESIGN.verilog
    ports = [bound.port for bound in DESIGN.manifest.streams]
    found = [str(d) for d in differential.differences(FEW[0], ports, {"icarus": _traced(text)})]
    assert any(re.match(rf"^small_free_flow, unknown: {wire}, cycle \d+: icarus says x", text) for text in found), found


@ICARUS
def test_data_that_depends_on_idle_inputs_is_unknown_in_icarus() -> None:
    # The word on the wires is used, offered or not; two-valued simulators see that x ^ x is 0.
    used = "assign m_axis_c_tdata = (s_axis_a_tdata ^ s_axis_a_tdata) ^ "
    seen = DESIGN.verilog.replace("assign m_axis_c_tdata = ", used, 1)
    assert seen != DESIGN.verilog
    ports = [bound.port for bound in DESIGN.manifest.streams]
    found = differential.differences(FEW[0], ports, {"icarus": _traced(seen)})
    assert any(d.kind == "unknown" and d.field == "data" and d.said["icarus"] == "x" for d in found), found


@ICARUS
def test_icarus_says_where_it_hangs_and_what_it_rejects() -> None:
    hung = _traced(broken(DESIGN, "never_valid").verilog, FEW[1])
    assert re.match(r"^hangs: a took \d+ of \d+, b took \d+ of \d+, c gave 2 of \d+; cycle \d+$", hung.problem)
    with pytest.raises(CheckError, match=r"^Verilog of tiny must be accepted by Icarus Verilog, but: design\.v:"):
        icarus.run_icarus(DESIGN.verilog.replace("assign", "asign", 1), DESIGN.manifest, FEW, 60)


def test_without_icarus_it_is_skipped_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(icarus.shutil, "which", lambda _: None)
    report = differential.compare(SPEC, cycles=1, targets=("gates",))
    assert report.skipped == {"icarus": "Icarus Verilog is not installed: apt install iverilog"}
    assert "icarus not run: Icarus Verilog is not installed" in str(report)
    with pytest.raises(ToolError, match=r"^Icarus Verilog is not installed: apt install iverilog$"):
        differential.compare(SPEC, engines=["icarus"], cycles=1)


def test_a_netlist_that_is_too_large_is_not_simulated() -> None:
    rule = r"^Netlist of tiny for gates must have at most 10 cells to be simulated, not [\d,]+$"
    with pytest.raises(ToolError, match=rule):
        synthesise(DESIGN, "gates", 60, most=10)


def _traced(text: str, run: Run = FEW[0]) -> RunTrace:
    return icarus.run_icarus(text, DESIGN.manifest, [run], 60).runs[run.name]


def test_the_runs_are_those_of_the_bench() -> None:
    names = [run.name for run in RUNS]
    assert {"small_free_flow", "ragged_bursts", "small_both", "reset_halfway"} <= set(names)
    assert "ragged_patient" not in names
    assert {run.kind for run in RUNS} == {"free", "stalled", "reset"}
    ragged = runs_of(SPEC, 1, ["ragged"], ["none", "bursts"])
    assert {run.job for run in ragged} == {"ragged"}
    assert {run.kind for run in ragged} == {"free", "stalled", "reset"}
    assert np.array_equal(runs_of(SPEC, 1)[3].vectors.result, RUNS[3].vectors.result)


def test_runs_are_chosen_by_cost_and_of_every_kind() -> None:
    few = choose(RUNS, 1)
    assert sorted(run.kind for run in few) == ["free", "reset", "stalled"]
    more = choose(RUNS, 1000)
    assert len(few) < len(more) < len(RUNS)
    assert sum(run.cost for run in more) <= 1000
    assert choose(RUNS, None) == RUNS
    assert {run.name for run in choose(RUNS, 10**9)} == {run.name for run in RUNS}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"jobs": ["huge"]}, r"^Job must be one of small, ragged, corner, .*, not 'huge'$"),
        ({"stalls": ["often"]}, r"^Stall pattern must be one of none, .*, not 'often'$"),
        (
            {"jobs": ["small"], "stalls": ["freeze"]},
            r"^Jobs small must be run by the bench with stalls freeze, and none is$",
        ),
        ({"engines": ["vcs"]}, r"^Engine must be one of icarus, netlist, not 'vcs'$"),
        ({"targets": ["gowin"]}, r"^Netlist target must be one of gates, ice40, ecp5, xilinx, not 'gowin'$"),
    ],
)
def test_bad_names(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        differential.compare(SPEC, **given)


def test_what_icarus_wrote_is_read() -> None:
    run = FEW[0]
    lines = ["x 0 0 3 ready", "x 0 0 5 ready", "r 0 2", "w 0 2 6 x", "i 0 0 1", "o 0 2 7 1 00000b000002", "e 0 9 0"]
    lines[5:5] = ["o 0 2 6 0 :" + "x" * 24 + "0" * 23 + "1"]
    trace = read_traces(lines, DESIGN.manifest, [run])[run.name]
    c = trace.streams["c"]
    assert c.cycles.tolist() == [6, 7]
    assert c.beats["last"].tolist() == [False, True]
    assert c.beats["data"].tolist() == [[1, 0], [2, 0xB]]
    assert c.unknown["data"].tolist() == [[False, True], [False, False]]
    assert trace.cycles == 7
    found = {(u.stream, u.wire): (u.cycle, u.times) for u in trace.unknowns}
    assert found == {("a", "ready"): (3, 2), ("c", "valid in reset"): (0, 1), ("c", "data"): (6, 1)}
    assert trace.problem.startswith("hangs: a took 1 of ")
    assert read_traces([], DESIGN.manifest, [run])[run.name].problem == "the simulation ended before the run did"


def test_unknown_lanes_are_found_bit_by_bit() -> None:
    port = next(bound.port for bound in DESIGN.manifest.streams if bound.port.name == "c")
    mask = np.zeros((1, port.nbytes), dtype=np.uint8)
    mask[0, 2] = 0x80
    assert unknown_lanes(port, mask)["data"].tolist() == [[True, False]]
    mask[0, 2], mask[0, 3] = 0, 1
    assert unknown_lanes(port, mask)["data"].tolist() == [[False, True]]


def test_a_difference_says_who_disagrees_with_whom() -> None:
    said: dict[str, int | str] = {"verilator": 3, "icarus": 3, "netlist gates": 4, "golden": 3}
    text = (
        "r, value: c.data, lane 1, beat 2, cycle 9: verilator, icarus and golden say 3; netlist gates says 4 (5 places)"
    )
    assert str(Difference("r", "value", said, "c", 2, "data", 1, 9, 5)) == text


def test_open_inputs_of_cells_hold_zero() -> None:
    models = "module CELL(input A, input signed [1:0] B, output Y); endmodule"
    netlist = "  CELL #(\n    .P(1)\n  ) one (\n    .A(a),\n    .Y(y)\n  );\n  OTHER two (\n    .A(a)\n  );\n"
    tied, pins = tie_open_inputs(netlist, models)
    assert tied == netlist.replace(".Y(y)\n", ".Y(y),\n    .B(0)\n")
    assert pins == {"CELL.B": 1}


def test_the_command(tmp_path: Path, rtloom_command: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    small = ["-p", "rows=2", "-p", "cols=2", "-p", "max_reduction=64", "--with", "netlist", "--jobs", "small"]
    asked = ["compare", "systolic-4x4-int8", *small, "--stalls", "none,both"]
    done = rtloom_command(*asked, "--out", tmp_path)
    assert done.status == 0
    assert "on verilator, netlist gates: all agree with the golden model in 2 of 2 runs" in done.out
    files = list(tmp_path.iterdir())
    assert [file.name.startswith("differential-systolic-4x4-int8") for file in files] == [True]
    assert json.loads(files[0].read_text())["agree"] is True
    wrong = Difference("r", "last", {"verilator": 1, "netlist gates": 0}, "c", 0)
    found = differential.compare(SPEC, engines=["netlist"], jobs=["small"], cycles=1)
    monkeypatch.setattr(differential, "compare", lambda *_, **__: replace(found, differences=(wrong,)))
    failed = rtloom_command(*asked)
    assert failed.status == 1
    assert "r, last: c, beat 0: verilator says 1; netlist gates says 0" in failed.out
    failed = rtloom_command(*asked, "--json")
    assert failed.status == 1
    assert json.loads(failed.out)["differences"][0]["kind"] == "last"


def test_the_design_is_that_of_the_manifest() -> None:
    assert isinstance(DESIGN, Design)
    assert differential.compare_design(DESIGN, FEW[:1], engines=[]).design == "tiny"
