"""A design that is nearly nothing, so that what is measured around it is the shell."""

from amaranth.hdl import Cat, Module, Value
from amaranth.lib import wiring

from rtloom.boards.shell.params import ShellParams
from rtloom.boards.shell.shell import Shell
from rtloom.hdl.formats import Integer
from rtloom.hdl.ports import Field, StreamPort
from rtloom.hdl.signature import stream_members


def through_ports():
    """Return streams as wide as those of a 4x4 array."""
    byte = Integer(8, is_signed=True)
    a = StreamPort("a", "in", (Field("x", byte, 4),))
    b = StreamPort("b", "in", (Field("x", byte, 4),), last=False)
    return a, b, StreamPort("c", "out", (Field("x", Integer(24, is_signed=True), 4),))


class Through(wiring.Component):
    """Gives the bits of a beat of each input as a beat of the output."""

    def __init__(self, ports):
        super().__init__(stream_members(ports))

    @classmethod
    def shell(cls, ports, clocks_per_bit):
        """Return the shell around it."""
        return Shell(cls(ports), ShellParams(ports, bytes(range(8)), clocks_per_bit))

    def elaborate(self, _platform):
        m = Module()
        both = Cat(Value.cast(self.a.payload), Value.cast(self.b.payload))
        m.d.comb += [
            self.c.valid.eq(self.a.valid & self.b.valid),
            self.a.ready.eq(self.c.valid & self.c.ready),
            self.b.ready.eq(self.c.valid & self.c.ready),
            Value.cast(self.c.payload).eq(Cat(both, both)),
        ]
        return m
