"""Two readers of Verilog, or three: what they find, and tools that fail."""

import json
import shutil
from pathlib import Path

import pytest

from rtloom.errors import CheckError, InputError, ToolError
from rtloom.generators.design import emit_design
from rtloom.sim import lint as module
from rtloom.sim.lint import WAIVERS, lint

CLEAN = """module good(input wire clk, input wire [3:0] a, output reg [3:0] q);
  always @(posedge clk) q <= ~a;
endmodule
"""
LATCH = """module bad(input wire e, input wire [3:0] a, output reg [3:0] q);
  always @* if (e) q = a;
endmodule
"""
NARROW = """module bad(input wire [3:0] a, output wire [2:0] q);
  assign q = a;
endmodule
"""
LOOP = """module bad(input wire a, output wire q);
  wire x;
  assign x = q & a;
  assign q = x | a;
endmodule
"""


def test_a_clean_design(tmp_path):
    path = tmp_path / "good.v"
    path.write_text(CLEAN)
    for verilog in (CLEAN, path, [path]):
        report = lint(verilog, "good")
        assert report.clean
        assert report.require() is report
    assert [reader.split()[0] for reader in report.readers][:2] == ["Verilator", "Yosys"]
    assert len(report.readers) == 2 + bool(shutil.which("iverilog"))


@pytest.mark.parametrize(("text", "rule"), [(LATCH, "LATCH"), (NARROW, "WIDTHTRUNC"), (LOOP, "UNOPTFLAT")])
def test_faults_are_found(text, rule):
    report = lint(text, "bad")
    assert any(finding.rule == rule and finding.reader == "Verilator" for finding in report.findings)
    assert all(finding.place.startswith("bad.v:") for finding in report.findings if finding.reader == "Verilator")
    with pytest.raises(CheckError, match=r"^bad must be clean, not have \d+ findings: bad\.v:\d+: .* \[Verilator "):
        report.require()


def test_the_second_reader_finds_a_latch_and_a_loop():
    assert any(finding.reader == "Yosys" for finding in lint(LATCH, "bad").findings)
    assert any(finding.reader == "Yosys" and "loop" in finding.text for finding in lint(LOOP, "bad").findings)


def test_what_cannot_be_read_is_a_finding_of_every_reader():
    report = lint("module bad(input x;\nendmodule\n", "bad")
    readers = {finding.reader for finding in report.findings}
    assert {"Verilator", "Yosys"} <= readers
    assert ("Icarus" in readers) == bool(shutil.which("iverilog"))


@pytest.mark.parametrize("preset", ["systolic-4x4-int8", "systolic-8x8-int8-ws"])
@pytest.mark.parametrize("interface", ["axi", "stream"])
def test_generated_verilog_is_clean(preset, interface):
    design = emit_design(preset, interface)
    assert lint(design.verilog, design.manifest.top).findings == ()


def test_every_waiver_has_its_reason():
    lines = WAIVERS.read_text().splitlines()
    waivers = [at for at, line in enumerate(lines) if line.startswith("lint_off")]
    assert waivers
    assert all(lines[at - 1].startswith("// ") for at in waivers)


def test_bad_files():
    with pytest.raises(InputError, match=r"^Verilog file must exist, not 'none\.v'$"):
        lint(Path("none.v"), "x")
    with pytest.raises(InputError, match=r"^Verilog must be given: text or at least one file$"):
        lint([], "x")


def test_icarus_is_read_where_it_is_on_path(tmp_path, monkeypatch):
    fake = tmp_path / "iverilog"
    monkeypatch.setattr(module.shutil, "which", lambda name: str(fake))
    fake.write_text('#!/bin/sh\necho "good.v:3: warning: strange"\necho "I give up."\nexit 1\n')
    fake.chmod(0o755)
    report = lint(CLEAN, "good")
    assert [str(finding) for finding in report.findings] == ["good.v:3: warning: strange [Icarus]"]
    assert report.readers[-1] == "Icarus Verilog"
    fake.write_text("#!/bin/sh\nexit 7\n")
    with pytest.raises(ToolError, match=r"^Icarus Verilog must succeed, but ended with status 7: it said nothing$"):
        lint(CLEAN, "good")


def test_a_reader_that_runs_out_of_time(monkeypatch):
    monkeypatch.setattr(module, "LIMIT", 0.0)
    with pytest.raises(ToolError, match=r"^Verilator must finish within 0 seconds, but was still running$"):
        lint(CLEAN, "good")


def test_the_command(rtloom_command, tmp_path):
    ran = rtloom_command("lint", "systolic-4x4-int8")
    assert ran.status == 0
    assert ran.out.startswith("systolic_4x4_int8: clean (Verilator ")
    path = tmp_path / "bad.v"
    path.write_text(NARROW)
    ran = rtloom_command("lint", path, "--json")
    assert ran.status == 1
    told = json.loads(ran.out)
    assert told["findings"][0]["rule"] == "WIDTHTRUNC"
    assert not told["clean"]
    ran = rtloom_command("lint", path, "--top", "other")
    assert ran.status == 1
    assert ran.out.splitlines()[-1].startswith("other: ")
    ran = rtloom_command("lint", "a", "b")
    assert (ran.status, ran.err) == (2, "rtloom: error: Lint must be given one SPEC or Verilog files, not 'a b'\n")


def test_clean_empties_the_cache(rtloom_command, tmp_path, monkeypatch):
    monkeypatch.setenv("RTLOOM_CACHE", str(tmp_path))
    model = tmp_path / "sim" / "model" / "0"
    model.mkdir(parents=True)
    (model / "x").write_bytes(bytes(2 << 20))
    assert rtloom_command("clean", "--limit", "2").out == "0.0 MiB freed\n"
    assert json.loads(rtloom_command("clean", "--json").out) == {"freed_bytes": 2 << 20}
    assert not (tmp_path / "sim").exists()
