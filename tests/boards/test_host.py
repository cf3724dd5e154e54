"""The driver against a board in Python: results, reports, and every way in which a board can be wrong."""

from dataclasses import replace

import numpy as np
import pytest

from rtloom.boards.host.device import Device
from rtloom.boards.host.transfer import Transfer
from rtloom.boards.link.beats import beat_bytes
from rtloom.boards.link.frames import FrameReader, encode_frame
from rtloom.boards.link.identity import identity, identity_of
from rtloom.boards.link.protocol import VERSION, Answer, Counters, Greeting, Op, Status
from rtloom.errors import CheckError, InputError
from rtloom.generators.spec import Spec, load

from .model_board import SPEC, TOY, A, B, C, D, ModelBoard, ToyParams, exchange, expected, tensors

IDENTITY = identity_of(SPEC)


def device(board, noise=None, **options):
    return Device(SPEC, *exchange(board.feed, noise, **options))


@pytest.mark.parametrize("beats", [1, 2, 20, 700])
@pytest.mark.parametrize("buffer", [64 + 1, 512])
def test_result_whatever_the_buffers(beats, buffer):
    given = tensors(beats)
    board = device(ModelBoard(buffer=max(buffer, 260 if beats > 20 else 0)))
    result, report = board.run(**given)
    assert (result == expected(given)).all()
    assert (report.line.repeats, report.line.damaged) == (0, 0)
    assert report.counters == Counters(beats, 1, 2)


def test_jobs_one_after_another():
    board = device(ModelBoard())
    for seed in range(3):
        given = tensors(30, seed)
        result, report = board.run("add", **given)
        assert (result == expected(given)).all()
        assert report.counters.cycles == 30


def test_report_counts_the_line_byte_by_byte():
    line, asked = exchange(ModelBoard().feed)
    counts = {"there": 0, "back": 0}
    write, read = line.write, line.read

    def counted(raw):
        counts["there"] += len(raw)
        write(raw)

    def counted_read(timeout):
        raw = read(timeout)
        counts["back"] += len(raw)
        return raw

    line.write, line.read = counted, counted_read
    board = Device(SPEC, line, asked)
    counts.update(there=0, back=0)
    _, report = board.run(**tensors(50))
    assert (report.line.sent, report.line.received) == (counts["there"], counts["back"])
    payload = 50 * (beat_bytes(A) + beat_bytes(B))
    assert payload < report.line.sent < 2 * payload
    assert report.to_dict()["sent"] == {"value": counts["there"], "unit": "B", "source": "measured"}
    assert report.to_dict()["cycles"] == {"value": 50, "unit": "cycles", "source": "board memory"}
    assert report.to_dict()["formula_cycles"] == {"value": 50, "unit": "cycles", "source": "exact"}
    assert str(report).startswith(
        "toy add: 150 MACs in 50 cycles (board memory), of these 1 without input and 2 without room for output; "
    )
    assert "repeated" not in str(report)
    assert "3 repeated, 0 damaged" in str(replace(report, line=replace(report.line, repeats=3)))


def test_leaving_it_gives_the_port_back():
    line, asked = exchange(ModelBoard().feed)
    with Device(SPEC, line, asked):
        assert not line.closed
    assert line.closed


def test_another_design():
    other = Spec("toy-salted", TOY, ToyParams(salt=1))
    with pytest.raises(CheckError) as error:
        device(ModelBoard(Greeting(VERSION, identity_of(other), 2, 2)))
    assert str(error.value) == (
        f"Board at memory must hold toy (identity {IDENTITY.hex()}), "
        f"not another design (identity {identity_of(other).hex()})"
    )


def test_another_preset_is_named():
    there = identity_of(load("lut-small-w2a4"))
    with pytest.raises(CheckError, match=rf"must hold toy .*, not lut-small-w2a4 \(identity {there.hex()}\)"):
        device(ModelBoard(Greeting(VERSION, there, 2, 1)))


def test_another_version():
    with pytest.raises(CheckError, match=r"^Board at memory must speak version 1 of the protocol, not 9$"):
        device(ModelBoard(Greeting(9, IDENTITY, 2, 2)))


