"""The whole shell in Verilator, spoken to over its pins: every request, and every way in which a line can go wrong."""

import numpy as np
import pytest

from rtloom.boards.link.beats import beat_bytes, to_bytes
from rtloom.boards.link.frames import ESCAPE, FLAG, encode_frame
from rtloom.boards.link.protocol import MAX_PAYLOAD, VERSION, Answer, Counters, Greeting, Op, Request, Status
from rtloom.boards.shell.params import shell_params
from rtloom.generators.spec import load
from rtloom.verif import goldens

from .shell_bench import Bench, example

SPEC = load("systolic-4x4-int8")
GARBLED = Answer(0, 0, Status.GARBLED, b"")
CAPACITY = 512


@pytest.fixture(scope="module")
def shared():
    return Bench(SPEC)


@pytest.fixture
def bench(shared):
    """Return the shell around the array as after a reset."""
    assert shared.ask(Op.RESET).status == Status.OK
    assert shared.reader.damaged == 0
    return shared


def streams():
    """Return a job, the bytes of its inputs, and how many bytes come out."""
    rng = np.random.default_rng(4)
    tensors = {"a": rng.integers(-128, 128, (7, 10)), "b": rng.integers(-128, 128, (10, 10))}
    job = SPEC.family.lower(SPEC.params, "gemm", **tensors)
    ports = {port.name: port for port in SPEC.family.ports(SPEC.params)}
    raw = [to_bytes(ports[name], job.inputs[name]) for name in ("a", "b")]
    return job, raw, job.outputs["c"] * beat_bytes(ports["c"])


def write(bench, stream, raw, piece=100):
    """Write bytes that must all fit."""
    for at in range(0, len(raw), piece):
        assert bench.ask(Op.WRITE, stream, raw[at : at + piece]).status == Status.OK


def finished(bench):
    """Write a whole job and return how many bytes it gives."""
    _, raw, size = streams()
    for stream, part in enumerate(raw):
        write(bench, stream, part)
    bench.model.step(500)
    return size


def drained(bench, piece=MAX_PAYLOAD):
    """Read what there is."""
    came = b""
    while part := bench.ask(Op.READ, 0, length=piece).payload:
        came += part
    return came


@pytest.mark.parametrize(("preset", "size"), [("systolic-4x4-int8", "ragged"), ("sparse-small", "small")])
@pytest.mark.parametrize("piece", [7, MAX_PAYLOAD])
def test_job_equals_golden(preset, size, piece):
    spec = load(preset)
    job, operation, tensors = example(spec, size)
    bench = Bench(spec)
    result = spec.family.lift(spec.params, job, bench.run(job, piece))
    np.testing.assert_array_equal(result, goldens.compute(spec.family, spec.params, operation, tensors))


@pytest.mark.parametrize("preset", ["attention-small", "lut-small-w2a4", "vector-gelu"])
def test_job_of_other_families(preset):
    spec = load(preset)
    job, operation, tensors = example(spec)
    bench = Bench(spec, clocks_per_bit=5)
    result = spec.family.lift(spec.params, job, bench.run(job))
    np.testing.assert_array_equal(result, goldens.compute(spec.family, spec.params, operation, tensors))


@pytest.mark.parametrize("clocks_per_bit", [4, 7, 104])
def test_greeting_at_any_speed(clocks_per_bit):
    bench = Bench(SPEC, clocks_per_bit, seed=5)
    answer = bench.ask(Op.HELLO)
    params = shell_params(SPEC, clocks_per_bit)
    assert Greeting.parse(answer.payload) == Greeting(VERSION, params.identity, 2, 1)
    assert bench.raw(b"") == []


def test_answers_are_whole_frames_and_nothing_else(bench):
    assert bench.raw(encode_frame(Request(Op.HELLO, 3).body)) != []
    assert bench.raw(b"") == []


def test_reading_in_pieces_gives_the_same_bytes(bench):
    size = finished(bench)
    whole = drained(bench)
    assert len(whole) == size
    bench.ask(Op.RESET)
    finished(bench)
    assert drained(bench, piece=13) == whole


