"""Requests carried out, each number once: what is written counts or is taken back, what was read is kept or freed."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from ...hdl.emit import Shared
from ..link.protocol import MAX_PAYLOAD, Op, Status
from .answer import GREETING_BYTES
from .counters import TOLD_BYTES

__all__ = ["Control"]


class Control(Shared):
    """Carries out one request at a time and has it answered.

    Parameters
    ----------
    inputs, outputs
        Streams of the design.
    offset_bits
        Bits of an offset into a ring.

    Members
    -------
    end, good : In
        A frame has ended; whether it is whole.
    op, number, stream, length, huge, fits, header, payload : In
        As a `RequestReader` gives them.
    counted : Out
        As many bytes of payload as `length` says have come.
    offset, write, commit, taken : Out and In
        To and from each `InputRing`; `write` is to be carried out unless the place is taken.
    offset, read, release, ended : Out and In
        To and from each `OutputRing`.
    chosen : Out
        Which output is read.
    answering, status, size, more : Out
        To `Answer`: a body is to be sent; its status; the bytes of its payload, and that some were left of them in the
        cycle before.
    step, done : In
        Of `Answer`: a byte of payload, and the whole answer, is away.
    deaf : Out
        A request is under way, no other can be taken.
    restart : Out
        Begins the design anew.
    busy : Out
        A request is under way.
    """

    def __init__(self, inputs: int, outputs: int, offset_bits: int) -> None:
        self.inputs, self.outputs, self.offset_bits = inputs, outputs, offset_bits
        length = MAX_PAYLOAD.bit_length()
        words = {"op": In(8), "number": In(8), "stream": In(8), "length": In(length)}
        flags = ("end", "good", "huge", "fits", "header", "payload", "step", "done")
        rings = {"offset": Out(offset_bits), "write": Out(inputs), "commit": Out(inputs), "taken": In(inputs)}
        rings |= {"release": Out(outputs), "ended": In(outputs), "chosen": Out(range(max(outputs, 2)))}
        answer = {"answering": Out(1), "status": Out(2), "size": Out(length), "more": Out(1)}
        signals = {name: Out(1) for name in ("counted", "read", "deaf", "restart", "busy")}
        super().__init__({**words, **{name: In(1) for name in flags}, **rings, **answer, **signals})

    def key(self) -> tuple[object, ...]:
        """Return what makes two of them the same module."""
        return (self.inputs, self.outputs, self.offset_bits)

    def body(self) -> Module:
        """Build the steps of a request."""
        m = Module()
        self._make_signals(m)
        self._take(m)
        self._judge(m)
        with m.FSM():
            with m.State("IDLE"):
                with m.If(self.held):
                    m.d.sync += self.garbled.eq(0)
                    m.next = "DECIDE"
                with m.Elif(self.garbled):
                    m.d.sync += [self.status.eq(Status.GARBLED), self.garbled.eq(0)]
                    m.next = "ANSWER"
            with m.State("DECIDE"):
                self._decide(m)
            with m.State("RELEASE"):
                self._release(m)
            with m.State("MEASURE"):
                self._measure(m)
            with m.State("ANSWER"):
                self._answer(m)
        return m

    def _make_signals(self, m: Module) -> None:
        """Make what several steps need."""
        # A request that was taken and not answered; a damaged frame that was not answered.
        self.held = Signal()
        self.garbled = Signal()
        # Bytes of payload so far: on their way in, while places are freed or measured, and on their way out.
        self.index = Signal(self.length.shape())
        self.no_room = Signal()
        # The latest request and what became of it, BUSY too: a late answer may be taken for that of a repeat. And
        # whether the answer's payload is kept in an output's ring.
        self.known = Signal()
        self.latest = Signal(8)
        self.verdict = Signal(2)
        self.keeps = Signal()
        self.all_there = Signal()
        # Comparing takes a cycle of its own: `compared` says that the two comparisons are of this `index`.
        self.compared = Signal()
        self.freed = Signal()
        self.measured = Signal()
        full = self.status == Status.OK
        m.d.sync += [
            self.more.eq(full & ~self.all_there),
            self.freed.eq(~self.keeps | self.all_there),
            self.measured.eq(self.counted | (self.ended & _one_hot(self.chosen, self.outputs)).any()),
        ]
        m.d.comb += [
            self.counted.eq(self.index == self.length),
            self.all_there.eq(self.index == self.size),
            self.read.eq(self.answering & full & ~self.all_there & (self.op == Op.READ)),
            self.offset.eq(self.index),
            self.deaf.eq(self.held),
            self.busy.eq(self.held | self.garbled),
        ]

    def _take(self, m: Module) -> None:
        """Take frames and write payloads, whatever the steps are at."""
        addressed = _one_hot(self.stream, self.inputs)
        full = Signal()
        m.d.comb += [
            full.eq((addressed & self.taken).any()),
            self.write.eq(Mux(self.payload & ~self.no_room, addressed, 0)),
        ]
        with m.If(self.header):
            m.d.sync += [self.index.eq(0), self.no_room.eq(0)]
        with m.Elif(self.payload):
            m.d.sync += [self.index.eq(self.index + 1), self.no_room.eq(self.no_room | full)]
        with m.If(self.end):
            m.d.sync += [self.held.eq(self.good), self.garbled.eq(self.garbled | ~self.good)]

    def _judge(self, m: Module) -> None:
        """Find out what is to be done with a request, in the cycle before it is done."""
        exists = Signal()
        plain = Signal()
        self.accepted = Signal()
        self.short = Signal()
        self.forgets = Signal()
        self.again = Signal()
        m.d.comb += plain.eq((self.stream == 0) & (self.length == 0))
        with m.Switch(self.op):
            with m.Case(Op.WRITE):
                m.d.comb += exists.eq(self.stream < self.inputs)
            with m.Case(Op.READ):
                m.d.comb += exists.eq(self.stream < self.outputs)
            with m.Case(Op.HELLO, Op.COUNTERS, Op.RESET):
                m.d.comb += exists.eq(plain)
        m.d.comb += self.forgets.eq((self.op == Op.HELLO) | (self.op == Op.RESET))
        m.d.sync += [
            self.accepted.eq(exists & self.fits & ~self.huge),
            self.short.eq((self.op == Op.WRITE) & self.no_room),
            self.again.eq(self.known & (self.number == self.latest) & ~self.forgets),
        ]

    def _decide(self, m: Module) -> None:
        """Carry out what takes one cycle, unless the answer is to be repeated."""
        judged = Mux(self.accepted, Mux(self.short, Status.BUSY, Status.OK), Status.REFUSED)
        m.d.sync += [self.index.eq(0), self.compared.eq(0)]
        with m.If(self.again):
            m.d.sync += self.status.eq(self.verdict)
            m.next = "ANSWER"
        with m.Else():
            m.d.sync += [self.status.eq(judged), self.verdict.eq(judged)]
            m.d.sync += [self.known.eq(~self.forgets), self.latest.eq(self.number)]
            m.next = "RELEASE"
            with m.If(self.accepted & (self.op == Op.WRITE) & ~self.short):
                m.d.comb += self.commit.eq(_one_hot(self.stream, self.inputs))
            with m.If(self.accepted & (self.op == Op.RESET)):
                m.d.comb += self.restart.eq(1)
                m.d.sync += self.keeps.eq(0)

    def _release(self, m: Module) -> None:
        """Free what the last READ kept, counting up to it."""
        m.d.sync += self.compared.eq(~self.compared)
        with m.If(self.compared & ~self.freed):
            m.d.sync += self.index.eq(self.index + 1)
        with m.Elif(self.compared):
            m.d.comb += self.release.eq(Mux(self.keeps, _one_hot(self.chosen, self.outputs), 0))
            m.d.sync += [self.keeps.eq(0), self.index.eq(0), self.size.eq(0)]
            m.next = "ANSWER"
            with m.Switch(self.op):
                with m.Case(Op.HELLO):
                    m.d.sync += self.size.eq(GREETING_BYTES)
                with m.Case(Op.COUNTERS):
                    m.d.sync += self.size.eq(TOLD_BYTES)
                with m.Case(Op.READ):
                    m.d.sync += self.chosen.eq(self.stream)
                    with m.If(self.status == Status.OK):
                        m.next = "MEASURE"

    def _measure(self, m: Module) -> None:
        """Count the bytes that a READ gives."""
        m.d.sync += self.compared.eq(~self.compared)
        with m.If(self.compared & ~self.measured):
            m.d.sync += self.index.eq(self.index + 1)
        with m.Elif(self.compared):
            m.d.sync += [self.size.eq(self.index), self.index.eq(0), self.keeps.eq(1)]
            m.next = "ANSWER"

    def _answer(self, m: Module) -> None:
        """Have the answer sent."""
        m.d.comb += self.answering.eq(1)
        with m.If(self.step):
            m.d.sync += self.index.eq(self.index + 1)
        with m.If(self.done):
            m.next = "IDLE"
            with m.If(self.status != Status.GARBLED):
                m.d.sync += self.held.eq(0)


def _one_hot(number: Value, count: int) -> Value:
    """Return one bit for each of `count` streams; none where there is no such stream."""
    bits: Value = Cat(number == at for at in range(count))
    return bits
