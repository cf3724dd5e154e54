"""Verilog of other hands: ports bound by a map, the bench run on it, and every kind of fault in its class."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rtloom.__main__ import app
from rtloom.errors import InputError
from rtloom.generators.design import emit_design
from rtloom.generators.spec import load
from rtloom.verif.dut.binding import bind, read_map
from rtloom.verif.dut.classes import classify
from rtloom.verif.dut.run import verify_dut
from rtloom.verif.verify import Outcome

SPEC = load({"family": "systolic", "name": "tiny", "params": {"rows": 2, "cols": 2, "max_reduction": 64}})
DESIGN = emit_design(SPEC)
GOOD = DESIGN.verilog
FEW = ["small_free_flow", "ragged_free_flow", "ragged_back_pressure", "reset_halfway"]


def found(tmp_path: Path, text: str, top: str = "tiny", **options: Any) -> Any:
    file = tmp_path / "mine.v"
    file.write_text(text)
    return verify_dut(SPEC, [file], top, only=FEW, **options)


UNFIT = {
    "does_not_parse": (GOOD.replace("assign", "asign", 1), r"^Verilog of tiny must be accepted by Verilator, but: .*$"),
    "unknown_module": (GOOD.replace("tiny__skid_buffer exit", "tiny__missing exit"), r"^.*tiny__missing.*$"),
    "port_missing": (
        GOOD.replace("m_axis_c_tlast", "m_axis_c_end"),
        r"^tiny must have a port m_axis_c_tlast, and has .*$",
    ),
    "port_width": (
        GOOD.replace("[47:0] m_axis_c_tdata", "[46:0] m_axis_c_tdata"),
        r"^port m_axis_c_tdata of .* 48 bits, not 47$",
    ),
    "clock_or_reset_not_bound": (
        GOOD.replace("aresetn", "rst_n"),
        r"^tiny must have a port aresetn, and has .*rst_n.*$",
    ),
}


@pytest.mark.parametrize("name", UNFIT)
def test_what_cannot_be_run_is_said(name: str, tmp_path: Path) -> None:
    text, message = UNFIT[name]
    assert text != GOOD
    report = found(tmp_path, text)
    assert report.finding.name == name
    assert not report.passed
    assert report.report is None
    assert re.match(message, report.finding.message), report.finding


def test_no_such_top(tmp_path: Path) -> None:
    assert found(tmp_path, GOOD, top="other").finding.name == "unknown_module"


def test_a_port_of_the_wrong_direction(tmp_path: Path) -> None:
    turned = GOOD.replace("output wire s_axis_a_tready", "input  wire s_axis_a_tready", 1)
    driven = found(tmp_path, turned).finding
    assert driven.name == "does_not_parse"
    assert "Assigning to input/const variable: 's_axis_a_tready'" in driven.message
    read = found(tmp_path, turned.replace(".a__ready(s_axis_a_tready)", ".a__ready()", 1)).finding
    assert (read.name, read.message) == ("port_missing", "port s_axis_a_tready of tiny must be an output")


def test_other_names_by_a_map(tmp_path: Path) -> None:
    text = (
        GOOD.replace("aresetn", "rst_n")
        .replace("s_axis_a_tdata", "a_word")
        .replace("module tiny\n", "module mine\n")
        .replace("module tiny ", "module mine ")
    )
    names = tmp_path / "names.yaml"
    names.write_text("reset: {name: rst_n, active_low: true}\nstreams:\n  a: {data: a_word}\n")
    report = found(tmp_path, text, top="mine", ports=read_map(names))
    assert report.finding.passed
    assert report.to_dict()["class"] == "passed"


def outcome(name: str, kind: str = "", **details: Any) -> Outcome:
    return Outcome(name, "wrong" if kind else "", {"kind": kind, **details})


SCENARIOS = {
    "passed": [],
    "wrong_from_the_first_beat": [outcome("small_free_flow", "value", beat=0)],
    "wrong_results": [outcome("small_free_flow", "value", beat=1), outcome("minimum_free_flow", "value", beat=0)],
    "wrong_on_corner_values": [outcome("minimum_free_flow", "value", beat=0), outcome("minimum_both", "value", beat=0)],
    "wrong_at_ragged_edges": [outcome("ragged_free_flow", "value", beat=4, ragged=True)],
    "wrong_under_stalls": [outcome("ragged_idle", "value", beat=4, ragged=True), outcome("axi_both", "value", beat=1)],
    "wrong_after_reset": [outcome("axi_none", "value", beat=0), outcome("reset_early", "value", beat=0)],
    "protocol_violated": [outcome("ragged_patient", "deadlock")],
    "other_cycles": [outcome("small_free_flow", "cycles")],
    "never_ready": [outcome("small_free_flow", "never_ready"), outcome("reset_early", "never_ready")],
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_simplest_failure_decides(name: str) -> None:
    failing = SCENARIOS[name]
    names = {item.scenario for item in failing}
    others = ("small_free_flow", "ragged_free_flow", "minimum_free_flow", "ragged_idle", "reset_early", "axi_none")
    fine = [outcome(other) for other in others if other not in names]
    assert classify([*failing, *fine]).name == name


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"clocks": "clk"}, "Port map key must be one of clock, reset, streams, not 'clocks'"),
        ({"streams": {"z": {}}}, "Port map stream must be one of a, b, c, not 'z'"),
        ({"streams": {"b": {"last": "x"}}}, "Port map of stream b must name only valid, ready, data, not 'last'"),
        ({"streams": {"a": {"data": 3}}}, "Port map of a.data must be the name of a port, not 3"),
        (
            {"reset": {"level": 0}},
            "Port map reset must be a name, or a mapping with name and active_low, not {'level': 0}",
        ),
        ({"reset": {"active_low": 1}}, "Port map reset active_low must be true or false, not 1"),
        ({"clock": ""}, "Port map clock must be the name of a port, not ''"),
    ],
)
def test_bad_maps(names: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        bind(DESIGN.manifest, "tiny", names)
    assert str(caught.value) == message


def test_a_map_that_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / "names.yaml"
    file.write_text("a: [")
    with pytest.raises(InputError, match=r"^Port map must be a YAML file that can be read, not '"):
        read_map(file)


def test_the_command(tmp_path: Path) -> None:
    file = tmp_path / "mine.v"
    file.write_text(GOOD.replace("m_axis_c_tlast", "m_axis_c_end"))
    params = ["-p", "rows=2", "-p", "cols=2", "-p", "max_reduction=64"]
    asked = ["verify", "systolic-4x4-int8", *params, "--dut", str(file), "--top", "tiny", "--json"]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 1
    assert json.loads(done.stdout)["class"] == "port_missing"
    assert CliRunner().invoke(app, asked[:-3]).exit_code != 0
