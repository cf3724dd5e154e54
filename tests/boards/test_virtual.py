"""Every family on the virtual board, through the unchanged driver, on a good line and on a bad one."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rtloom.boards.host.connect import connect
from rtloom.boards.host.line import open_line
from rtloom.boards.link.protocol import Op
from rtloom.boards.virtual.board import SLOW, VirtualBoard
from rtloom.boards.virtual.noise import LineNoise
from rtloom.errors import CheckError, InputError, ToolError
from rtloom.generators.spec import load
from rtloom.verif.simulate import simulate

pytest.importorskip("serial", reason="needs pyserial")

PRESETS = ("systolic-4x4-int8", "lut-small-w2a4", "sparse-small", "attention-small", "vector-gelu")
NOISE = LineNoise(lost=0.003, corrupted=0.003, doubled=0.002, delayed=0.001, delay=0.15, seed=5)


@pytest.fixture(scope="module", params=PRESETS)
def board(request):
    """Return a virtual board of each family."""
    with VirtualBoard(request.param) as board:
        yield board
        assert board._model.broken == 0


def jobs(spec, sizes=("small", "ragged", "corner")):
    """Return operations, tensors and right results of a design."""
    for seed, size in enumerate(sizes):
        operation, tensors = spec.family.example(spec.params, size, seed)
        yield operation, tensors, simulate(spec, operation, **tensors)[0]


def test_jobs_equal_the_simulation(board):
    with connect(board.port, board.spec, patience=SLOW) as device:
        for operation, tensors, right in jobs(board.spec):
            result, report = device.run(operation, **tensors)
            assert result.dtype == right.dtype
            assert (result == right).all()
            assert report.formula_cycles <= report.counters.cycles < board.cycles
            assert (report.line.damaged, report.line.repeats) == (0, 0)


def test_jobs_on_a_bad_line_equal_the_simulation(board):
    board.disturb(NOISE)
    repeats = 0
    try:
        with connect(board.port, board.spec, patience=0.1) as device:
            for operation, tensors, right in jobs(board.spec, ("small", "corner")):
                result, report = device.run(operation, **tensors)
                assert (result == right).all()
                repeats += report.line.repeats
    finally:
        board.disturb(None)
    assert repeats > 0


@pytest.fixture(scope="module")
def small():
    """Return the smallest virtual board, on a line of an odd speed."""
    with VirtualBoard(load("systolic-4x4-int8", rows=2, cols=2), clocks_per_bit=7) as board:
        yield board


def test_another_design_on_the_board(small):
    with pytest.raises(CheckError, match=r"must hold systolic-4x4-int8 \(identity .{16}\), not another design \(ident"):
        connect(small.port, "systolic-4x4-int8")


def test_only_one_host_at_a_time_then_another(small):
    operation, tensors, right = next(jobs(small.spec))
    for _ in range(2):
        with connect(small.port, small.spec) as device:
            result, _ = device.run(operation, **tensors)
            assert (result == right).all()
            with pytest.raises(InputError, match="be one that no other program has open"):
                connect(small.port, small.spec)


def test_a_host_that_left_in_mid_job_leaves_nothing_behind(small):
    """Half a request and unread answers of an earlier host do not reach the next one."""
    operation, tensors, right = next(jobs(small.spec))
    with connect(small.port, small.spec) as device:
        device._exchange.ask(Op.WRITE, 0, b"\x01\x02\x03")
    line = open_line(small.port)
    line.write(b"\x7e\x01\x05")
    line.close()
    with connect(small.port, small.spec) as device:
        result, _ = device.run(operation, **tensors)
        assert (result == right).all()


def test_a_dead_line_is_an_error(small):
    small.disturb(LineNoise(lost=1.0))
    try:
        with pytest.raises(
            CheckError, match=r"must answer HELLO, asked 2 times in .* s, but nothing came; the line has 115200 baud$"
        ):
            connect(small.port, small.spec, retries=1, patience=0.05)
    finally:
        small.disturb(None)


def test_no_cycles_pass_while_nothing_is_to_be_done(small):
    cycles, end = -1, time.monotonic() + 60
    while small.cycles != cycles:
        cycles = small.cycles
        assert time.monotonic() < end
        time.sleep(0.3)
    connect(small.port, small.spec).close()
    assert small.cycles > cycles


def test_a_board_that_is_gone():
    board = VirtualBoard(load("systolic-4x4-int8", rows=2, cols=2), clocks_per_bit=7)
    with connect(board.port, board.spec) as device:
        board.close()
        board.close()
        assert not board._thread.is_alive()
        operation, tensors = board.spec.family.example(board.spec.params, "small", 0)
        with pytest.raises(ToolError, match=r"^Serial port .* must stay connected, but failed: "):
            device.run(operation, **tensors)


def test_served_until_it_is_stopped(small):
    text = (
        "from rtloom.boards.virtual.serve import serve\nfrom rtloom.generators.spec import load\n"
        "from functools import partial\n"
        "serve(load('systolic-4x4-int8', rows=2, cols=2), partial(print, flush=True))"
    )
    command = [sys.executable, "-c", text]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            port = child.stdout.readline().strip()
            assert Path(port).exists()
            operation, tensors, right = next(jobs(small.spec))
            with connect(port, small.spec) as device:
                assert (device.run(operation, **tensors)[0] == right).all()
            child.send_signal(signal.SIGINT)
            assert child.wait(20) == 0
        finally:
            child.kill()
