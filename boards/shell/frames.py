"""Frames in hardware: what `rtloom.boards.link.frames` says, one byte at a time."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, unsigned
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from ...hdl.emit import Shared
from ..link.frames import CRC_BYTES, ESCAPE, FLAG, FLIP
from .crc import Crc

__all__ = ["Deframer", "Framer"]

_FLIPPED_BIT = FLIP.bit_length() - 1


class Deframer(Shared):
    """Takes bytes of the line apart into frames.

    Members
    -------
    byte, strobe : In
        A byte of the line, which stays for four cycles; the next one comes ten cycles later at the earliest.
    deaf : In
        Nothing is wanted from now on, the end of a frame. Of one that comes meanwhile nothing is given afterwards.
    o_byte, o_strobe : Out
        A byte of a frame, its CRC included, two cycles after it came; `o_byte` stays for one cycle more.
    end, good : Out
        In a cycle with `end` a flag has ended a frame with at least one byte; `good` tells whether it is whole.
    """

    def __init__(self) -> None:
        line = {"byte": In(8), "strobe": In(1), "deaf": In(1)}
        super().__init__({**line, "o_byte": Out(8), "o_strobe": Out(1), "end": Out(1), "good": Out(1)})

    def key(self) -> tuple[object, ...]:
        """Return nothing: there is only one kind."""
        return ()

    def body(self) -> Module:
        """Tell bytes apart in one cycle, and what they mean in the next."""
        m = Module()
        m.submodules.crc = crc = Crc()
        flag = Signal()
        escape = Signal()
        other = Signal()
        is_flag = self.byte == FLAG
        is_escape = self.byte == ESCAPE
        m.d.sync += [flag.eq(self.strobe & is_flag), escape.eq(self.strobe & is_escape)]
        m.d.sync += other.eq(self.strobe & ~is_flag & ~is_escape)
        # What the byte before was, for the byte that is given now.
        flipped = Signal()
        over = Signal()
        m.d.comb += [
            self.o_byte.eq(self.byte),
            self.o_byte[_FLIPPED_BIT].eq(self.byte[_FLIPPED_BIT] ^ flipped),
            self.good.eq(crc.good & ~flipped),
            crc.byte.eq(self.o_byte),
            crc.load.eq(self.o_strobe),
            crc.restart.eq(over),
        ]
        m.d.sync += over.eq(flag)
        self._states(m, flag, escape, other, flipped)
        return m

    def _states(self, m: Module, flag: Signal, escape: Signal, other: Signal, flipped: Signal) -> None:
        """Build the states of a frame: anything there, escaped, to be skipped."""
        some = Signal()
        escaped = Signal()
        skip = Signal()
        wanted = Signal()
        m.d.comb += wanted.eq(~self.deaf & ~skip)
        m.d.sync += [self.o_strobe.eq(other & wanted), self.end.eq(flag & some & wanted)]
        with m.If(flag | escape | other):
            m.d.sync += [flipped.eq(escaped), some.eq(~flag & wanted), escaped.eq(escape & wanted)]
            m.d.sync += skip.eq(~flag & ~wanted)


class Framer(Shared):
    """Puts bodies into frames.

    Members
    -------
    i : In(stream)
        Bytes of a body; that none is offered any more ends it. They begin only while `idle`.
    idle : Out
        The last flag of the frame before was given away.
    o : Out(stream)
        Bytes of the line; at least twelve cycles must lie between one and the next.
    """

    def __init__(self) -> None:
        byte = stream.Signature(unsigned(8))
        super().__init__({"i": In(byte), "idle": Out(1), "o": Out(byte)})

    def key(self) -> tuple[object, ...]:
        """Return nothing: there is only one kind."""
        return ()

    def body(self) -> Module:
        """Build the order of flag, body, CRC and flag."""
        m = Module()
        m.submodules.crc = crc = Crc()
        checking = Signal()
        left = Signal(range(CRC_BYTES + 1))
        escaped = Signal()
        flag = Signal()
        byte = Signal(8)
        special = Signal()
        moved = Signal()
        m.d.comb += [
            byte.eq(Mux(checking, crc.check, self.i.payload)),
            flag.eq(self.idle | (checking & (left == 0))),
            self.o.payload.eq(_line_byte(flag, special & ~escaped, byte, escaped)),
            self.o.valid.eq(checking | self.i.valid),
            moved.eq(self.o.valid & self.o.ready & ~flag & (escaped | ~special)),
            self.i.ready.eq(moved & ~checking),
            crc.byte.eq(self.i.payload),
            crc.load.eq(self.i.ready),
            crc.drain.eq(moved & checking),
            crc.restart.eq(self.idle),
        ]
        # From a register: the byte is there long before the line is free for it.
        m.d.sync += special.eq((byte == FLAG) | (byte == ESCAPE))
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += escaped.eq(~flag & special & ~escaped)
        self._states(m, checking, left, moved)
        return m

    def _states(self, m: Module, checking: Signal, left: Signal, moved: Signal) -> None:
        """Build the steps from one part of the frame to the next."""
        active = Signal()
        m.d.comb += self.idle.eq(~active)
        with m.If(~active):
            m.d.sync += [active.eq(self.i.valid & self.o.ready), left.eq(CRC_BYTES)]
        with m.Elif(~checking):
            m.d.sync += checking.eq(~self.i.valid)
        with m.Elif((left == 0) & self.o.ready):
            m.d.sync += [active.eq(0), checking.eq(0)]
        with m.Elif(moved):
            m.d.sync += left.eq(left - 1)


def _line_byte(flag: Signal, escape: Value, byte: Signal, flipped: Signal) -> Value:
    """Return the byte to send: a flag, the escape before a byte, or the byte itself."""
    plain = Cat(byte[:_FLIPPED_BIT], byte[_FLIPPED_BIT] ^ flipped, byte[_FLIPPED_BIT + 1 :])
    chosen: Value = Mux(flag, FLAG, Mux(escape, ESCAPE, plain))
    return chosen
