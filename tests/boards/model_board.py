"""The board's end of the link as a few lines of Python, around a toy design, for tests of the driver."""

from dataclasses import dataclass, field

import numpy as np

from rtloom.boards.host.exchange import Exchange
from rtloom.boards.link.beats import beat_bytes, from_bytes, to_bytes
from rtloom.boards.link.frames import FrameReader, encode_frame
from rtloom.boards.link.identity import identity_of
from rtloom.boards.link.protocol import MAX_PAYLOAD, VERSION, Answer, Counters, Greeting, Op, Status
from rtloom.boards.virtual.noise import Channel
from rtloom.generators.family import Family, Job
from rtloom.generators.params import FamilyParams
from rtloom.generators.spec import Spec
from rtloom.hdl.formats import Integer
from rtloom.hdl.ports import Field, StreamPort

A = StreamPort("a", "in", (Field("x", Integer(8, is_signed=True), 3),))
B = StreamPort("b", "in", (Field("y", Integer(12, is_signed=True), 1),), last=False)
C = StreamPort("c", "out", (Field("z", Integer(13, is_signed=True), 3),))
D = StreamPort("d", "out", (Field("y", Integer(12, is_signed=True), 1),), last=False)


class ToyParams(FamilyParams):
    """One parameter, so that two designs differ."""

    title = "Toy"
    salt: int = 0


class Toy(Family[ToyParams]):
    """c = a + b, d = b, beat by beat; the result is c and d side by side."""

    name = "toy"
    summary = "a toy"
    params = ToyParams
    golden_module = "none"
    operations = ("add",)

    def component(self, params):
        raise AssertionError("the toy has no hardware")

    def ports(self, params):
        return (A, B, C, D)

    def lower(self, params, operation, **tensors):
        a, b = tensors["a"], tensors["b"]
        last = np.arange(len(a)) % 5 == 4
        return Job({"a": {"x": a, "last": last}, "b": {"y": b}}, {"c": len(a), "d": len(a)}, a.size, last)

    def lift(self, params, job, outputs):
        assert (outputs["c"]["last"] == job.plan).all()
        return np.concatenate([outputs["c"]["z"], outputs["d"]["y"]], axis=1)

    def cycles(self, params, job):
        return len(job.plan)

    def peak(self, params):
        return 1.0

    def describe_timing(self, params):
        return {}

    def example(self, params, size, seed):
        return "add", tensors(7, seed)


TOY = Toy()
SPEC = Spec("toy", TOY, ToyParams())


def tensors(beats, seed=0):
    """Return arguments of the toy."""
    random = np.random.default_rng(seed)
    return {"a": random.integers(-128, 128, (beats, 3)), "b": random.integers(-2048, 2048, (beats, 1))}


def expected(given):
    """Return what the toy makes of arguments."""
    return np.concatenate([given["a"] + given["b"], given["b"]], axis=1)


@dataclass
class ModelBoard:
    """A board: bytes from the line in, bytes to the line out.

    `faults` are deviations that the driver must notice: ``stuck``, ``extra``, ``long``, ``refuse``.
    """

    greeting: Greeting = field(default_factory=lambda: Greeting(VERSION, identity_of(SPEC), 2, 2))
    buffer: int = 512
    faults: tuple[str, ...] = ()
    carried: list[int] = field(default_factory=list)

    def __post_init__(self):
        self._reader, self._kept, self._beats = FrameReader(), None, 0
        self._reset()

    def feed(self, raw):
        """Take bytes of the line; return those of the answers."""
        out = b""
        for byte in raw:
            damaged = self._reader.damaged
            for body in self._reader.feed([byte]):
                out += encode_frame(self._answer(body).body)
            if self._reader.damaged > damaged:
                out += encode_frame(Answer(0, 0, Status.GARBLED, b"").body)
        return out

    def _reset(self):
        self._in, self._out, self._beats = [bytearray(), bytearray()], [bytearray(), bytearray()], 0

    def _answer(self, body):
        op, number, stream, length, payload = body[0], body[1], body[2], int.from_bytes(body[3:5], "little"), body[5:]
        if op not in (Op.HELLO, Op.RESET) and self._kept is not None and self._kept[:2] == (op, number):
            return self._kept[2]
        status, reply = self._carry_out(op, stream, length, payload)
        self.carried.append(op)
        answer = Answer(op, number, status, reply)
        self._kept = (op, number, answer)
        return answer

    def _carry_out(self, op, stream, length, payload):
        if op == Op.HELLO:
            return Status.OK, self.greeting.payload
        if op == Op.RESET:
            self._reset()
            return Status.OK, b""
        if op == Op.COUNTERS:
            return Status.OK, Counters(self._beats, 1, 2).payload
        if op not in (Op.WRITE, Op.READ) or stream > 1 or length > MAX_PAYLOAD or "refuse" in self.faults:
            return Status.REFUSED, b""
        return self._write(stream, payload) if op == Op.WRITE else self._read(stream, length)

    def _write(self, stream, payload):
        if len(self._in[stream]) + len(payload) >= self.buffer:
            return Status.BUSY, b""
        self._in[stream] += payload
        return Status.OK, b""

    def _read(self, stream, length):
        self._work()
        if "long" in self.faults:
            return Status.OK, bytes(length + 1)
        reply = bytes(self._out[stream][:length])
        del self._out[stream][:length]
        return Status.OK, reply

    def _work(self):
        """Let the design take the beats that both inputs and both outputs have room for."""
        sizes = [beat_bytes(port) for port in (A, B, C, D)]
        ready = [len(raw) // size for raw, size in zip(self._in, sizes[:2], strict=True)]
        free = [(self.buffer - 1 - len(raw)) // size for raw, size in zip(self._out, sizes[2:], strict=True)]
        beats = 0 if "stuck" in self.faults else min(*ready, *free)
        a, b = (
            from_bytes(port, bytes(self._in[place][: beats * beat_bytes(port)])) for place, port in enumerate((A, B))
        )
        for place, size in enumerate(sizes[:2]):
            del self._in[place][: beats * size]
        self._out[0] += to_bytes(C, {"z": a["x"] + b["y"], "last": a["last"]})
        self._out[1] += to_bytes(D, b)
        if "extra" in self.faults and beats:
            self._out[1] += b"\0\0"
        self._beats += beats


class MemoryLine:
    """A line to a board in memory, whose time passes only while the driver waits."""

    def __init__(self, feed, noise=None):
        self._feed, self._now, self.closed = feed, 0.0, False
        self._there, self._back = Channel(noise, 0), Channel(noise, 1)

    def write(self, raw):
        self._there.put(raw, self._now)

    def read(self, timeout):
        raw = self._move()
        if not raw:
            self._now += timeout
            raw = self._move()
        return raw

    def close(self):
        self.closed = True

    def _move(self):
        raw = self._there.take(self._now)
        self._back.put(self._feed(raw) if raw else b"", self._now)
        return self._back.take(self._now)


def exchange(feed, noise=None, **options):
    """Return a line to a board and the protocol on it."""
    line = MemoryLine(feed, noise)
    return line, Exchange(line, "memory", baud=115_200, **options)
