"""The shell's parts in Amaranth's simulator, each against a few lines of Python that say the same."""

import random
import zlib
from itertools import pairwise

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring

from rtloom.boards.link.frames import ESCAPE, FLAG, encode_frame
from rtloom.boards.link.protocol import Counters
from rtloom.boards.shell.buffers import InputRing, OutputRing
from rtloom.boards.shell.counters import TOLD_BYTES, CycleCounters
from rtloom.boards.shell.crc import Crc
from rtloom.boards.shell.frames import Deframer, Framer
from rtloom.boards.shell.uart import UartReceiver, UartTransmitter
from rtloom.boards.shell.widths import BeatsToBytes, BytesToBeats

from ..hdl.bench import clocked, flow

SPACING = 10
"""Cycles from byte to byte, the fewest that a frame's parts must do with."""


class Loop(wiring.Component):
    """A transmitter and a receiver on one line."""

    def __init__(self, clocks):
        self.transmitter, self.receiver = UartTransmitter(clocks), UartReceiver(clocks)
        super().__init__({})

    def elaborate(self, _platform):
        m = Module()
        m.submodules += [self.transmitter, self.receiver]
        m.d.comb += self.receiver.rx.eq(self.transmitter.tx)
        return m


@pytest.mark.parametrize("clocks", [4, 5, 16, 37])
def test_uart_brings_bytes_over(clocks):
    sent = [0x00, 0xFF, 0x55, 0xAA, *random.Random(1).randbytes(12)]
    loop = Loop(clocks)
    came, times = [], []

    async def testbench(ctx):
        left = list(sent)
        for cycle in range(11 * clocks * (len(sent) + 1)):
            ctx.set(loop.transmitter.i.valid, bool(left))
            ctx.set(loop.transmitter.i.payload, left[0] if left else 0x3C)
            if left and ctx.get(loop.transmitter.i.ready):
                left.pop(0)
                times.append(cycle)
            if ctx.get(loop.receiver.strobe):
                came.append(ctx.get(loop.receiver.byte))
            await ctx.tick()

    clocked(loop, testbench)
    assert came == sent
    # Ten bits, and a cycle in which the next byte is taken.
    assert {b - a for a, b in pairwise(times)} == {10 * clocks + 1}


def heard(clocks, levels):
    """Return what a receiver makes of a line's levels, one for each cycle."""
    receiver = UartReceiver(clocks)
    came = []

    async def testbench(ctx):
        for level in [1, 1, 1, 1, *levels, *[1] * 12 * clocks]:
            ctx.set(receiver.rx, level)
            if ctx.get(receiver.strobe):
                came.append(ctx.get(receiver.byte))
            await ctx.tick()

    clocked(receiver, testbench)
    return came


def levels(raw, cycles, stop=1):
    """Return the levels of bytes on a line with so many cycles a bit, which need not be a whole number."""
    bits = [bit for byte in raw for bit in (0, *(byte >> n & 1 for n in range(8)), stop)]
    return [bits[int(at / cycles)] for at in range(int(len(bits) * cycles))]


@pytest.mark.parametrize("speed", [0.96, 0.98, 1.02, 1.04])
@pytest.mark.parametrize("clocks", [16, 50])
def test_receiver_forgives_a_sender_that_is_off(clocks, speed):
    raw = bytes([0x55, 0x00, 0xFF, 0x81, 0x7E])
    assert heard(clocks, levels(raw, clocks * speed)) == list(raw)


def test_receiver_at_its_fastest_forgives_what_a_baud_rate_may_be_off():
    raw = random.Random(2).randbytes(20)
    for speed in (0.98, 1.02):
        assert heard(4, levels(raw, 4 * speed)) == list(raw)


def test_receiver_drops_bytes_without_stop_bit():
    assert heard(8, levels(b"\x31", 8, stop=0)) == []
    assert heard(8, [*levels(b"\x31", 8, stop=0), *[1] * 80, *levels(b"\x32", 8)]) == [0x32]


def test_receiver_ignores_what_is_shorter_than_half_a_bit():
    assert heard(16, [0] * 6 + [1] * 30 + levels(b"\xc3", 16)) == [0xC3]


def test_crc_tells_good_from_bad_and_gives_its_own():
    body = random.Random(3).randbytes(9)
    crc = Crc()

    async def testbench(ctx):
        async def put(byte):
            ctx.set(crc.byte, byte)
            ctx.set(crc.load, 1)
            await ctx.tick()
            ctx.set(crc.load, 0)
            await ctx.tick().repeat(SPACING - 1)

        for last in (0, 1):
            ctx.set(crc.restart, 1)
            await ctx.tick()
            ctx.set(crc.restart, 0)
            check = zlib.crc32(body).to_bytes(4, "little")
            for byte in (*body, *check[:3], check[3] ^ last):
                await put(byte)
            assert ctx.get(crc.good) == (not last)
        ctx.set(crc.restart, 1)
        await ctx.tick()
        ctx.set(crc.restart, 0)
        for byte in body:
            await put(byte)
        for byte in check:
            assert ctx.get(crc.check) == byte
            ctx.set(crc.drain, 1)
            await ctx.tick()
            ctx.set(crc.drain, 0)
            await ctx.tick().repeat(SPACING - 1)

    clocked(crc, testbench)


