"""The shell as Verilog: clean for its readers, the same each time, and of a size that leaves room for designs."""

import re

import pytest

from rtloom.boards.shell.emit import TOP, emit_shell
from rtloom.boards.shell.params import shell_params
from rtloom.errors import InputError
from rtloom.generators.spec import load
from rtloom.hdl.emit import emit_verilog
from rtloom.hdl.synth import synthesize
from rtloom.sim.lint import lint

from .shell_core import Through, through_ports

PRESETS = ["systolic-4x4-int8", "lut-small-w2a4", "sparse-small", "attention-small", "vector-gelu"]


@pytest.mark.parametrize("preset", PRESETS)
def test_readers_find_nothing(preset):
    lint(emit_shell(load(preset), 104).text, TOP).require()


def test_file_says_what_it_is():
    spec = load("systolic-4x4-int8")
    shell = emit_shell(spec, 104)
    head = shell.text.split("module ")[0]
    for what in (
        "systolic-4x4-int8 behind a serial line",
        "family: systolic",
        f"parameters: {spec.params.digest}",
        f"identity: {shell_params(spec, 104).identity.hex()}",
        "Serial line: 104 clock cycles a bit",
        "  input 0: a, 33 bits",
        "  output 0: c, 97 bits",
    ):
        assert what in head
    assert shell.top == TOP
    ports = re.search(r"^module rtloom_board \(([^)]*)\)", shell.text, re.MULTILINE)
    assert [port.split()[-1] for port in ports[1].split(",")] == ["clk", "rst", "rx", "tx", "busy"]


def test_the_same_design_gives_the_same_text():
    first, second = (emit_verilog(Through.shell(through_ports(), 16), TOP) for _ in range(2))
    assert first == second


def test_line_that_is_too_quick_is_refused():
    with pytest.raises(InputError, match=r"^Shell clocks_per_bit must be an integer from 4 to 65535, not 2$"):
        emit_shell(load("sparse-small"), 2)


@pytest.mark.parametrize("target", ["ice40", "ecp5"])
def test_shell_is_small(target):
    """Around three streams of 40, 32 and 104 bits: shift registers take 176 registers, counters of 40 bits 240."""
    ports = through_ports()
    shell = emit_verilog(Through.shell(ports, 104), TOP)
    report = synthesize(shell.text, TOP, target)
    figures = {name: figure.value for name, figure in report.figures.items()}
    assert figures["BRAM"] == 3
    assert figures["DSP"] == 0
    assert 500 < figures["LUT4"] < 960
    assert figures["FF"] < 750
