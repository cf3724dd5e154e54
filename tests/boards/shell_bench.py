"""A host for tests of the shell, which says and waits exactly what it is told; the shell runs in Verilator."""

from collections.abc import Mapping
from typing import Any

from rtloom.boards.link.beats import beat_bytes, from_bytes, to_bytes
from rtloom.boards.link.frames import FrameReader, encode_frame
from rtloom.boards.link.protocol import Answer, Counters, Op, Request, Status
from rtloom.boards.virtual.model import LineModel
from rtloom.generators.family import Job
from rtloom.generators.spec import Spec
from rtloom.hdl.ports import Beats
from rtloom.sim.build import BuildOptions

SLICE = 100


class Bench:
    """The shell around a design, and the host's end of its line; requests are numbered one after the other."""

    def __init__(self, spec: Spec, clocks_per_bit: int = 4, seed: int = 1) -> None:
        self.spec = spec
        self.model = LineModel(spec, clocks_per_bit, BuildOptions(optimise=0), seed)
        ports = spec.family.ports(spec.params)
        self.inputs = [port for port in ports if port.direction == "in"]
        self.outputs = [port for port in ports if port.direction == "out"]
        self.number = 0
        self.reader = FrameReader()

    def raw(self, sent: bytes, cycles: int = 0) -> list[Answer]:
        """Send bytes; return the answers that came until the line was quiet for 60 bytes' time and so many cycles."""
        quiet = 600 * self.model.clocks_per_bit + cycles
        answers, left = [], quiet
        while left > 0:
            came = self.model.step(SLICE, sent)
            sent = b""
            left = quiet if came or self.model.unsent else left - SLICE
            answers += [Answer.parse(body) for body in self.reader.feed(came)]
        assert self.model.broken == 0
        assert self.reader.damaged == 0
        return answers

    def request(self, request: Request) -> Answer:
        """Send a request; return its only answer."""
        return self.send(encode_frame(request.body))

    def send(self, frame: bytes) -> Answer:
        """Send a frame; return the only answer."""
        sent = frame
        for _ in range(100_000):
            came = self.model.step(SLICE, sent)
            sent = b""
            for body in self.reader.feed(came):
                return Answer.parse(body)
        raise AssertionError("no answer came")

    def ask(self, op: Op, stream: int = 0, payload: bytes = b"", length: int | None = None) -> Answer:
        """Send a request with the next number; return its answer, which has this number and operation."""
        self.number = (self.number + 1) % 256
        answer = self.request(Request(op, self.number, stream, payload, length))
        assert (answer.op, answer.number) == (op, self.number)
        return answer

    def counters(self) -> Counters:
        """Ask for the counters."""
        return Counters.parse(self.ask(Op.COUNTERS).payload)

    def run(self, job: Job, piece: int = 60) -> dict[str, Beats]:
        """Carry out a job in pieces of so many bytes."""
        unsent = [to_bytes(port, job.inputs[port.name]) if port.name in job.inputs else b"" for port in self.inputs]
        came = [b"" for _ in self.outputs]
        wanted = [job.outputs.get(port.name, 0) * beat_bytes(port) for port in self.outputs]
        for _ in range(10_000):
            if not any(unsent) and all(len(got) >= want for got, want in zip(came, wanted, strict=True)):
                return {port.name: from_bytes(port, got) for port, got in zip(self.outputs, came, strict=True)}
            for stream, rest in enumerate(unsent):
                if rest and self.ask(Op.WRITE, stream, rest[:piece]).status == Status.OK:
                    unsent[stream] = rest[piece:]
            for stream, want in enumerate(wanted):
                if len(came[stream]) < want:
                    came[stream] += self.ask(Op.READ, stream, length=piece).payload
        raise AssertionError("the job does not end")


def example(spec: Spec, size: str = "small") -> tuple[Job, str, Mapping[str, Any]]:
    """Return a job, its operation and its tensors."""
    operation, tensors = spec.family.example(spec.params, size, 3)
    return spec.family.lower(spec.params, operation, **tensors), operation, tensors
