"""A design's entrance: beats wait in one register until they are taken, none is lost, doubled or changed."""

import pytest
from amaranth.hdl import Cat, Module
from amaranth.lib.wiring import Out
from hypothesis import given, settings
from hypothesis import strategies as st

from rtloom.hdl.emit import Shared, emit_verilog
from rtloom.hdl.entrance import Entrance
from rtloom.hdl.formats import Integer
from rtloom.hdl.ports import Field, StreamPort
from rtloom.hdl.signature import payload_layout, stream_members
from rtloom.sim.lint import lint

from .bench import clocked, flow

FIELDS = (Field("data", Integer(3), 2, "two lanes"), Field("flag", Integer(1, is_signed=False), 1, "a flag"))
PORTS = {
    "framed": StreamPort("i", "in", FIELDS, True, "with last"),
    "plain": StreamPort("i", "in", FIELDS[:1], False, "without last"),
}


class Taker(Shared):
    """Lets a waiting beat out where the output can take it, so that what went in comes out."""

    def __init__(self, port: StreamPort) -> None:
        self.port = port
        out = StreamPort("o", "out", port.fields, port.last, port.doc)
        super().__init__(stream_members((port, out)) | {"full": Out(1), "beat": Out(payload_layout(port).size)})

    def key(self) -> tuple[object, ...]:
        return (self.port,)

    def body(self) -> Module:
        m = Module()
        entrance = Entrance(m, self.i, self.port)
        m.d.comb += [
            self.o.valid.eq(entrance.full),
            self.o.payload.eq(entrance.payload),
            entrance.take.eq(entrance.full & self.o.ready),
            self.full.eq(entrance.full),
            self.beat[: sum(f.width for f in self.port.fields)].eq(
                Cat(entrance.field(f.name) for f in self.port.fields)
            ),
        ]
        if self.port.last:
            m.d.comb += self.beat[-1].eq(entrance.payload.last)
        return m


def beats_of(port: StreamPort) -> list[int]:
    """Return payloads that differ from beat to beat."""
    size = payload_layout(port).size
    return [(37 * i + 11) % (1 << size) for i in range(40)]


@pytest.mark.parametrize("name", PORTS)
def test_a_beat_a_cycle_and_one_cycle_late(name: str) -> None:
    beats = beats_of(PORTS[name])
    traffic = flow(Taker(PORTS[name]), {"i": beats}, {"o": len(beats)})
    assert traffic.beats["o"] == beats
    assert traffic.sent["i"] == list(range(len(beats)))
    assert traffic.cycles["o"] == [cycle + 1 for cycle in traffic.sent["i"]]


@pytest.mark.parametrize("name", PORTS)
@settings(max_examples=20)
@given(go=st.floats(0.1, 0.95), seed=st.integers(0, 1 << 16))
def test_stalls_lose_nothing(name: str, go: float, seed: int) -> None:
    beats = beats_of(PORTS[name])
    assert flow(Taker(PORTS[name]), {"i": beats}, {"o": len(beats)}, go=go, seed=seed).beats["o"] == beats


@settings(max_examples=20)
@given(cycle=st.integers(1, 30), go=st.floats(0.1, 0.95), seed=st.integers(0, 1 << 16))
def test_a_reset_empties_it(cycle: int, go: float, seed: int) -> None:
    beats = beats_of(PORTS["framed"])
    traffic = flow(Taker(PORTS["framed"]), {"i": beats}, {"o": len(beats)}, go=go, seed=seed, reset_at=cycle)
    assert traffic.beats["o"] == beats


def test_fields_are_those_of_the_waiting_beat() -> None:
    """Vectors of fields lie in the order of the port, and a beat that is not taken stays as it is."""
    taker = Taker(PORTS["framed"])

    async def testbench(ctx) -> None:
        ctx.set(taker.i.payload, {"data": 0b101_011, "flag": 1, "last": 1})
        ctx.set(taker.i.valid, 1)
        assert not ctx.get(taker.full)
        await ctx.tick()
        ctx.set(taker.i.payload, {"data": 0, "flag": 0, "last": 0})
        for _ in range(3):
            assert ctx.get(taker.full)
            assert ctx.get(taker.beat) == 0b1_1_101_011
            await ctx.tick()

    clocked(taker, testbench)


def test_ready_waits_for_nothing_outside() -> None:
    """Whether a beat is offered makes no difference to ready; only a full register that is not emptied refuses."""
    taker = Taker(PORTS["plain"])
    seen = {}

    async def testbench(ctx) -> None:
        for full in (0, 1):
            for valid in (0, 1):
                for take in (0, 1):
                    ctx.set(taker.i.valid, valid)
                    ctx.set(taker.o.ready, take)
                    seen[full, valid, take] = ctx.get(taker.i.ready)
            ctx.set(taker.i.valid, 1)
            ctx.set(taker.o.ready, 0)
            await ctx.tick()

    clocked(taker, testbench)
    assert seen == {(full, valid, take): int(not full or take) for full, valid, take in seen}


@pytest.mark.parametrize("name", PORTS)
def test_an_entrance_is_clean_verilog(name: str) -> None:
    report = lint(emit_verilog(Taker(PORTS[name]), f"an_{name}").text, f"an_{name}")
    assert report.clean, [str(finding) for finding in report.findings]
