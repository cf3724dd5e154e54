"""Netlists of FPGAs, cell by cell: equal to golden, and a netlist that is wrong is found."""

import json

import pytest
from typer.testing import CliRunner

from rtloom import load
from rtloom.__main__ import app
from rtloom.errors import CheckError, InputError
from rtloom.hdl.synth_targets import FPGAS
from rtloom.verif.netlist import check
from rtloom.verif.netlist.check import check_netlist
from rtloom.verif.netlist.models import NETLIST_TARGETS, cell_models


@pytest.mark.parametrize(
    ("preset", "params", "target"),
    [
        ("systolic-4x4-int8", {"rows": 2, "cols": 3}, "ecp5"),
        ("lut-small-w2a4", {"n": 4}, "gowin"),
        ("sparse-small", {}, "ice40"),
        ("attention-tiny", {}, "ice40"),
        ("vector-gelu", {"lanes": 2}, "gowin"),
    ],
)
def test_what_synthesis_made_is_equal_to_golden(preset, params, target):
    report = check_netlist(load(preset, **params), target)
    assert [job.cycles for job in report.jobs] == [job.formula_cycles for job in report.jobs]
    assert all(job.macs for job in report.jobs)
    assert report.synthesis.figures["LUT4"].value > 100


@pytest.mark.parametrize("target", NETLIST_TARGETS)
def test_block_rams_and_multipliers_of_each_family(target):
    report = check_netlist(load("vector-softmax", lanes=1, max_length=256), target)
    assert report.synthesis.figures["BRAM"].value > 0
    assert report.synthesis.figures["DSP"].value > 0
    assert len(report.jobs) == 2


def test_multipliers_may_be_logic():
    figures = check_netlist(load("systolic-4x4-int8", rows=1, cols=1), "ice40", dsp=False).synthesis.figures
    assert figures["DSP"].value == 0


@pytest.mark.parametrize("wrong", [("MULT18X18D", "a * b", "a * b + 1"), ("LUT4", "assign Z = ", "assign Z = ~")])
def test_a_cell_that_does_something_else_is_found(wrong, monkeypatch):
    cell, right, instead = wrong
    text = cell_models("ecp5")
    at = text.index(right, text.index(f"module {cell}("))
    monkeypatch.setattr(check, "cell_models", lambda _: text[:at] + instead + text[at + len(right) :])
    with pytest.raises(CheckError):
        check_netlist(load("systolic-4x4-int8", rows=1, cols=2), "ecp5")


def test_targets():
    assert set(NETLIST_TARGETS) < set(FPGAS)
    with pytest.raises(InputError, match="Netlist target must be one of ice40, ecp5, gowin, not 'xilinx'"):
        check_netlist("systolic-4x4-int8", "xilinx")


def test_command():
    options = ["netlist", "systolic-4x4-int8", "-p", "rows=1", "-p", "cols=2", "--target", "ecp5"]
    done = CliRunner().invoke(app, options)
    assert done.exit_code == 0, done.output
    assert "systolic-4x4-int8 on ecp5 gemm: equal to golden in" in done.output.replace("-rows-1-cols-2", "")
    told = json.loads(CliRunner().invoke(app, [*options, "--json"]).stdout)
    assert told["synthesis"]["figures"]["DSP"]["value"] == 2
    assert [job["operation"] for job in told["jobs"]] == ["gemm", "gemm"]
