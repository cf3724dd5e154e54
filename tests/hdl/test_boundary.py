"""The boundary: names, padding, polarity of the reset, and nothing in between."""

import re

import numpy as np
import pytest
from amaranth.hdl import Module, Signal
from amaranth.sim import Simulator

from rtloom.hdl.boundary import Boundary
from rtloom.hdl.emit import Shared, emit_verilog
from rtloom.hdl.formats import Integer
from rtloom.hdl.manifest import stream_signals
from rtloom.hdl.ports import Field, StreamPort
from rtloom.hdl.signature import stream_members

X = StreamPort("x", "in", (Field("data", Integer(5), 2), Field("flag", Integer(1, is_signed=False), 1)), last=True)
Y = StreamPort("y", "out", (Field("data", Integer(13), 1),), last=True)
Z = StreamPort("z", "in", (Field("data", Integer(8), 2),), last=False)


class Adder(Shared):
    """Registers ``x.data[0] + 2 * flag + count`` with its last, counting beats since the reset; drops z."""

    def __init__(self):
        super().__init__(stream_members((X, Y, Z)))

    def key(self):
        return ()

    def body(self):
        m = Module()
        count = Signal(8)
        m.d.comb += [self.x.ready.eq(~self.y.valid | self.y.ready), self.z.ready.eq(1)]
        with m.If(self.x.ready):
            m.d.sync += self.y.valid.eq(self.x.valid)
        with m.If(self.x.ready & self.x.valid):
            m.d.sync += [count.eq(count + 1), self.y.payload.last.eq(self.x.payload.last)]
            total = self.x.payload.data[:5].as_signed() + (self.x.payload.flag << 1) + count
            m.d.sync += self.y.payload.data.eq(total)
        return m


def ports_of(interface):
    """Return the ports in the header of the emitted top: name -> direction and width."""
    text = emit_verilog(Boundary(Adder(), (X, Y, Z), interface), "top").text
    header = text[text.index("module top (") : text.index(");")]
    found = re.findall(r"(input|output) +(?:wire|reg) +(?:\[(\d+):0\] )?(\w+)", header)
    return {name: (way, int(high or 0) + 1) for way, high, name in found}


def test_axi_names_and_padding():
    assert ports_of("axi") == {
        "aclk": ("input", 1),
        "aresetn": ("input", 1),
        "s_axis_x_tdata": ("input", 16),
        "s_axis_x_tlast": ("input", 1),
        "s_axis_x_tvalid": ("input", 1),
        "s_axis_x_tready": ("output", 1),
        "m_axis_y_tdata": ("output", 16),
        "m_axis_y_tlast": ("output", 1),
        "m_axis_y_tvalid": ("output", 1),
        "m_axis_y_tready": ("input", 1),
        "s_axis_z_tdata": ("input", 16),
        "s_axis_z_tvalid": ("input", 1),
        "s_axis_z_tready": ("output", 1),
    }


def test_stream_names_and_padding():
    assert ports_of("stream") == {
        "clk": ("input", 1),
        "rst": ("input", 1),
        "x_data": ("input", 16),
        "x_last": ("input", 1),
        "x_valid": ("input", 1),
        "x_ready": ("output", 1),
        "y_data": ("output", 16),
        "y_last": ("output", 1),
        "y_valid": ("output", 1),
        "y_ready": ("input", 1),
        "z_data": ("input", 16),
        "z_valid": ("input", 1),
        "z_ready": ("output", 1),
    }


def test_signals_follow_the_ports():
    for interface in ("axi", "stream"):
        names = set(ports_of(interface))
        for port in (X, Y, Z):
            signals = stream_signals(port, interface)
            assert {signals.valid, signals.ready, signals.data} <= names
            assert (signals.last is not None) == port.last


@pytest.mark.parametrize("interface", ["axi", "stream"])
def test_beats_pass_as_ports_pack_them(interface):
    """Packed bytes go in, packed bytes come out, one cycle later, padded with zeros."""
    boundary = Boundary(Adder(), (X, Y, Z), interface)
    x, y = stream_signals(X, interface), stream_signals(Y, interface)
    beats = {"data": np.array([[-16, 3], [7, -1]]), "flag": np.array([[1], [0]])}
    packed = [int.from_bytes(bytes(row), "little") for row in X.pack(beats)]
    expected = [-16 + 2 + 0, 7 + 0 + 1]

    simulator = Simulator(boundary)
    seen = []

    async def bench(ctx):
        def send(n):
            ctx.set(getattr(boundary, x.data), packed[n] | 0xF800)
            ctx.set(getattr(boundary, x.last), n)

        async def tick():
            if interface == "stream":
                await ctx.tick()
            else:
                ctx.set(boundary.aclk, 0)
                await ctx.delay(1e-6)
                ctx.set(boundary.aclk, 1)
                await ctx.delay(1e-6)

        if interface == "axi":
            ctx.set(boundary.aresetn, 0)
            await tick()
            ctx.set(boundary.aresetn, 1)
        ctx.set(getattr(boundary, x.valid), 1)
        ctx.set(getattr(boundary, y.ready), 1)
        for n in range(2):
            send(n)
            assert ctx.get(getattr(boundary, x.ready)) == 1
            await tick()
            assert ctx.get(getattr(boundary, y.valid)) == 1
            seen.append((ctx.get(getattr(boundary, y.data)), ctx.get(getattr(boundary, y.last))))
        if interface == "axi":
            ctx.set(boundary.aresetn, 0)
            await tick()
            assert ctx.get(getattr(boundary, y.valid)) == 0

    if interface == "stream":
        simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert [data >> 13 for data, _ in seen] == [0, 0]
    raw = np.array([list(data.to_bytes(2, "little")) for data, _ in seen], dtype=np.uint8)
    assert Y.unpack(raw)["data"].ravel().tolist() == expected
    assert [last for _, last in seen] == [0, 1]


def test_it_is_wires_only():
    text = emit_verilog(Boundary(Adder(), (X, Y, Z)), "top").text
    top = text[text.index("module top (") : text.index("endmodule")]
    assert "always" not in top
    assert "// top: rtloom.hdl.boundary.Boundary('axi')\n" in text
    assert "unused = &{ 1'h0, s_axis_x_tdata[15:11] };" in top