def test_no_greeting():
    def feed(raw):
        (body,) = FrameReader().feed(raw)
        return encode_frame(Answer(Op.HELLO, body[1], Status.OK, b"OK\r\n").body)

    with pytest.raises(CheckError, match=r"^Board must answer with rtloom's greeting, not 4f4b0d0a$"):
        Device(SPEC, *exchange(feed))


def test_silent_board():
    with pytest.raises(
        CheckError,
        match=r"^Board at memory must answer HELLO, asked 9 times in .* s, but nothing came; the line has \d+ baud$",
    ):
        Device(SPEC, *exchange(lambda raw: b""))


def test_babbling_board():
    random = np.random.default_rng(1)
    with pytest.raises(CheckError, match=r"must answer HELLO, asked 3 times .*, but \d+ bytes came, none of them its"):
        Device(SPEC, *exchange(lambda raw: random.bytes(300), retries=2))


def test_an_echo_is_no_board():
    with pytest.raises(CheckError, match=r"must answer HELLO, asked 9 times .*, but \d+ bytes came, none of them its"):
        Device(SPEC, *exchange(lambda raw: raw))


def test_board_that_falls_silent():
    board = ModelBoard()
    line, asked = exchange(lambda raw: b"" if len(board.carried) > 5 else board.feed(raw))
    with pytest.raises(CheckError, match=r"must answer WRITE of \d+ bytes to input \d|must answer READ of"):
        Device(SPEC, line, asked).run(**tensors(100))


def test_a_job_that_failed_leaves_nothing_behind():
    board, silent = ModelBoard(), []
    line, asked = exchange(lambda raw: board.feed(raw)[: 0 if silent and len(board.carried) > 9 else None])
    with Device(SPEC, line, asked) as toy:
        silent.append(True)
        with pytest.raises(CheckError, match=r"must answer (WRITE|READ) of .* but nothing came"):
            toy.run(**tensors(100))
        silent.clear()
        given = tensors(100, 1)
        assert (toy.run(**given)[0] == expected(given)).all()


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("extra", r"^Board at memory must give 40 beats of d, not more$"),
        ("long", r"^Board at memory must give at most \d+ bytes, not \d+$"),
        ("refuse", r"^Board at memory must carry out WRITE of 64 bytes to input 0, but refused$"),
    ],
)
def test_board_at_fault(fault, message):
    with pytest.raises(CheckError, match=message):
        device(ModelBoard(faults=(fault,))).run(**tensors(40))


def test_board_that_stops_working():
    job = TOY.lower(SPEC.params, "add", **tensors(400))
    _, asked = exchange(ModelBoard(faults=("stuck",)).feed)
    with pytest.raises(CheckError, match=r"must go on, but neither took nor gave a byte in 0.05 s: \d+ bytes of a to "):
        Transfer(asked, (A, B, C, D), job, quiet=0.05).run()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"retries": -1}, "Retries must be an integer of at least 0, not -1"),
        ({"retries": True}, "Retries must be an integer of at least 0, not True"),
        ({"patience": 0}, "Patience must be a number of seconds above 0, not 0"),
        ({"patience": float("nan")}, "Patience must be a number of seconds above 0, not nan"),
    ],
)
def test_limits(options, message):
    with pytest.raises(InputError) as error:
        exchange(ModelBoard().feed, **options)
    assert str(error.value) == message


def test_tensors_are_checked_before_the_board_is_asked():
    spec = load("systolic-4x4-int8")
    greeting = Greeting(VERSION, identity_of(spec), 2, 1)
    model = ModelBoard(greeting)
    with Device(spec, *exchange(model.feed)) as board, pytest.raises(InputError):
        board.run("gemm", a=np.zeros((4, 4)), b=np.zeros((3, 4)))
    assert model.carried == [Op.HELLO]


def test_identity_is_what_the_bytes_mean():
    spec = load("lut-small-w2a4")
    ports = spec.family.ports(spec.params)
    reworded = [replace(port, doc="other words") for port in ports]
    wider = [replace(port, fields=(replace(port.fields[0], lanes=port.fields[0].lanes + 1),)) for port in ports]
    assert identity("lut", spec.params.digest, reworded) == identity_of(spec)
    assert identity("lut", spec.params.digest, wider) != identity_of(spec)
    assert identity("lut", "0" * 8, ports) != identity_of(spec)
