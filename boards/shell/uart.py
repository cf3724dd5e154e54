"""A serial line's two ends: bytes of eight bits, lowest first, no parity, one stop bit."""

from amaranth.hdl import Cat, Module, Signal, unsigned
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from ...hdl.emit import Shared

__all__ = ["UartReceiver", "UartTransmitter"]

_DATA_BITS = 8


class UartReceiver(Shared):
    """Takes bytes off the line; a byte whose stop bit is missing is dropped.

    Each bit is sampled once in its middle, the start bit too: what is low for less than half a bit starts nothing.

    Parameters
    ----------
    clocks_per_bit
        Clock cycles of a bit, at least `rtloom.boards.shell.params.LEAST_CLOCKS_PER_BIT`.

    Members
    -------
    rx : In
        The line, of any clock; high while idle.
    byte, strobe : Out
        In a cycle with `strobe` a byte has come; it stays for a bit's time. Between two bytes lie nearly ten bits.
    """

    def __init__(self, clocks_per_bit: int) -> None:
        self.clocks = clocks_per_bit
        super().__init__({"rx": In(1, init=1), "byte": Out(8), "strobe": Out(1)})

    def key(self) -> tuple[object, ...]:
        """Return what makes two receivers the same module."""
        return (self.clocks,)

    def label(self) -> str:
        """Return the module's short name."""
        return "uart_receiver"

    def body(self) -> Module:
        """Build the synchroniser and the sampler."""
        m = Module()
        arrived = Signal(2, init=0b11)
        line = arrived[1]
        active = Signal()
        timer = Signal(range(self.clocks))
        bit = Signal(range(_DATA_BITS + 2))
        sample = Signal()
        m.d.sync += arrived.eq(Cat(self.rx, arrived[0]))
        m.d.comb += [
            sample.eq(active & (timer == self.clocks // 2 - 1)),
            self.strobe.eq(sample & (bit == _DATA_BITS + 1) & line),
        ]
        m.d.sync += timer.eq(timer + 1)
        with m.If(~active | (timer == self.clocks - 1)):
            m.d.sync += timer.eq(0)
        with m.If(~active):
            m.d.sync += [active.eq(~line), bit.eq(0)]
        with m.Elif(sample):
            m.d.sync += bit.eq(bit + 1)
            with m.If((bit == _DATA_BITS + 1) | ((bit == 0) & line)):
                m.d.sync += active.eq(0)
            with m.Elif(bit != 0):
                m.d.sync += self.byte.eq(Cat(self.byte[1:], line))
        return m


class UartTransmitter(Shared):
    """Puts bytes onto the line.

    Parameters
    ----------
    clocks_per_bit
        Clock cycles of a bit.

    Members
    -------
    i : In(stream)
        Bytes; one is taken every ten bits at most.
    tx : Out
        The line, from a register; high while idle.
    """

    def __init__(self, clocks_per_bit: int) -> None:
        self.clocks = clocks_per_bit
        super().__init__({"i": In(stream.Signature(unsigned(8))), "tx": Out(1, init=1)})

    def key(self) -> tuple[object, ...]:
        """Return what makes two transmitters the same module."""
        return (self.clocks,)

    def label(self) -> str:
        """Return the module's short name."""
        return "uart_transmitter"

    def body(self) -> Module:
        """Build the shift register, whose lowest bit is the line."""
        m = Module()
        bits = _DATA_BITS + 2
        rest = Signal(_DATA_BITS + 1)
        timer = Signal(range(self.clocks))
        left = Signal(range(bits + 1))
        over = Signal()
        m.d.comb += [self.i.ready.eq(left == 0), over.eq(timer == self.clocks - 1)]
        m.d.sync += timer.eq(timer + 1)
        with m.If(over | self.i.ready):
            m.d.sync += timer.eq(0)
        with m.If(self.i.ready):
            m.d.sync += self.tx.eq(~self.i.valid)
            with m.If(self.i.valid):
                m.d.sync += [left.eq(bits), rest.eq(Cat(self.i.payload, 1))]
        with m.Elif(over):
            m.d.sync += [left.eq(left - 1), Cat(self.tx, rest).eq(Cat(rest, 1))]
        return m
