"""The driver on a bad line: a right result or a clear error, never a wrong result."""

import contextlib
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtloom.boards.host.device import Device
from rtloom.boards.host.transfer import Transfer
from rtloom.boards.link.frames import encode_frame
from rtloom.boards.link.protocol import Answer, Op, Status
from rtloom.boards.virtual.noise import Channel, LineNoise
from rtloom.errors import CheckError, InputError

from .model_board import SPEC, TOY, A, B, C, D, ModelBoard, exchange, expected, tensors

RATES = st.floats(0, 0.01)


def _run_quickly(feed, tensor):
    job = TOY.lower(SPEC.params, "add", **tensor)
    return Transfer(exchange(feed)[1], (A, B, C, D), job, quiet=0.05).run()


RIGHT = Counter()


def test_most_jobs_on_bad_lines_are_done():
    RIGHT.clear()
    test_never_silently_wrong()
    assert RIGHT["done"] > RIGHT["begun"] / 2


@settings(max_examples=40)
@given(RATES, RATES, RATES, RATES, st.integers(0, 1 << 32), st.sampled_from([0.1, 0.3, 1.0]))
def test_never_silently_wrong(lost, corrupted, doubled, delayed, seed, delay):
    noise = LineNoise(lost, corrupted, doubled, delayed, delay, seed)
    tensor = tensors(60, seed)
    RIGHT["begun"] += 1
    with contextlib.suppress(CheckError):
        result, _ = Device(SPEC, *exchange(ModelBoard().feed, noise)).run(**tensor)
        assert (result == expected(tensor)).all()
        RIGHT["done"] += 1


@pytest.mark.parametrize("kind", ["lost", "corrupted", "doubled", "delayed"])
def test_a_bad_line_costs_time_only(kind):
    noise = LineNoise(**{kind: 0.003}, seed=3)
    tensor = tensors(300)
    result, report = Device(SPEC, *exchange(ModelBoard().feed, noise)).run(**tensor)
    assert (result == expected(tensor)).all()
    assert report.line.repeats > 0
    assert (report.line.damaged > 0) == (kind != "delayed")


@pytest.mark.parametrize("way", ["there", "back"])
@pytest.mark.parametrize("fate", ["lost", "damaged", "doubled"])
def test_every_frame_once(way, fate):
    """Each frame of a direction meets the same fate the first time that it passes."""
    board, seen = ModelBoard(), Counter()

    def spoil(raw):
        seen[raw] += 1
        if seen[raw] > 1 or not raw:
            return raw
        return {"lost": b"", "damaged": raw[:4] + b"\x55" + raw[5:], "doubled": raw * 2}[fate]

    def feed(raw):
        return board.feed(spoil(raw)) if way == "there" else spoil(board.feed(raw))

    tensor = tensors(40)
    result, report = Device(SPEC, *exchange(feed)).run(**tensor)
    assert (result == expected(tensor)).all()
    assert report.counters.cycles == 40
    assert (report.line.repeats > 0) == (fate != "doubled")


def test_late_answers_are_no_answers():
    """Every answer comes only after the request was sent again, and then twice."""
    board, late = ModelBoard(), []

    def feed(raw):
        late.append(board.feed(raw))
        return late.pop(0) if len(late) > 1 else b""

    tensor = tensors(40)
    result, report = Device(SPEC, *exchange(feed)).run(**tensor)
    assert (result == expected(tensor)).all()
    assert report.line.repeats > 0


def test_a_late_no_is_no():
    """Of a request that there was no room for, a repeat must not be carried out: the host asks anew."""
    board, seen = ModelBoard(), set()

    def feed(raw):
        if Op.WRITE not in raw[1:2] or raw in seen:
            return board.feed(raw)
        seen.add(raw)
        board.buffer = 0
        answer = board.feed(raw)
        board.buffer = 512
        return answer + board.feed(raw)

    tensor = tensors(30)
    # Were a repeat carried out, its bytes would lie in the buffers, and the host would send them once more.
    with pytest.raises(CheckError, match="must go on, but neither took nor gave a byte"):
        _run_quickly(feed, tensor)
    assert not any(board._in)


def test_a_damaged_request_is_repeated_at_once():
    board = ModelBoard()
    first = [True]

    def feed(raw):
        if first.pop() if first else False:
            return encode_frame(Answer(0, 0, Status.GARBLED, b"").body)
        return board.feed(raw)

    line, asked = exchange(feed)
    Device(SPEC, line, asked)
    assert line._now == 0.0
    assert (asked.statistics.repeats, asked.statistics.damaged) == (1, 1)


def test_noise_is_the_same_for_a_seed():
    def spoilt(seed, direction=0):
        channel = Channel(LineNoise(0.1, 0.1, 0.1, 0.1, 0.5, seed), direction)
        channel.put(bytes(range(256)), 0.0)
        return channel.take(0.0), channel.take(0.5)

    assert spoilt(1) == spoilt(1)
    assert spoilt(1) != spoilt(2)
    assert spoilt(1, 0) != spoilt(1, 1)


def test_what_is_held_back_keeps_its_order():
    channel = Channel(LineNoise(delayed=0.2, delay=2.0, seed=5), 0)
    channel.put(bytes(range(100)), 0.0)
    at_once = channel.take(1.9)
    assert 0 < len(at_once) < 100
    assert channel.due() == 2.0
    assert at_once + channel.take(2.0) == bytes(range(100))
    assert channel.due() is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lost": 1.5}, "Line noise lost must be a probability from 0 to 1, not 1.5"),
        ({"delayed": float("nan")}, "Line noise delayed must be a probability from 0 to 1, not nan"),
        ({"delay": -1.0}, "Line noise delay must be a number of seconds of at least 0, not -1.0"),
        ({"seed": -1}, "Line noise seed must be an integer of at least 0, not -1"),
    ],
)
def test_noise_limits(options, message):
    with pytest.raises(InputError) as error:
        LineNoise(**options)
    assert str(error.value) == message
