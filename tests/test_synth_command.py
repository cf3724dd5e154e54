"""``rtloom synth``: tables, JSON, files, and every mistake one line."""

import json
import re

import pytest

VERILOG = "module t(input clk, input [3:0] d, output reg [3:0] q); always @(posedge clk) q <= d; endmodule\n"


@pytest.fixture
def verilog(tmp_path):
    path = tmp_path / "t.v"
    path.write_text(VERILOG)
    return path


def test_a_preset_on_gates(rtloom_command):
    ran = rtloom_command("synth", "systolic-4x4-int8", "-p", "rows=2", "-p", "cols=2", "--interface", "stream")
    assert (ran.status, ran.err) == (0, "")
    head, *lines = ran.out.splitlines()
    assert re.match(r"systolic_\w+ on gates  \[synth Yosys 0\.\d+, rtloom gate equivalents sha256:", head)
    rows = {line.split("  ")[0].strip(): line for line in lines}
    assert re.search(r" \d\.\d\d kGE", rows["area"])
    assert re.search(r" 4 .* \d\d\.\d %", rows["PEs"])
    assert re.search(r" 4 .* \d\d\.\d %", rows["pe"])
    assert "depth: every cell is one level" in ran.out


def test_a_verilog_file_as_json(rtloom_command, verilog, tmp_path):
    ran = rtloom_command("synth", verilog, "--top", "t", "--json", "-o", tmp_path / "t.json")
    assert (ran.status, ran.err) == (0, "")
    content = json.loads(ran.out)
    assert content == json.loads((tmp_path / "t.json").read_text())
    assert content["figures"]["area"]["value"] == 4 * 5.25
    assert content["cells"] == {"DFF": 4}


def test_an_fpga(rtloom_command, verilog):
    ran = rtloom_command("synth", verilog, "--top", "t", "--target", "ice40")
    assert (ran.status, ran.err) == (0, "")
    assert re.search(r"^ *FF +4 FF *$", ran.out, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{v}"], r"Top module of \S+t\.v must be named with --top"),
        (["{v}", "--top", "t", "-p", "rows=2"], "Parameters can be changed in a preset or YAML file only, .*"),
        (["systolic-4x4-int8", "--top", "t"], "--top must be given with a Verilog file only, not 't'"),
        (["{v}", "--top", "t", "--target", "asic"], "Synthesis target must be one of gates, .*, not 'asic'"),
        (["{v}", "--top", "t", "--goal", "best"], "Synthesis goal must be one of area, balanced, delay, not 'best'"),
        (["{v}", "--top", "u"], "Yosys must succeed, but reported ERROR: Module `u' not found!"),
        (["{v}", "--top", "t", "--liberty", "none.lib"], "Liberty file none.lib must be readable: No such file .*"),
        (["{v}", "--top", "t", "--time-limit", "0.001"], "Synthesis of t must finish within 0.001 seconds, .*"),
        (["none.v", "--top", "t"], "Verilog file must exist, not 'none.v'"),
        (["{v}", "--top", "t", "-o", "/nowhere/t.json"], r"Output must be a file that can be written \(.*\), not .*"),
    ],
)
def test_mistakes_are_one_line(rtloom_command, verilog, arguments, message):
    ran = rtloom_command("synth", *(str(verilog) if word == "{v}" else word for word in arguments))
    assert (ran.status, ran.out) == (2, "")
    assert re.fullmatch(f"rtloom: error: {message}\n", ran.err)
