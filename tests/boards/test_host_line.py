"""Serial ports: absent, busy, none at all, gone; and bytes through a real terminal device."""

import os
import sys
import threading
import time
import tty

import pytest

from rtloom.boards.host.connect import connect
from rtloom.boards.host.line import open_line
from rtloom.errors import CheckError, InputError, ToolError

from .model_board import SPEC, ModelBoard, expected, tensors

pytest.importorskip("serial", reason="needs pyserial")


@pytest.fixture
def terminal():
    """Return the number of a terminal's far end and the path of the near one."""
    master, slave = os.openpty()
    tty.setraw(slave)
    yield master, os.ttyname(slave)
    for end in (master, slave):
        try:
            os.close(end)
        except OSError:  # closed by the test
            continue


def error_of(port, baud=115_200):
    with pytest.raises((InputError, ToolError)) as error:
        open_line(port, baud)
    assert isinstance(error.value, InputError)
    return str(error.value)


def test_absent(tmp_path):
    port = str(tmp_path / "ttyNONE")
    assert error_of(port) == f"Serial port must be the path of a serial port that is there, not {port!r}"


def test_busy(terminal):
    _, port = terminal
    line = open_line(port)
    assert error_of(port) == f"Serial port must be one that no other program has open, not {port!r}"
    line.close()
    line.close()
    open_line(port).close()


def test_not_permitted(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may open everything")
    port = tmp_path / "tty"
    port.touch(mode=0)
    assert error_of(str(port)).startswith("Serial port must be one that you may read and write (permission denied)")


def test_no_permission_is_told(monkeypatch):
    def refuse(path, flags):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "open", refuse)
    assert error_of("/dev/tty0") == (
        "Serial port must be one that you may read and write (permission denied), not '/dev/tty0'"
    )


def test_a_file_is_no_port(tmp_path):
    port = tmp_path / "file"
    port.touch()
    assert error_of(str(port)).startswith("Serial port must be a serial port that can be opened (")


def test_an_unknown_kind_of_port():
    assert error_of("carrier://pigeon").startswith("Serial port must be a serial port that can be opened (invalid URL")


@pytest.mark.parametrize("baud", [0, -1, 9600.5, True])
def test_no_speed(terminal, baud):
    assert error_of(terminal[1], baud) == f"Baud rate must be an integer of at least 1, not {baud}"


def test_without_pyserial(monkeypatch):
    monkeypatch.setitem(sys.modules, "serial", None)
    with pytest.raises(ToolError) as error:
        open_line("/dev/ttyUSB0")
    assert str(error.value) == "pyserial must be installed to talk to boards: pip install 'rtloom[boards]'"


def test_reading_waits_no_longer_than_told(terminal):
    master, port = terminal
    line = open_line(port)
    started = time.monotonic()
    assert line.read(0.05) == b""
    assert 0.05 <= time.monotonic() - started < 2
    os.write(master, b"abc")
    got = b""
    while len(got) < 3:
        got += line.read(5)
    assert got == b"abc"
    line.write(b"xyz")
    assert os.read(master, 9) == b"xyz"
    line.close()


def test_what_was_left_on_the_line_is_thrown_away(terminal):
    master, port = terminal
    os.write(master, b"old")
    line = open_line(port)
    assert line.read(0.05) == b""
    line.close()


def test_port_that_goes_away(terminal):
    master, port = terminal
    line = open_line(port)
    os.close(master)
    message = rf"^Serial port {port} must stay connected, but failed: "
    with pytest.raises(ToolError, match=message):
        line.read(1)
    with pytest.raises(ToolError, match=message):
        line.write(b"x")
    line.close()


def test_nothing_behind_the_port(terminal):
    _, port = terminal
    with pytest.raises(
        CheckError,
        match=rf"^Board at {port} must answer HELLO, asked 3 times in .* nothing came; the line has \d+ baud$",
    ):
        connect(port, SPEC, retries=2, patience=0.02)
    # The port is free again.
    open_line(port).close()


def test_job_through_a_terminal(terminal):
    master, port = terminal
    board = ModelBoard()

    def serve():
        while raw := os.read(master, 4096):
            if raw == b"end":
                return
            os.write(master, board.feed(raw))

    worker = threading.Thread(target=serve)
    worker.start()
    tensor = tensors(50)
    with connect(port, SPEC) as device:
        result, report = device.run(**tensor)
        assert (result == expected(tensor)).all()
        assert report.to_dict()["port"] == port
        device._line.write(b"end")
        worker.join(10)
    assert not worker.is_alive()
