"""Proofs about whole designs: each family's rules close, and each planted bug is found by the proof that it breaks."""

import json
import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

import rtloom
from rtloom.__main__ import app
from rtloom.errors import InputError, ToolError
from rtloom.figures import Figure
from rtloom.generators.design import Design, emit_design
from rtloom.verif.formal import design as designs
from rtloom.verif.formal import registers, sums
from rtloom.verif.formal.design import patience, prove, prove_verilog
from rtloom.verif.formal.engine import search
from rtloom.verif.formal.prepare import prepare
from rtloom.verif.formal.proof import Proof, ProofReport
from rtloom.verif.formal.sums import Sum, sums_of
from rtloom.verif.formal.traces import broken_assertion

SMALL = {"rows": 2, "cols": 2, "max_reduction": 16}


@pytest.fixture(scope="module")
def small() -> Design:
    return emit_design(rtloom.load("systolic-4x4-int8", **SMALL))


def broken(design: Design, old: str, new: str) -> Design:
    """Plant a bug: one place of the Verilog changed."""
    text, count = re.subn(old, new, design.verilog, count=1)
    assert count == 1, old
    return Design(text, design.manifest)


def ask(design: Design, name: str, traces: Path | None = None) -> Proof:
    spec = rtloom.load("systolic-4x4-int8", **SMALL)
    (proof,) = prove_verilog(design, spec, [name], time_limit=60, traces=traces).proofs
    return proof


@pytest.mark.parametrize(
    ("preset", "only"),
    [
        ("systolic-4x4-int8", None),
        ("lut-small-w2a4", None),
        ("sparse-small", ["paths", "offers", "streams", "progress", "sums"]),
        # Its progress takes 15 s: it is proven by `rtloom prove`, not here.
        ("attention-small", ["streams", "sums"]),
        ("vector-rope", None),
    ],
)
def test_a_small_design_of_each_family_is_proven_for_all_time(preset: str, only: list[str] | None) -> None:
    report = prove(rtloom.load(preset), only)
    assert [(proof.name, proof.status) for proof in report.proofs if proof.status != "proven"] == []
    by_name = {proof.name: proof for proof in report.proofs}
    latency = emit_design(preset).manifest.timing["latency_cycles"]
    assert by_name["streams"].method == "induction"
    # A stalled beat was reached: no sooner than the design's latency after reset.
    assert by_name["streams"].cover > latency
    if "progress" in by_name:
        assert by_name["progress"].method == "induction"
        assert by_name["progress"].claim.startswith(f"a beat moves at least every {latency} cycles")
        assert by_name["progress"].cover >= latency


def test_a_payload_that_changes_while_it_waits(small: Design, tmp_path: Path) -> None:
    bug = broken(small, r"if \(_01_\) o__payload <= _04_;", "o__payload <= _04_;")
    proof = ask(bug, "streams", tmp_path)
    assert (proof.status, proof.method) == ("failed", "bounded")
    assert proof.note == "breaks c_rules.a_holds"
    assert proof.depth > patience(small)
    wave = Path(proof.trace)
    assert wave.parent == tmp_path
    assert wave.name.endswith("-streams.vcd")
    assert "m_axis_c_tdata" in wave.read_text()
    assert "rtloom_stream_rules" in wave.with_suffix(".sv").read_text()


def test_a_beat_that_is_offered_out_of_reset(small: Design) -> None:
    proof = ask(broken(small, r"if \(rst\) o__valid <= 1'h0;\s+else if", "if"), "streams")
    assert proof.status == "failed"
    # Such a beat may also be one that nothing keeps.
    assert proof.note in ("breaks c_rules.a_quiet", "breaks c_rules.a_holds")


