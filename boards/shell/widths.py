"""Bytes to the beats of a stream and back, by shifting: no multiplexer however wide a beat is."""

from amaranth.hdl import Cat, Const, Module, Signal, Value, unsigned
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from ...hdl.emit import Shared
from ...hdl.ports import bytes_for

__all__ = ["BeatsToBytes", "BytesToBeats"]


class BytesToBeats(Shared):
    """Collects the bytes of a beat, the lowest first, and offers it.

    Parameters
    ----------
    width
        Bits of a beat, the flag `last` included; padding above them is dropped.

    Members
    -------
    i : In(stream)
        Bytes, one a cycle and none while a beat is offered.
    o : Out(stream)
        Beats; valid and payload from registers.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        super().__init__({"i": In(stream.Signature(unsigned(8))), "o": Out(stream.Signature(unsigned(width)))})

    def key(self) -> tuple[object, ...]:
        """Return what makes two of them the same module."""
        return (self.width,)

    def label(self) -> str:
        """Return the module's short name."""
        return f"bytes_to_{self.width}"

    def body(self) -> Module:
        """Build the shift register and the count of its bytes."""
        m = Module()
        count = bytes_for(self.width)
        beat = Signal(8 * count, reset_less=True)
        whole = Signal()
        m.d.comb += [self.i.ready.eq(~self.o.valid), self.o.payload.eq(beat[: self.width])]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [beat.eq(Cat(beat[8:], self.i.payload)), self.o.valid.eq(whole)]
        with m.Elif(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        m.d.comb += whole.eq(_turn(m, self.i.valid & self.i.ready, count))
        return m


class BeatsToBytes(Shared):
    """Takes a beat and gives its bytes, the lowest first, padded with zeros.

    Parameters
    ----------
    width
        Bits of a beat, the flag `last` included.

    Members
    -------
    i : In(stream)
        Beats; ready from a register.
    o : Out(stream)
        Bytes; valid and payload from registers.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        super().__init__({"i": In(stream.Signature(unsigned(width))), "o": Out(stream.Signature(unsigned(8)))})

    def key(self) -> tuple[object, ...]:
        """Return what makes two of them the same module."""
        return (self.width,)

    def label(self) -> str:
        """Return the module's short name."""
        return f"bytes_of_{self.width}"

    def body(self) -> Module:
        """Build the shift register and the count of its bytes."""
        m = Module()
        count = bytes_for(self.width)
        beat = Signal(8 * count, reset_less=True)
        moves = Signal()
        over = Signal()
        m.d.comb += [self.i.ready.eq(~self.o.valid), self.o.payload.eq(beat[:8]), moves.eq(self.o.valid & self.o.ready)]
        with m.If(self.i.ready):
            m.d.sync += [beat.eq(self.i.payload), self.o.valid.eq(self.i.valid)]
        with m.Elif(moves):
            m.d.sync += [beat.eq(beat >> 8), self.o.valid.eq(~over)]
        m.d.comb += over.eq(_turn(m, moves, count))
        return m


def _turn(m: Module, go: Value, count: int) -> Value:
    """Return whether the next step is the last of `count`; steps go on with `go`."""
    if count == 1:
        return Const(1)
    at = Signal(range(count))
    last: Value = at == count - 1
    with m.If(go):
        m.d.sync += at.eq(at + 1)
        with m.If(last):
            m.d.sync += at.eq(0)
    return last
