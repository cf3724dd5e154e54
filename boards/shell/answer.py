"""An answer's bytes: its header, and as payload a greeting, counters or what an output gave."""

from amaranth.hdl import Module, Mux, Signal, Value, unsigned
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from ...hdl.emit import Shared
from ..link.protocol import ANSWER, HEADER_BYTES, MAX_PAYLOAD, VERSION, Greeting, Op, Status

__all__ = ["GREETING_BYTES", "Answer"]

GREETING_BYTES = len(Greeting(VERSION, bytes(8), 0, 0).payload)


class Answer(Shared):
    """Gives the body of an answer byte by byte.

    Parameters
    ----------
    greeting
        Payload of the answer to HELLO.

    Members
    -------
    op, number, status : In
        What is answered; an answer `Status.GARBLED` tells neither.
    size, index, more : In
        Bytes of payload; place of the next one; whether there is one.
    ring_byte, counter_byte : In
        That byte, where an output or the counters give it.
    answering : In
        An answer is to be sent: high until `done`.
    idle : In
        The framer has nothing more to send.
    o : Out(stream)
        Bytes of the body, offered until the last is taken; none must be taken in the first four cycles, nor within four
        cycles of the one before.
    turn : Out
        The counters' byte went away in the cycle before.
    step, done : Out
        A byte of payload, the whole answer is away.
    holds : Out
        Counters are being told: no beat may come out of the design.
    """

    def __init__(self, greeting: bytes) -> None:
        self.greeting = greeting
        length = MAX_PAYLOAD.bit_length()
        words = {"op": In(8), "number": In(8), "status": In(2), "size": In(length), "index": In(length)}
        flags = {name: In(1) for name in ("more", "answering", "idle")}
        made = {name: Out(1) for name in ("turn", "step", "done", "holds")}
        payload = {"ring_byte": In(8), "counter_byte": In(8), "o": Out(stream.Signature(unsigned(8)))}
        super().__init__({**words, **flags, **payload, **made})

    def key(self) -> tuple[object, ...]:
        """Return what makes two of them the same module."""
        return (self.greeting,)

    def body(self) -> Module:
        """Build the place in the header, and what stands there."""
        m = Module()
        place = Signal(range(HEADER_BYTES + 1))
        moved = Signal()
        body = Signal()
        m.d.comb += [
            body.eq(place == HEADER_BYTES),
            self.o.valid.eq(self.answering & (~body | self.more)),
            moved.eq(self.o.valid & self.o.ready),
            self.step.eq(moved & body),
            self.done.eq(body & ~self.more & self.idle),
            self.holds.eq(self.answering & (self.status == Status.OK) & (self.op == Op.COUNTERS)),
        ]
        m.d.sync += self.turn.eq(self.holds & self.step)
        with m.If(~self.answering):
            m.d.sync += place.eq(0)
        with m.Elif(moved & ~body):
            m.d.sync += place.eq(place + 1)
        self._bytes(m, place)
        return m

    def _bytes(self, m: Module, place: Signal) -> None:
        """Choose the byte."""
        told, full = self.status != Status.GARBLED, self.status == Status.OK
        byte = Signal(8, name="next_byte")
        # A register, which nobody waits for: each byte is on the line for long.
        m.d.sync += self.o.payload.eq(byte)
        m.d.comb += byte.eq(self._payload(m))
        with m.Switch(place):
            with m.Case(0):
                m.d.comb += byte.eq(Mux(told, self.op, 0) | ANSWER)
            with m.Case(1):
                m.d.comb += byte.eq(Mux(told, self.number, 0))
            with m.Case(2):
                m.d.comb += byte.eq(self.status)
            with m.Case(3):
                m.d.comb += byte.eq(Mux(full, self.size[:8], 0))
            with m.Case(4):
                m.d.comb += byte.eq(Mux(full, self.size[8:], 0))

    def _payload(self, m: Module) -> Value:
        """Choose the byte of payload."""
        greeting = Signal(8)
        byte = Signal(8, name="payload_byte")
        with m.Switch(self.index[: (len(self.greeting) - 1).bit_length()]):
            for at, value in enumerate(self.greeting):
                with m.Case(at):
                    m.d.comb += greeting.eq(value)
        m.d.comb += byte.eq(self.ring_byte)
        with m.Switch(self.op):
            with m.Case(Op.HELLO):
                m.d.comb += byte.eq(greeting)
            with m.Case(Op.COUNTERS):
                m.d.comb += byte.eq(self.counter_byte)
        return byte
