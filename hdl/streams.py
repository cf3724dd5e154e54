"""Stream buffers: register slice, skid buffer and queue, over any payload."""

from typing import Any

from amaranth.hdl import Module, Mux, Shape, Signal, Value
from amaranth.lib import memory, stream
from amaranth.lib.wiring import In, Member, Out

from ..errors import must
from .emit import Shared
from .memory import NEVER_MEET

__all__ = ["Buffer", "Queue", "RegisterSlice", "SkidBuffer"]


class Buffer(Shared):
    """Base of blocks with one stream in and the same stream out.

    Parameters
    ----------
    shape
        Shape of the payload; anything that Amaranth takes as a shape, layouts included.
    members
        Further members.

    Members
    -------
    i : In(stream)
        Beats of `shape`.
    o : Out(stream)
        The same beats in the same order.
    """

    def __init__(self, shape: Any, **members: Member) -> None:
        self.shape = shape
        self.width = Shape.cast(shape).width
        super().__init__({"i": In(stream.Signature(shape)), "o": Out(stream.Signature(shape)), **members})

    def key(self) -> tuple[object, ...]:
        """Return what makes two buffers the same module."""
        return (repr(self.shape),)


class RegisterSlice(Buffer):
    """One register in the forward path.

    The latency is one cycle and the throughput one beat a cycle. ``i.ready`` follows ``o.ready`` in the same cycle;
    use `SkidBuffer` to cut that path too. A reset drops the beat.

    Parameters
    ----------
    shape
        Shape of the payload.

    Members
    -------
    i, o
        As `Buffer`.
    """

    def label(self) -> str:
        """Return the module's short name."""
        return "register_slice"

    def body(self) -> Module:
        """Build the register."""
        m = Module()
        payload = Signal(self.width, reset_less=True)
        m.d.comb += [self.i.ready.eq(~self.o.valid | self.o.ready), Value.cast(self.o.payload).eq(payload)]
        with m.If(self.i.ready):
            m.d.sync += [self.o.valid.eq(self.i.valid), payload.eq(self.i.payload)]
        return m


class SkidBuffer(Buffer):
    """Two registers that cut every combinational path between the two sides.

    ``i.ready``, ``o.valid`` and ``o.payload`` come from registers. The latency is one cycle and the throughput one beat
    a cycle. A reset drops up to two beats.

    Parameters
    ----------
    shape
        Shape of the payload.

    Members
    -------
    i, o
        As `Buffer`.
    """

    def label(self) -> str:
        """Return the module's short name."""
        return "skid_buffer"

    def body(self) -> Module:
        """Build the output register and the one that catches the beat which comes while it is stuck."""
        m = Module()
        room = Signal(init=1)
        caught = Signal(self.width, reset_less=True)
        payload = Signal(self.width, reset_less=True)
        m.d.comb += [self.i.ready.eq(room), Value.cast(self.o.payload).eq(payload)]
        with m.If(room):
            m.d.sync += caught.eq(self.i.payload)
        with m.If(~self.o.valid | self.o.ready):
            m.d.sync += [room.eq(1), self.o.valid.eq(~room | self.i.valid)]
            m.d.sync += payload.eq(Mux(room, self.i.payload, caught))
        with m.Elif(self.i.valid):
            m.d.sync += room.eq(0)
        return m


class Queue(Buffer):
    """First in, first out, up to `depth` beats; no combinational path between the two sides.

    The throughput is one beat a cycle. With ``block=True`` the beats lie in a memory with a synchronous read port
    (block RAM), whose register is the output's: the latency is two cycles. With ``block=False`` the memory is read
    in the same cycle (registers or distributed RAM) and the latency is one cycle. A reset empties the queue.

    Parameters
    ----------
    shape
        Shape of the payload.
    depth
        Beats that it holds: at least 3 with ``block=True``, at least 2 otherwise.
    block
        Whether the memory shall be block RAM.

    Members
    -------
    i, o
        As `Buffer`.
    level : Out
        Beats inside, 0 to `depth`.

    Raises
    ------
    InputError
        Where the depth is too small for the throughput.
    """

    def __init__(self, shape: Any, depth: int, *, block: bool = True) -> None:
        least = 3 if block else 2
        if not isinstance(depth, int) or depth < least:
            raise must("Queue depth", f"be an integer of at least {least}", depth)
        self.depth, self.block = depth, block
        super().__init__(shape, level=Out(range(depth + 1)))

    def key(self) -> tuple[object, ...]:
        """Return what makes two queues the same module."""
        return (*super().key(), self.depth, self.block)

    def label(self) -> str:
        """Return the module's short name."""
        return f"queue_{self.depth}"

    def body(self) -> Module:
        """Build the ring of beats."""
        m = Module()
        rows = self.depth - self.block
        # A row that is read was written before: an empty queue is not read, a full one not written.
        m.submodules.beats = beats = memory.Memory(shape=self.width, depth=rows, init=[], attrs=NEVER_MEET)
        write = beats.write_port()
        read = beats.read_port(domain="sync" if self.block else "comb")
        stored = Signal(range(rows + 1))
        leaves = Signal()
        m.d.comb += [self.i.ready.eq(stored != rows), write.data.eq(self.i.payload)]
        m.d.comb += [write.en.eq(self.i.valid & self.i.ready), Value.cast(self.o.payload).eq(read.data)]
        m.d.sync += stored.eq(stored + write.en - leaves)
        m.d.comb += write.addr.eq(_ring(m, write.en, rows, "write_at"))
        m.d.comb += read.addr.eq(_ring(m, leaves, rows, "read_at"))
        if self.block:
            # The read port's own register is the output register; it never reads a row in the cycle of its writing.
            m.d.comb += [leaves.eq((stored != 0) & (~self.o.valid | self.o.ready)), read.en.eq(leaves)]
            with m.If(~self.o.valid | self.o.ready):
                m.d.sync += self.o.valid.eq(stored != 0)
            m.d.comb += self.level.eq(stored + self.o.valid)
        else:
            m.d.comb += [self.o.valid.eq(stored != 0), leaves.eq(self.o.valid & self.o.ready), self.level.eq(stored)]
        return m


def _ring(m: Module, go: Value, rows: int, name: str) -> Signal:
    """Return a row number that steps round with `go`."""
    at = Signal(range(rows), name=name)
    with m.If(go):
        m.d.sync += at.eq(Mux(at == rows - 1, 0, at + 1))
    return at