def test_a_valid_that_waits_for_ready_in_the_same_cycle(small: Design) -> None:
    bug = broken(small, r"\.c__valid\(m_axis_c_tvalid\)", ".c__valid(waits)")
    bug = broken(bug, r"wire rst;", "wire rst; wire waits; assign m_axis_c_tvalid = waits & m_axis_c_tready;")
    proof = ask(bug, "paths")
    assert (proof.status, proof.method) == ("failed", "structural")
    assert proof.note == "m_axis_c_tready -> m_axis_c_tvalid"


def test_a_ready_that_waits_for_its_own_valid(small: Design) -> None:
    bug = broken(small, r"\.a__ready\(s_axis_a_tready\)", ".a__ready(would)")
    bug = broken(bug, r"wire rst;", "wire rst; wire would; assign s_axis_a_tready = would & s_axis_a_tvalid;")
    assert ask(bug, "paths").note == "s_axis_a_tvalid -> s_axis_a_tready"


def test_a_valid_that_waits_for_an_earlier_ready(small: Design) -> None:
    waits = """wire rst; wire would; reg seen; assign m_axis_c_tvalid = would & seen;
    always @(posedge aclk) seen <= aresetn & (seen | m_axis_c_tready);"""
    bug = broken(small, r"\.c__valid\(m_axis_c_tvalid\)", ".c__valid(would)")
    bug = broken(bug, r"wire rst;", waits)
    # No path within a cycle gives it away, and what it never offers it never changes.
    assert ask(bug, "paths").status == "proven"
    found = ask(bug, "offers")
    assert (found.status, found.cover) == ("failed", None)
    assert found.note == f"no trace of {found.depth} cycles in which c does"
    vacuous = ask(bug, "streams")
    assert vacuous.status == "not finished"
    assert vacuous.note.startswith("may be vacuous")


def test_a_design_that_stops(small: Design, tmp_path: Path) -> None:
    stuck = ask(broken(small, r"assign a_take = .*;", "assign a_take = 1'b0;"), "progress", tmp_path)
    assert (stuck.status, stuck.note) == ("failed", "breaks must_move")
    assert stuck.depth > patience(small)
    assert Path(stuck.trace).stat().st_size > 0


def test_an_accumulator_that_loses_bits(small: Design, tmp_path: Path) -> None:
    bits = rtloom.load("systolic-4x4-int8", **SMALL).params.sum_bits
    kept = f"{{ {{ 2{{_2_[{bits - 3}]}} }}, _2_[{bits - 3}:0] }}"
    proof = ask(broken(small, r"total <= _2_;", f"total <= {kept};"), "registers", tmp_path)
    assert proof.status == "failed"
    assert re.fullmatch(r"total of \w+__pe loses bits", proof.note)
    assert Path(proof.trace).stat().st_size > 0
    assert ask(small, "registers").status == "proven"


def test_a_trace_that_breaks_nothing_confirms_nothing(tmp_path: Path) -> None:
    counter = """module rtloom_proof (input clk, input go);
      reg [2:0] count = 0;
      always @(posedge clk) count <= count + go;
      always @* below: assert (count < 3);
    endmodule"""
    prepare(tmp_path, {"proof.sv": counter}, cut=False, timeout=60)
    answer = search(tmp_path, 10, 10)
    assert (answer.kind, answer.cycles) == ("failed", 4)
    assert broken_assertion(tmp_path, 60) == "below"
    witness = tmp_path / "trace.aiw"
    first, *cycles = witness.read_text().splitlines()
    witness.write_text("\n".join([first, *("0" * len(line) for line in cycles[:4])]) + "\n")
    assert broken_assertion(tmp_path, 60) is None


def test_sums_that_do_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = rtloom.load("systolic-4x4-int8")
    (held,) = sums_of(spec)
    assert held.bounds == (511 * -128 * 127, 511 * 128 * 128)
    assert (held.bits, held.fits) == (24, True)
    assert not Sum("products", 512, -16256, 16384, 24).fits
    monkeypatch.setattr(sums, "sums_of", lambda _: [Sum("products", 512, -16256, 16384, 24)])
    proof = sums.prove_sums(spec)
    assert (proof.status, proof.note) == (
        "failed",
        "products: 512 x [-16256, 16384] = [-8323072, 8388608] in 24 bits",
    )