def unframed(raw, deaf=()):
    """Return what a deframer tells of bytes: bodies with their CRC, and whether they are whole."""
    deframer = Deframer()
    frames, body = [], bytearray()

    async def testbench(ctx):
        for at, byte in enumerate(raw):
            ctx.set(deframer.deaf, at in deaf)
            ctx.set(deframer.byte, byte)
            for cycle in range(SPACING):
                ctx.set(deframer.strobe, cycle == 0)
                if cycle == 4:
                    ctx.set(deframer.byte, 0x55)
                if ctx.get(deframer.o_strobe):
                    body.append(ctx.get(deframer.o_byte))
                if ctx.get(deframer.end):
                    frames.append((bytes(body), bool(ctx.get(deframer.good))))
                    body.clear()
                await ctx.tick()

    clocked(deframer, testbench)
    return frames


def checked(body):
    """Return a body with its CRC."""
    return body + zlib.crc32(body).to_bytes(4, "little")


BODIES = [b"", bytes([FLAG, ESCAPE, FLAG ^ 0x20, ESCAPE ^ 0x20]), bytes(range(0x70, 0x90)), b"\0" * 5]


def test_deframer_takes_frames_apart():
    raw = b"".join(map(encode_frame, BODIES))
    assert unframed(raw) == [(checked(body), True) for body in BODIES]


def test_deframer_tells_damage():
    frame = encode_frame(b"abcdef")
    spoilt = frame[:3] + b"X" + frame[4:]
    lost, unfinished = frame[:3] + frame[4:], frame[:-1] + bytes([ESCAPE, FLAG])
    found = unframed(spoilt + lost + frame + unfinished + frame)
    assert [good for _, good in found] == [False, False, True, False, True]


@pytest.mark.parametrize("until", range(10))
def test_deframer_says_nothing_of_a_frame_to_which_it_was_deaf(until):
    """Only the first flag of a frame may be missed."""
    frame = encode_frame(b"ab")
    missed = [] if until > 1 else [(checked(b"ab"), True)]
    assert unframed(frame + frame, range(until)) == [*missed, (checked(b"ab"), True)]


@pytest.mark.parametrize("pause", [12, 17])
def test_framer_makes_frames(pause):
    framer = Framer()
    came = bytearray()

    async def byte(ctx):
        await ctx.tick().repeat(pause - 1)
        if ctx.get(framer.o.valid):
            came.append(ctx.get(framer.o.payload))
        ctx.set(framer.o.ready, 1)
        taken = ctx.get(framer.i.ready) and ctx.get(framer.i.valid)
        await ctx.tick()
        ctx.set(framer.o.ready, 0)
        return taken

    async def testbench(ctx):
        for body in filter(None, BODIES):
            assert ctx.get(framer.idle)
            for value in body:
                ctx.set(framer.i.valid, 1)
                ctx.set(framer.i.payload, value)
                while not await byte(ctx):
                    pass
            ctx.set(framer.i.valid, 0)
            await ctx.tick()
            while not ctx.get(framer.idle):
                await byte(ctx)

    clocked(framer, testbench)
    assert bytes(came) == b"".join(map(encode_frame, filter(None, BODIES)))