def test_read_again_gives_the_same_bytes_until_another_number_comes(bench):
    size = finished(bench)
    first = bench.request(Request(Op.READ, 200, 0, length=20))
    for _ in range(3):
        assert bench.request(Request(Op.READ, 200, 0, length=20)) == first
    second = bench.request(Request(Op.READ, 201, 0, length=20))
    assert second.payload != first.payload
    assert bench.request(Request(Op.READ, 201, 0, length=20)).payload == second.payload
    assert len(first.payload + second.payload + drained(bench)) == size


def test_write_again_is_done_once(bench):
    _, raw, size = streams()
    for number, (stream, part) in enumerate(enumerate(raw)):
        for _ in range(3):
            answer = bench.request(Request(Op.WRITE, number, stream, part[:200]))
            assert answer == Answer(Op.WRITE, number, Status.OK, b"")
        write(bench, stream, part[200:])
    bench.model.step(500)
    assert len(drained(bench)) == size


def test_write_that_does_not_fit_is_busy_and_not_done(bench):
    """Input b gets nothing, so that of input a only a few beats go on into the design."""
    taken = 0
    for size in (256, 256, 128, 64, 32, 16, 8, 4, 2, 1):
        while bench.ask(Op.WRITE, 0, bytes(size)).status == Status.OK:
            taken += size
    assert bench.ask(Op.WRITE, 0, b"").status == Status.OK
    assert CAPACITY <= taken <= CAPACITY + 2 + 5 * 8


def test_a_verdict_belongs_to_its_number(bench):
    """A late BUSY may be taken for the answer to a repeat: had that one been done, the next would be done twice."""
    while bench.ask(Op.WRITE, 0, bytes(250)).status == Status.OK:
        pass
    busy, refused = Request(Op.WRITE, 199, 0, bytes(250)), Request(Op.WRITE, 198, 9, b"x")
    for request, verdict in ((busy, Status.BUSY), (refused, Status.REFUSED)):
        assert bench.request(request).status == verdict
        # this would be done if the number were another one
        assert bench.request(Request(Op.COUNTERS, request.number)).status == verdict
        assert bench.request(request).status == verdict
    write(bench, 1, bytes(4 * 60))
    bench.model.step(1000)
    assert bench.request(Request(Op.WRITE, 197, 0, bytes(250))).status == Status.OK


@pytest.mark.parametrize(
    "body",
    [
        Request(Op.WRITE, 5, 2, b"abc").body,
        Request(Op.WRITE, 5, 255, b"abc").body,
        Request(Op.READ, 5, 1, length=4).body,
        Request(Op.READ, 5, 0, length=MAX_PAYLOAD + 1).body,
        Request(Op.READ, 5, 0, length=0x8000).body,
        Request(Op.READ, 5, 0, b"x", length=4).body,
        Request(Op.WRITE, 5, 0, bytes(MAX_PAYLOAD + 1)).body,
        Request(Op.WRITE, 5, 0, bytes(600)).body,
        Request(Op.WRITE, 5, 0, b"abcde", length=4).body,
        Request(Op.WRITE, 5, 0, b"abcde", length=6).body,
        Request(Op.WRITE, 5, 0, b"abcde", length=20).body,
        Request(Op.HELLO, 5, 1).body,
        Request(Op.HELLO, 5, 0, b"x").body,
        Request(Op.COUNTERS, 5, 0, length=1).body,
        Request(Op.RESET, 5, 3).body,
        bytes([0, 5, 0, 0, 0]),
        bytes([6, 5, 0, 0, 0]),
        bytes([0x42, 5, 0, 0, 0]),
    ],
)
def test_what_there_is_not_is_refused_and_does_nothing(bench, body):
    before = finished(bench)
    for _ in range(2):
        assert bench.send(encode_frame(body)) == Answer(body[0], 5, Status.REFUSED, b"")
    assert len(drained(bench)) == before
    assert bench.ask(Op.WRITE, 0, bytes(255)).status == Status.OK


@pytest.mark.parametrize("where", [1, 4, 7, 130, -2])
def test_damaged_write_is_garbled_and_takes_no_place(bench, where):
    _, raw, size = streams()
    frame = bytearray(encode_frame(Request(Op.WRITE, 50, 0, raw[0][:200]).body))
    frame[where] ^= 1
    assert frame[where] not in (FLAG, ESCAPE)
    for _ in range(5):
        assert bench.raw(bytes(frame)) == [GARBLED]
    for stream, part in enumerate(raw):
        write(bench, stream, part)
    bench.model.step(500)
    assert len(drained(bench)) == size


