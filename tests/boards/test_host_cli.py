"""The commands ``rtloom host`` and ``rtloom virtual``."""

import json
import signal
import subprocess
import sys

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from rtloom.boards.host import cli as host_cli
from rtloom.boards.virtual.board import VirtualBoard
from rtloom.errors import CheckError, InputError
from rtloom.generators.spec import load

pytest.importorskip("serial", reason="needs pyserial")

SMALL = ("systolic-4x4-int8", "-p", "rows=2", "-p", "cols=2")
RANDOM = np.random.default_rng(0)
A, B = RANDOM.integers(-128, 128, (5, 3)), RANDOM.integers(-128, 128, (3, 4))


@pytest.fixture(scope="module")
def board():
    with VirtualBoard(load("systolic-4x4-int8", rows=2, cols=2)) as board:
        yield board


@pytest.fixture
def files(tmp_path):
    """Return the options for input and output."""
    np.savez(tmp_path / "in.npz", a=A, b=B)
    return "-i", str(tmp_path / "in.npz"), "-o", str(tmp_path / "out.npz")


def run(*arguments):
    """Run ``host``; raise what it raises."""
    app = typer.Typer()
    app.callback()(lambda: None)
    host_cli.register(app)
    result = CliRunner().invoke(app, ["host", *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def test_port(board, files, tmp_path):
    said = run(*SMALL, "--port", board.port, *files)
    assert (np.load(tmp_path / "out.npz")["c"] == A @ B).all()
    assert said.startswith("systolic-4x4-int8-rows-2-cols-2 gemm: 60 MACs in ")
    assert f"(board {board.port})" in said


def test_virtual(files, tmp_path):
    report = json.loads(run(*SMALL, "--virtual", "--json", *files))
    assert (np.load(tmp_path / "out.npz")["c"] == A @ B).all()
    assert report["output"] == str(tmp_path / "out.npz")
    assert report["macs"]["value"] == 60
    assert report["cycles"]["value"] > report["formula_cycles"]["value"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Board must be given, either --port PORT or --virtual"),
        (("--virtual", "--port", "/dev/tty0"), "Board must be given, either --port PORT or --virtual"),
        (("--virtual", "--baud", "9600"), "Baud rate must be left out with --virtual, whose line has none, not 9600"),
        (("--port", "none"), "Serial port must be the path of a serial port that is there, not 'none'"),
        (("--port", "none", "--baud", "0"), "Baud rate must be an integer of at least 1, not 0"),
    ],
)
def test_bad_options(files, tmp_path, arguments, message):
    with pytest.raises(InputError) as error:
        run(*SMALL, *arguments, *files)
    assert str(error.value) == message
    assert [path.name for path in tmp_path.iterdir()] == ["in.npz"]


def test_another_design_writes_nothing(board, files, tmp_path):
    (tmp_path / "out.npz").write_bytes(b"before")
    with pytest.raises(CheckError, match="must hold systolic-4x4-int8 "):
        run("systolic-4x4-int8", "--port", board.port, *files)
    assert (tmp_path / "out.npz").read_bytes() == b"before"
    assert len(list(tmp_path.iterdir())) == 2


def test_arrays_that_are_no_arguments(board, files, tmp_path):
    np.savez(tmp_path / "in.npz", a=A, operation=B)
    with pytest.raises(InputError, match=r"^Array 'operation' of .*in\.npz must be an argument of the operation$"):
        run(*SMALL, "--port", board.port, *files)
    np.savez(tmp_path / "in.npz", a=A, b=B[:2])
    with pytest.raises(InputError, match=r"^Systolic b must have 3 rows, as a has columns, not \(2, 4\)$"):
        run(*SMALL, "--port", board.port, *files)
    assert not (tmp_path / "out.npz").exists()


def test_board_says_its_port_and_stays_until_it_is_stopped(files, tmp_path):
    text = (
        "import typer\nfrom rtloom.boards.virtual import cli\n"
        "app = typer.Typer()\napp.callback()(lambda: None)\ncli.register(app)\napp()"
    )
    command = [sys.executable, "-c", text, "virtual", *SMALL, "--json", "--lost", "0.001", "--seed", "4"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            told = json.loads(child.stdout.readline())
            assert told["design"] == "systolic-4x4-int8-rows-2-cols-2"
            run(*SMALL, "--port", told["port"], *files)
            assert (np.load(tmp_path / "out.npz")["c"] == A @ B).all()
            child.send_signal(signal.SIGINT)
            assert child.wait(20) == 0
        finally:
            child.kill()
