"""Cycles of the design, and those in which it starved or stalled, as `rtloom.boards.link.protocol.Counters` says."""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib.wiring import In, Out

from ...hdl.emit import Shared
from ..link.protocol import COUNTER_BYTES

__all__ = ["TOLD_BYTES", "CycleCounters"]

_BITS = 8 * COUNTER_BYTES
TOLD_BYTES = 3 * COUNTER_BYTES


class CycleCounters(Shared):
    """Three counters that run, and beside each what it stood at when the last beat came out.

    Parameters
    ----------
    inputs, outputs
        Streams of the design.

    Members
    -------
    in_valid, in_ready, out_valid, out_ready : In
        One bit of each stream of the design.
    byte : Out
        The lowest byte of what is to be told.
    turn : In
        Turns what is to be told by a byte; after `TOLD_BYTES` turns it is as before. Meanwhile no beat may come out,
        nor in the two cycles before the first turn.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        self.inputs, self.outputs = inputs, outputs
        sides = {"in_valid": In(inputs), "in_ready": In(inputs), "out_valid": In(outputs), "out_ready": In(outputs)}
        super().__init__({**sides, "byte": Out(8), "turn": In(1)})

    def key(self) -> tuple[object, ...]:
        """Return what makes two of them the same module."""
        return (self.inputs, self.outputs)

    def body(self) -> Module:
        """Build the counters two cycles behind what they count: no sum is needed in the cycle in which it is made."""
        m = Module()
        begun = Signal()
        given = Signal(2)
        taking = Signal()
        m.d.comb += taking.eq((self.in_valid & self.in_ready).any())
        with m.If(taking):
            m.d.sync += begun.eq(1)
        counts = begun | taking
        starves = begun & (self.in_ready & ~self.in_valid).any() & ~taking
        stalls = counts & (self.out_valid & ~self.out_ready).any()
        m.d.sync += given.eq(Cat((self.out_valid & self.out_ready).any(), given[0]))
        told = Signal(8 * TOLD_BYTES)
        values = Cat(_running(m, name, event) for name, event in _named(counts, starves, stalls))
        with m.If(given[1]):
            m.d.sync += told.eq(values)
        with m.Elif(self.turn):
            m.d.sync += told.eq(Cat(told[8:], told[:8]))
        m.d.comb += self.byte.eq(told[:8])
        return m


def _named(*events: Value) -> list[tuple[str, Value]]:
    """Return what is counted by name."""
    return list(zip(("cycles", "starved", "stalled"), events, strict=True))


def _running(m: Module, name: str, event: Value) -> Signal:
    """Count an event; return the count without the cycle before this one."""
    came = Signal(name=f"{name}_came")
    count = Signal(_BITS, name=name)
    m.d.sync += [came.eq(event), count.eq(count + came)]
    return count
