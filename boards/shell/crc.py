"""The CRC-32 of a frame, one bit a cycle: a byte on the line lasts far longer than its eight bits take."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from ...hdl.emit import Shared
from ..link.frames import CRC_POLYNOMIAL, CRC_RESIDUE

__all__ = ["Crc"]

_BYTE_BITS = 8


class Crc(Shared):
    """The register of a CRC-32, and the byte that is on its way into it.

    It works for eight cycles on each byte; the next must not come before.

    Members
    -------
    restart : In
        All ones, whatever else is asked for.
    load, byte : In
        Takes a byte.
    drain : In
        The lowest byte of the register leaves it; for eight cycles as well.
    check : Out
        The CRC's lowest byte, inverted as it travels.
    good : Out
        The register holds what is left of a frame with its CRC.
    """

    def __init__(self) -> None:
        asked = {"restart": In(1), "load": In(1), "byte": In(8), "drain": In(1)}
        super().__init__({**asked, "check": Out(8), "good": Out(1)})

    def key(self) -> tuple[object, ...]:
        """Return nothing: there is only one kind."""
        return ()

    def body(self) -> Module:
        """Build the register with its feedback."""
        m = Module()
        state = Signal(32, init=0xFFFF_FFFF)
        byte = Signal(_BYTE_BITS)
        left = Signal(range(_BYTE_BITS + 1))
        # While the register drains, nothing is fed back.
        draining = Signal()
        feedback = Signal()
        m.d.comb += [feedback.eq((state[0] ^ byte[0]) & ~draining)]
        m.d.comb += [self.check.eq(~state[:8]), self.good.eq(state == CRC_RESIDUE)]
        with m.If(left != 0):
            m.d.sync += [left.eq(left - 1), byte.eq(byte >> 1)]
            shifted = Cat(state[1:], 0)
            m.d.sync += state.eq(shifted ^ Mux(feedback, CRC_POLYNOMIAL, 0))
        with m.If(self.load | self.drain):
            m.d.sync += [left.eq(_BYTE_BITS), draining.eq(self.drain)]
        with m.If(self.load):
            m.d.sync += byte.eq(self.byte)
        with m.If(self.restart):
            m.d.sync += [state.eq(0xFFFF_FFFF), left.eq(0)]
        return m
