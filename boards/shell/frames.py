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
        A byte of the line; the next one comes ten cycles later at the earliest.
    deaf : In
        Nothing is wanted from now on, the end of a frame. Of one that comes meanwhile nothing is given afterwards.
    o_byte, o_strobe : Out
        A byte of a frame, its CRC included, in the cycle in which it came.
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
        """Build the states of a frame: anything there, escaped, to be skipped."""
        m = Module()
        m.submodules.crc = crc = Crc()
        escaped = Signal()
        some = Signal()
        skip = Signal()
        flag = Signal()
        data = Signal()
        m.d.comb += [
            flag.eq(self.strobe & (self.byte == FLAG)),
            data.eq(self.strobe & (self.byte != FLAG) & ~self.deaf & ~skip),
            self.o_byte.eq(self.byte),
            self.o_byte[_FLIPPED_BIT].eq(self.byte[_FLIPPED_BIT] ^ escaped),
            self.o_strobe.eq(data & (self.byte != ESCAPE)),
            self.end.eq(flag & some & ~self.deaf & ~skip),
            self.good.eq(crc.good & ~escaped),
            crc.byte.eq(self.o_byte),
            crc.load.eq(self.o_strobe),
            crc.restart.eq(flag),
        ]
        with m.If(flag):
            m.d.sync += [some.eq(0), escaped.eq(0), skip.eq(0)]
        with m.Elif(data):
            m.d.sync += [some.eq(1), escaped.eq(self.byte == ESCAPE)]
        with m.Elif(self.strobe):
            m.d.sync += skip.eq(1)
        return m


class Framer(Shared):
    """Puts bodies into frames.

    Members
    -------
    i : In(stream)
        Bytes of a body; that none is offered any more ends it. They begin only while `idle`.
    idle : Out
        The last flag of the frame before was given away.
    o : Out(stream)
        Bytes of the line, ten cycles apart at least.
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
            special.eq((byte == FLAG) | (byte == ESCAPE)),
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