def test_sums_that_wrap_by_choice_claim_nothing() -> None:
    spec = rtloom.load("systolic-8x8-int8", accumulator_bits=18, overflow="wrap", max_reduction=65536)
    assert sums_of(spec) == []
    assert [proof.name for proof in prove(spec, ["paths"]).proofs] == ["paths"]
    with pytest.raises(InputError, match="Option --only must be one of paths, offers, streams, progress, not 'sums'"):
        prove(spec, ["sums"])


def test_without_time_nothing_is_claimed(monkeypatch: pytest.MonkeyPatch, small: Design) -> None:
    from rtloom.verif.formal import decide
    from rtloom.verif.formal.engine import Answer

    monkeypatch.setattr(decide, "merge", lambda *_: False)
    monkeypatch.setattr(decide, "induction", lambda *_: Answer("open", 0))
    proof = ask(small, "progress")
    assert (proof.status, proof.how) == ("bounded", f"bounded to {4 * patience(small)} cycles")
    monkeypatch.setattr(decide, "search", lambda *_: Answer("open", 7))
    monkeypatch.setattr(designs, "cover", lambda *_: Answer("failed", 12))
    proof = ask(small, "progress")
    assert (proof.status, proof.how) == ("not finished", "bounded, 7 cycles searched")


def test_a_missing_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(ToolError, match=re.escape("rtloom prove needs the solver: pip install 'rtloom[prove]'")):
        prove(rtloom.load("systolic-4x4-int8"))


def test_the_report_as_json() -> None:
    proof = Proof("streams", "it holds", "bounded", "bounded", depth=40, cover=13, seconds=1.5)
    report = ProofReport("mine", "0123", (proof,))
    raw = json.loads(json.dumps(report.to_dict()))
    assert (raw["report"], raw["design"], raw["passed"]) == ("proof", "mine", True)
    assert raw["counts"]["bounded"] == Figure(1, "proofs", "exact").to_dict()
    assert raw["proofs"][0]["depth"] == {"value": 40, "unit": "cycles", "source": "Yosys, ABC bmc3"}
    assert raw["proofs"][0]["how"] == "bounded to 40 cycles"
    assert str(report) == "mine: 1 bounded in 1.5 s"


def test_the_command() -> None:
    done = CliRunner().invoke(app, ["prove", "systolic-4x4-int8", "-p", "rows=2", "--only", "paths", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["proofs"][0]["status"] == "proven"
    shown = CliRunner().invoke(app, ["prove", "systolic-4x4-int8", "--only", "sums"])
    assert "sums: no accumulator overflows" in shown.stdout
    with pytest.raises(InputError, match="Option --depth must be left out for blocks, not 4"):
        CliRunner().invoke(app, ["prove", "blocks", "--depth", "4"], catch_exceptions=False)


def test_the_command_fails_where_a_proof_does(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = Proof("sums", "it fits", "interval arithmetic", "failed")
    monkeypatch.setattr(designs, "prove_sums", lambda _: failed)
    assert CliRunner().invoke(app, ["prove", "systolic-4x4-int8", "--only", "sums"]).exit_code == 1


def test_every_accumulator_of_a_column_is_found(small: Design) -> None:
    proof = ask(small, "registers")
    assert proof.note.startswith("1 registers: total of ")
    assert proof.claim == registers.CLAIM


def test_gates_that_are_not_ready_in_time_prove_nothing(small: Design) -> None:
    spec = rtloom.load("systolic-4x4-int8", **SMALL)
    (proof,) = prove_verilog(small, spec, ["paths"], time_limit=0.05).proofs
    assert (proof.status, proof.note) == ("not finished", "Yosys needed all of the time")