@pytest.mark.parametrize("width", [1, 8, 9, 33, 40, 97])
@pytest.mark.parametrize("go", [1.0, 0.6])
def test_widths_there_and_back(width, go):
    rng = random.Random(width)
    beats = [rng.getrandbits(width) for _ in range(12)]
    count = -(-width // 8)
    raw = [byte for beat in beats for byte in beat.to_bytes(count, "little")]
    assert flow(BytesToBeats(width), {"i": raw}, {"o": len(beats)}, go=go).beats["o"] == beats
    assert flow(BeatsToBytes(width), {"i": beats}, {"o": len(raw)}, go=go).beats["o"] == raw


@pytest.mark.parametrize("seed", range(3))
def test_input_ring_keeps_what_was_committed(seed):
    """Random payloads into a ring of 32, some of them taken back, while bytes leave at random."""
    rng = random.Random(seed)
    ring, sent, came = InputRing(32), [], []

    async def step(ctx):
        ctx.set(ring.o.ready, rng.random() < 0.15)
        if ctx.get(ring.o.valid) and ctx.get(ring.o.ready):
            came.append(ctx.get(ring.o.payload))
        await ctx.tick()

    async def testbench(ctx):
        full = 0
        for _ in range(120):
            payload, room = rng.randbytes(rng.randrange(12)), True
            for at, byte in enumerate(payload):
                ctx.set(ring.offset, at)
                await step(ctx)
                ctx.set(ring.byte, byte)
                ctx.set(ring.write, room)
                room = room and not ctx.get(ring.taken)
                await step(ctx)
                ctx.set(ring.write, 0)
                await step(ctx)
            full += not room
            if room and rng.random() < 0.7:
                ctx.set(ring.offset, len(payload))
                ctx.set(ring.commit, 1)
                sent.extend(payload)
                await step(ctx)
                ctx.set(ring.commit, 0)
        for _ in range(400):
            await step(ctx)
        assert full > 3

    clocked(ring, testbench)
    assert came == sent
    assert len(sent) > 64


@pytest.mark.parametrize("seed", range(3))
def test_output_ring_keeps_what_was_not_released(seed):
    """Bytes come at random into a ring of 32; they are read in pieces, often more than once."""
    rng = random.Random(seed)
    ring, sent, came = OutputRing(32), list(rng.randbytes(300)), []
    offered = iter([*sent, None])

    async def testbench(ctx):
        byte = next(offered)

        async def step():
            nonlocal byte
            ctx.set(ring.i.valid, byte is not None and (going := rng.random() < 0.5))
            ctx.set(ring.i.payload, byte or 0)
            moved = byte is not None and going and ctx.get(ring.i.ready)
            await ctx.tick()
            byte = next(offered) if moved else byte

        async def read(at):
            ctx.set(ring.offset, at)
            there = not ctx.get(ring.end)
            ctx.set(ring.read, there)
            await step()
            ctx.set(ring.read, 0)
            return [ctx.get(ring.byte)] if there else []

        for _ in range(4000):
            if len(came) == len(sent):
                break
            wanted = rng.randrange(1, 32)
            first = []
            while len(first) < wanted and (byte_there := await read(len(first))):
                first += byte_there
            for _ in range(rng.randrange(3)):
                assert [byte for at in range(len(first)) for byte in await read(at)] == first
            came.extend(first)
            ctx.set(ring.offset, len(first))
            ctx.set(ring.release, 1)
            await step()
            ctx.set(ring.release, 0)

    clocked(ring, testbench)
    assert came == sent


def counted(cycles):
    """Return the counters after cycles of (inputs' valid, ready, outputs' valid, ready), as their definition says."""
    first = next((n for n, (iv, ir, _, _) in enumerate(cycles) if iv & ir), None)
    last = next((n for n in reversed(range(len(cycles))) if cycles[n][2] & cycles[n][3]), None)
    if first is None or last is None:
        return Counters(0, 0, 0)
    window = cycles[first : last + 1]
    starved = sum(bool(ir & ~iv) and not iv & ir for iv, ir, _, _ in window)
    return Counters(len(window), starved, sum(bool(ov & ~ready) for _, _, ov, ready in window))


@pytest.mark.parametrize("seed", range(4))
def test_counters_follow_their_definition(seed):
    rng = random.Random(seed)
    counters, cycles = CycleCounters(2, 2), [(0, rng.getrandbits(2), 0, 0) for _ in range(9)]

    async def tell(ctx):
        raw = b""
        for _ in range(TOLD_BYTES):
            raw += bytes([ctx.get(counters.byte)])
            ctx.set(counters.turn, 1)
            await ctx.tick()
        ctx.set(counters.turn, 0)
        return Counters.parse(raw)

    async def testbench(ctx):
        for part in range(4):
            drawn = [tuple(rng.getrandbits(2) & rng.getrandbits(2) for _ in range(4)) for _ in range(50)]
            cycles.extend([*drawn, (0, 0, 0, 0)] if part else [])
            for values in cycles[-51:] if part else cycles:
                for name, value in zip(("in_valid", "in_ready", "out_valid", "out_ready"), values, strict=True):
                    ctx.set(getattr(counters, name), value)
                await ctx.tick()
            for name in ("in_valid", "in_ready", "out_valid", "out_ready"):
                ctx.set(getattr(counters, name), 0)
            await ctx.tick().repeat(2)
            cycles.extend([(0, 0, 0, 0)] * 2)
            assert await tell(ctx) == counted(cycles)
            cycles.extend([(0, 0, 0, 0)] * TOLD_BYTES)
            assert await tell(ctx) == counted(cycles)
            cycles.extend([(0, 0, 0, 0)] * TOLD_BYTES)

    clocked(counters, testbench)
