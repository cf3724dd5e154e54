"""Where vectors wait until all of each has been seen: a ring of beats, and a queue of what was found of each vector."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from ...hdl.emit import Shared
from ...hdl.entrance import Entrance
from ...hdl.memory import DualPortMemory
from ...hdl.streams import Queue
from .params import VectorParams
from .timing import held_beats, held_vectors

__all__ = ["Hold", "used_lanes"]


def used_lanes(params: VectorParams, x: Entrance) -> list[Value]:
    """Return for each lane whether the waiting beat of x has an element in it."""
    if params.lanes == 1:
        return [x.full]
    count = x.field("count")
    return [~x.payload.last | (count > i) for i in range(params.lanes)]


class Hold(Shared):
    """Keeps the beats of vectors, in order, until their results are there, then gives them out with these.

    A vector may arrive while others leave, a beat a cycle each. What is issued always has room, so that nothing
    between the issue and here ever has to wait.

    Parameters
    ----------
    params
        A unit that holds; `timing.held_beats` and `timing.held_vectors` say how much.
    width
        Bits of a held beat.
    result_bits
        Bits of what is found of a vector.

    Members
    -------
    room : Out(1)
        A beat may be issued.
    issue, ends : In(1)
        One is, a vector's last one; only where there is `room`.
    w_en, w_data : In
        A beat arrives, in the order of their issue.
    found, result : In
        All beats of a vector have arrived, and this was found of it.
    beats : In
        Number of its beats, less 1.
    waits : Out(1)
        A beat whose result is there can be read.
    read : In(1)
        It is; only where it `waits`. Its data follow in the next cycle and stay until the next reading.
    last : Out(1)
        It is its vector's last one.
    given : Out
        Its vector's result, in the cycle of the reading.
    r_data : Out
        The beat read last.
    """

    def __init__(self, params: VectorParams, width: int, result_bits: int) -> None:
        self.width, self.result_bits = width, result_bits
        self.most_beats, self.most_vectors = held_beats(params), held_vectors(params)
        self.count_bits = max((params.max_beats - 1).bit_length(), 1)
        super().__init__(
            {
                **{name: In(1) for name in ("issue", "ends", "w_en", "found", "read")},
                **{name: Out(1) for name in ("room", "waits", "last")},
                "w_data": In(width),
                "r_data": Out(width),
                "beats": In(self.count_bits),
                "result": In(result_bits),
                "given": Out(result_bits),
            }
        )

    def key(self) -> tuple[object, ...]:
        """Return the sizes."""
        return (self.width, self.result_bits, self.most_beats, self.most_vectors, self.count_bits)

    def label(self) -> str:
        """Return the module's short name."""
        return "hold"

    def body(self) -> Module:
        """Build ring, queue, and the counts of what is on its way."""
        m = Module()
        beats = _level(m, self.issue, self.read, self.most_beats, "beats_held")
        vectors = _level(m, self.issue & self.ends, self.read & self.last, self.most_vectors, "vectors_held")
        m.d.comb += self.room.eq((beats != self.most_beats) & (vectors != self.most_vectors))
        m.submodules.ring = ring = DualPortMemory(self.width, self.most_beats, meets="never")
        m.d.comb += [
            ring.w_en.eq(self.w_en),
            ring.w_addr.eq(_place(m, self.w_en, self.most_beats, "written")),
            ring.w_data.eq(self.w_data),
            ring.r_en.eq(self.read),
            ring.r_addr.eq(_place(m, self.read, self.most_beats, "read_at")),
            self.r_data.eq(ring.r_data),
        ]
        m.submodules.results = results = Queue(self.count_bits + self.result_bits, self.most_vectors)
        at = Signal(self.count_bits)
        m.d.comb += [
            results.i.valid.eq(self.found),
            results.i.payload[: self.count_bits].eq(self.beats),
            results.i.payload[self.count_bits :].eq(self.result),
            self.waits.eq(results.o.valid),
            self.given.eq(results.o.payload[self.count_bits :]),
            self.last.eq(at == results.o.payload[: self.count_bits]),
            results.o.ready.eq(self.read & self.last),
        ]
        with m.If(self.read):
            m.d.sync += at.eq(Mux(self.last, 0, at + 1))
        return m


def _level(m: Module, more: Value, fewer: Value, most: int, name: str) -> Signal:
    """Return a count of what came and has not gone."""
    level = Signal(range(most + 1), name=name)
    m.d.sync += level.eq(level + more - fewer)
    return level


def _place(m: Module, go: Value, rows: int, name: str) -> Signal:
    """Return an address that steps round with `go`."""
    at = Signal(range(rows), name=name)
    with m.If(go):
        m.d.sync += at.eq(Mux(at == rows - 1, 0, at + 1))
    return at
