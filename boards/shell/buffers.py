"""Rings of bytes at the streams, one block RAM each, that can take back what the line did not bring over whole."""

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from ...hdl.emit import Shared
from ...hdl.memory import DualPortMemory

__all__ = ["InputRing", "OutputRing"]


class InputRing(Shared):
    """Bytes from the line to a stream: written at an offset behind the last that counts, until they count themselves.

    Parameters
    ----------
    size
        Bytes, a power of two.

    Members
    -------
    offset : In
        Where to write, and at `commit` how many bytes count from now on; as before in the cycle of a write.
    write, byte : In
        Writes the byte unless the place is taken.
    commit : In
        What was written counts.
    taken : Out
        The place at `offset` was the first that is not free, a cycle ago; those behind it are not told from others.
    o : Out(stream)
        The bytes that count; valid and payload from registers.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        line = {"offset": In(range(size)), "write": In(1), "byte": In(8), "commit": In(1), "taken": Out(1)}
        super().__init__({**line, "o": Out(stream.Signature(unsigned(8)))})

    def key(self) -> tuple[object, ...]:
        """Return what makes two rings the same module."""
        return (self.size,)

    def body(self) -> Module:
        """Build the two ends of the ring."""
        m = Module()
        m.submodules.memory = memory = DualPortMemory(8, self.size, meets="never")
        # Where the next byte that counts will be, and the byte to be read next; one bit more tells full from empty.
        tail = Signal(range(2 * self.size))
        head = Signal(range(2 * self.size))
        place = Signal(range(2 * self.size))
        take = Signal()
        m.d.comb += [
            place.eq(tail + self.offset),
            take.eq((head != tail) & (~self.o.valid | self.o.ready)),
            memory.w_en.eq(self.write & ~self.taken),
            memory.w_addr.eq(place[:-1]),
            memory.w_data.eq(self.byte),
            memory.r_en.eq(take),
            memory.r_addr.eq(head[:-1]),
            self.o.payload.eq(memory.r_data),
        ]
        m.d.sync += self.taken.eq(place == (head ^ self.size))
        with m.If(self.commit):
            m.d.sync += tail.eq(place)
        with m.If(take):
            m.d.sync += head.eq(head + 1)
        with m.If(~self.o.valid | self.o.ready):
            m.d.sync += self.o.valid.eq(take)
        return m


class OutputRing(Shared):
    """Bytes from a stream to the line: read at an offset behind the last that was released, as often as need be.

    Parameters
    ----------
    size
        Bytes, a power of two.

    Members
    -------
    i : In(stream)
        Bytes; ready depends on registers alone.
    offset : In
        Where to read, and at `release` how many bytes are not needed any more.
    read : In
        Reads the byte, which stands at `byte` from the next cycle on.
    release : In
        Frees the places before `offset`.
    end : Out
        The byte at `offset` is the first that has not come; offsets behind that one are not told from others.
    byte : Out
        The byte read last.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        line = {"offset": In(range(size)), "read": In(1), "release": In(1), "end": Out(1), "byte": Out(8)}
        super().__init__({"i": In(stream.Signature(unsigned(8))), **line})

    def key(self) -> tuple[object, ...]:
        """Return what makes two rings the same module."""
        return (self.size,)

    def body(self) -> Module:
        """Build the two ends of the ring."""
        m = Module()
        m.submodules.memory = memory = DualPortMemory(8, self.size, meets="never")
        # Where the next byte goes, and the first that is not released; one bit more tells full from empty.
        tail = Signal(range(2 * self.size))
        head = Signal(range(2 * self.size))
        place = Signal(range(2 * self.size))
        m.d.comb += [
            place.eq(head + self.offset),
            self.end.eq(place == tail),
            self.i.ready.eq(tail != (head ^ self.size)),
            memory.w_en.eq(self.i.valid & self.i.ready),
            memory.w_addr.eq(tail[:-1]),
            memory.w_data.eq(self.i.payload),
            memory.r_en.eq(self.read),
            memory.r_addr.eq(place[:-1]),
            self.byte.eq(memory.r_data),
        ]
        with m.If(memory.w_en):
            m.d.sync += tail.eq(tail + 1)
        with m.If(self.release):
            m.d.sync += head.eq(place)
        return m
