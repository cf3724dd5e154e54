"""The line of the virtual board, bit by bit, around Verilog of a few lines."""

import os
import time

import pytest

from rtloom.boards.virtual import model
from rtloom.boards.virtual.board import VirtualBoard
from rtloom.boards.virtual.model import LineModel
from rtloom.boards.virtual.serve import serve
from rtloom.errors import CheckError
from rtloom.generators.spec import load
from rtloom.hdl.emit import Verilog

TOP = """module rtloom_board(input clk, input rst, input rx, output tx, output busy);
  reg [{last}:0] past;
  reg told;
  always @(posedge clk) begin past <= rst ? ~0 : (past << 1) | {{{last}'b0, rx}}; {extra} end
  assign tx = {tx}; assign busy = told;
endmodule
"""


@pytest.fixture
def line(monkeypatch):
    """Return a function that makes a line around a register that delays rx."""
    made = []

    def make(clocks_per_bit=4, tx="past[0]", extra="told <= rst;", last=15):
        text = TOP.format(tx=tx, extra=extra, last=last)
        monkeypatch.setattr(model, "shell_verilog", lambda spec, clocks: Verilog(text, "rtloom_board"))
        made.append(LineModel(load("systolic-4x4-int8"), clocks_per_bit))
        return made[-1]

    yield make
    for each in made:
        each.close()
        each.close()


EVERY = bytes(range(256))


@pytest.mark.parametrize("clocks_per_bit", [4, 5, 16])
def test_bytes_there_and_back(line, clocks_per_bit):
    echo = line(clocks_per_bit)
    assert echo.step(1000) == b""
    got = b"".join(echo.step(97, EVERY if part == 0 else b"") for part in range(256 * 10 * clocks_per_bit // 97 + 2))
    assert got == EVERY
    assert (echo.unsent, echo.broken) == (0, 0)


def test_a_byte_takes_ten_bits(line):
    echo = line(8)
    # Nine bits and the first half of the stop bit, which decides.
    assert echo.step(76, b"\x00\xff") == b""
    assert echo.unsent == 2
    assert echo.step(4) == b"\x00"
    assert echo.unsent == 1
    assert echo.step(80) == b"\xff"
    assert echo.cycles == 160


def test_any_pause_between_bytes(line):
    echo = line(4)
    assert [echo.step(40 + pause, b"\xa5") for pause in range(12)] == [b"\xa5"] * 12


def test_bytes_without_a_stop_bit_are_counted(line):
    broken = line(4, tx="rst")
    assert broken.step(400) == b""
    assert broken.broken > 5


def test_a_glitch_is_no_byte(line):
    # A single low cycle, long after reset, where a start bit has four.
    glitch = line(4, tx="!(past[1:0] == 2'b10)")
    assert glitch.step(400, b"\xff") == b""
    assert glitch.broken == 0


def test_an_assertion_is_an_error(line):
    failing = line(4, extra="told <= rst; if (!rst) assert (rx);")
    assert failing.step(100) == b""
    with pytest.raises(CheckError, match=r"^Assertions of systolic-4x4-int8 on the virtual board must hold, but"):
        failing.step(10, b"\x00")


def test_a_shell_is_emitted_once(monkeypatch):
    from rtloom.boards.virtual import emitted

    spec, asked = load("systolic-4x4-int8", rows=2, cols=2), []

    def emit(spec, clocks):
        asked.append((spec.name, clocks))
        return Verilog(f"// {spec.params.digest} {clocks}", "rtloom_board")

    monkeypatch.setattr(emitted, "emit_shell", emit)
    # A speed that no board has, of this very run: the store must not know it.
    clocks = 10**9 + time.time_ns() % 10**9
    texts = [emitted.shell_verilog(spec, clocks + more).text for more in (0, 0, 1)]
    assert texts[0] == texts[1] == f"// {spec.params.digest} {clocks}"
    assert texts[2] != texts[0]
    assert asked == [(spec.name, clocks), (spec.name, clocks + 1)]


def test_a_board_that_fails_is_no_longer_served(monkeypatch):
    def fails(*_):
        raise CheckError("an assertion of the design")

    monkeypatch.setattr(VirtualBoard, "_run", fails)
    with pytest.raises(CheckError, match="an assertion of the design"):
        serve(load("systolic-4x4-int8", rows=2, cols=2), lambda port: os.write(os.open(port, os.O_RDWR), b"x"))