def test_frame_without_its_end(bench):
    """The next flag ends it; the request behind it is carried out."""
    _, raw, _ = streams()
    cut = encode_frame(Request(Op.WRITE, 50, 0, raw[0][:200]).body)[:100]
    good = Request(Op.COUNTERS, 51)
    answers = bench.raw(cut + encode_frame(good.body))
    assert answers == [GARBLED, Answer(Op.COUNTERS, 51, Status.OK, Counters(0, 0, 0).payload)]


def test_escape_before_a_flag_spoils_the_frame(bench):
    frame = encode_frame(Request(Op.HELLO, 1).body)
    assert bench.raw(frame[:-1] + bytes([ESCAPE, FLAG])) == [GARBLED]


def test_flags_alone_say_nothing(bench):
    assert bench.raw(bytes([FLAG] * 50)) == []


def test_noise_between_frames(bench):
    rng = np.random.default_rng(1)
    for number in range(20):
        noise = bytes(rng.integers(0, 256, rng.integers(1, 40), dtype=np.uint8))
        answers = bench.raw(noise + encode_frame(Request(Op.READ, number, 0, length=9).body))
        assert answers[-1] == Answer(Op.READ, number, Status.OK, b"")
        assert set(answers[:-1]) <= {GARBLED}


def test_requests_one_upon_the_other_do_no_harm(bench):
    """Those that come while an answer goes out may be lost, and nothing else may come of it."""
    size = finished(bench)
    whole = b"".join(encode_frame(Request(Op.READ, n, 0, length=30).body) for n in range(40))
    answers = bench.raw(whole)
    numbers = [answer.number for answer in answers]
    assert {answer.status for answer in answers} == {Status.OK}
    assert numbers == sorted(numbers)
    rest = drained(bench)
    assert len(b"".join(answer.payload for answer in answers) + rest) == size


def test_numbers_are_forgotten_by_hello(bench):
    write(bench, 0, bytes(5))
    for op in (Op.HELLO, Op.RESET):
        assert bench.request(Request(op, bench.number)).status == Status.OK
        assert bench.request(Request(Op.READ, bench.number, 0, length=5)) == Answer(
            Op.READ, bench.number, Status.OK, b""
        )


def test_reset_in_the_middle_of_a_job(bench):
    job, raw, _ = streams()
    expected = bench.run(job)
    bench.ask(Op.RESET)
    write(bench, 0, raw[0][:33])
    write(bench, 1, raw[1][:38])
    bench.ask(Op.READ, 0, length=3)
    assert bench.ask(Op.RESET) == Answer(Op.RESET, bench.number, Status.OK, b"")
    assert bench.counters() == Counters(0, 0, 0)
    again = bench.run(job)
    for field, values in expected["c"].items():
        np.testing.assert_array_equal(again["c"][field], values)


def test_counters_of_a_job(bench):
    assert bench.counters() == Counters(0, 0, 0)
    job, _, size = streams()
    bench.run(job)
    counters = bench.counters()
    assert bench.counters() == counters
    assert SPEC.family.cycles(SPEC.params, job) < counters.cycles < bench.model.cycles
    # the line is far slower than the design, which waits for now this and now that input
    assert counters.cycles / 2 < counters.starved < counters.cycles
    assert counters.stalled < 20 * size


def test_counters_while_outputs_are_held_back(bench):
    """A design whose results nobody reads stalls, and what was told does not change meanwhile."""
    _, raw, size = streams()
    assert size < CAPACITY < 2 * size
    for _ in range(2):
        for stream, part in enumerate(raw):
            write(bench, stream, part)
    bench.model.step(2000)
    first = bench.counters()
    assert bench.counters() == first
    assert first.stalled < first.cycles < bench.model.cycles
    assert len(drained(bench, piece=50)) == 2 * size
    then = bench.counters()
    assert then.stalled > first.stalled + 2000
    assert then.cycles > first.cycles + then.stalled - first.stalled
