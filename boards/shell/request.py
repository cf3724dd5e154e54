"""A request as it comes: its header kept, its payload's bytes told from those of the CRC behind it."""

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from ...hdl.emit import Shared
from ..link.frames import CRC_BYTES
from ..link.protocol import HEADER_BYTES, MAX_PAYLOAD, Op

__all__ = ["RequestReader"]

_LENGTH_BITS = MAX_PAYLOAD.bit_length()


class RequestReader(Shared):
    """Keeps what stands in a request's header until the next one comes.

    Members
    -------
    byte, strobe, end : In
        As a `Deframer` gives them.
    counted : In
        As many bytes of payload as `length` says have come.
    op, number, stream, length : Out
        The header's values.
    huge : Out
        The length is above `MAX_PAYLOAD`; then `length` is wrong.
    header, payload : Out
        In the cycle before a byte of the header, of a WRITE's payload has come.
    fits : Out
        The last frame had exactly the bytes that its header promised.
    """

    def __init__(self) -> None:
        frame = {"byte": In(8), "strobe": In(1), "end": In(1), "counted": In(1)}
        header = {"op": Out(8), "number": Out(8), "stream": Out(8), "length": Out(_LENGTH_BITS), "huge": Out(1)}
        super().__init__({**frame, **header, "header": Out(1), "payload": Out(1), "fits": Out(1)})

    def key(self) -> tuple[object, ...]:
        """Return nothing: there is only one kind."""
        return ()

    def body(self) -> Module:
        """Build the place in the frame, which stands still while the payload comes."""
        m = Module()
        whole = HEADER_BYTES + CRC_BYTES
        place = Signal(range(whole + 2))
        inside = Signal()
        m.d.comb += inside.eq((place == HEADER_BYTES) & (self.op == Op.WRITE) & ~self.huge & ~self.counted)
        m.d.sync += [self.header.eq(self.strobe & (place < HEADER_BYTES)), self.payload.eq(self.strobe & inside)]
        with m.If(self.end):
            m.d.sync += [place.eq(0), self.fits.eq(place == whole)]
        with m.Elif(self.strobe):
            with m.If(~inside & (place != whole + 1)):
                m.d.sync += place.eq(place + 1)
            self._header(m, place)
        return m

    def _header(self, m: Module, place: Signal) -> None:
        """Keep the bytes of the header, each at its place."""
        low = self.length[:8]
        with m.Switch(place):
            with m.Case(0):
                m.d.sync += self.op.eq(self.byte)
            with m.Case(1):
                m.d.sync += self.number.eq(self.byte)
            with m.Case(2):
                m.d.sync += self.stream.eq(self.byte)
            with m.Case(3):
                m.d.sync += low.eq(self.byte)
            with m.Case(4):
                m.d.sync += self.length[8].eq(self.byte[0])
                m.d.sync += self.huge.eq(self.byte[1:].any() | (self.byte[0] & low.any()))
