"""Stream buffers and routing: order, latency, throughput, stalls, resets in mid-flight, paths between the sides."""

import re
from itertools import chain

import pytest
from amaranth.hdl import unsigned
from amaranth.lib import data
from hypothesis import given, settings
from hypothesis import strategies as st

from rtloom.errors import InputError
from rtloom.hdl.stream_routes import Fork, Join, WidthConverter
from rtloom.hdl.streams import Queue, RegisterSlice, SkidBuffer

from .bench import clocked, flow

LAYOUT = data.StructLayout({"data": unsigned(8), "last": 1})
BUFFERS = {
    "slice": lambda: RegisterSlice(LAYOUT),
    "skid": lambda: SkidBuffer(LAYOUT),
    "block queue 3": lambda: Queue(LAYOUT, 3),
    "block queue 5": lambda: Queue(LAYOUT, 5),
    "block queue 16": lambda: Queue(LAYOUT, 16),
    "queue 2": lambda: Queue(LAYOUT, 2, block=False),
    "queue 7": lambda: Queue(LAYOUT, 7, block=False),
}
LATENCY = {name: 2 if name.startswith("block") else 1 for name in BUFFERS}
UNCOUPLED = [name for name in BUFFERS if name != "slice"]
BEATS = [(37 * i + 11) % 512 for i in range(50)]
few = settings(max_examples=20)
stalls = {"go": st.floats(0.1, 0.95), "seed": st.integers(0, 1 << 16)}


@pytest.mark.parametrize("name", BUFFERS)
def test_a_buffer_has_its_latency_and_one_beat_a_cycle(name) -> None:
    traffic = flow(BUFFERS[name](), {"i": BEATS}, {"o": len(BEATS)})
    assert traffic.beats["o"] == BEATS
    assert traffic.sent["i"] == list(range(len(BEATS)))
    assert traffic.cycles["o"] == [c + LATENCY[name] for c in traffic.sent["i"]]


@pytest.mark.parametrize("name", BUFFERS)
@few
@given(**stalls)
def test_a_buffer_neither_drops_nor_doubles_under_stalls(name, go, seed) -> None:
    assert flow(BUFFERS[name](), {"i": BEATS}, {"o": len(BEATS)}, go=go, seed=seed).beats["o"] == BEATS


@pytest.mark.parametrize("name", BUFFERS)
@few
@given(cycle=st.integers(1, 40), **stalls)
def test_a_reset_in_mid_flight_empties_a_buffer(name, cycle, go, seed) -> None:
    traffic = flow(BUFFERS[name](), {"i": BEATS}, {"o": len(BEATS)}, go=go, seed=seed, reset_at=cycle)
    assert traffic.beats["o"] == BEATS


@pytest.mark.parametrize("name", UNCOUPLED)
@few
@given(**stalls)
def test_no_path_leads_through_a_buffer(name, go, seed) -> None:
    buffer = BUFFERS[name]()

    def watch(ctx) -> None:
        given_now = ctx.get(buffer.i.valid), ctx.get(buffer.o.ready)
        seen = set()
        for valid, ready in ((0, 0), (0, 1), (1, 0), (1, 1)):
            ctx.set(buffer.i.valid, valid)
            ctx.set(buffer.o.ready, ready)
            seen.add((ctx.get(buffer.i.ready), ctx.get(buffer.o.valid), ctx.get(buffer.o.payload.as_value())))
        assert len(seen) == 1
        ctx.set(buffer.i.valid, given_now[0])
        ctx.set(buffer.o.ready, given_now[1])

    assert flow(buffer, {"i": BEATS[:20]}, {"o": 20}, go=go, seed=seed, watch=watch).beats["o"] == BEATS[:20]


def test_a_register_slice_passes_ready_back_in_the_same_cycle() -> None:
    buffer = RegisterSlice(8)

    async def testbench(ctx) -> None:
        ctx.set(buffer.i.valid, 1)
        await ctx.tick()
        for ready in (0, 1, 0):
            ctx.set(buffer.o.ready, ready)
            assert ctx.get(buffer.i.ready) == ready

    clocked(buffer, testbench)


@pytest.mark.parametrize(("depth", "block"), [(3, True), (4, True), (9, True), (2, False), (6, False)])
def test_a_queue_holds_its_depth_and_says_its_level(depth, block) -> None:
    queue = Queue(8, depth, block=block)

    async def testbench(ctx) -> None:
        ctx.set(queue.i.valid, 1)
        for sent in range(depth + 3):
            assert ctx.get(queue.i.ready) == (sent < depth)
            await ctx.tick()
        assert ctx.get(queue.level) == depth
        assert not ctx.get(queue.i.ready)
        ctx.set(queue.i.valid, 0)
        ctx.set(queue.o.ready, 1)
        for left in reversed(range(depth)):
            await ctx.tick()
            assert ctx.get(queue.level) == left

    clocked(queue, testbench)


@few
@given(ways=st.integers(1, 4), **stalls)
def test_a_fork_gives_every_beat_once_to_each_output(ways, go, seed) -> None:
    outputs = {f"o_{k}": 30 for k in range(ways)}
    traffic = flow(Fork(LAYOUT, ways), {"i": BEATS[:30]}, outputs, go=go, seed=seed)
    assert traffic.beats == dict.fromkeys(outputs, BEATS[:30])
    for beat, cycles in enumerate(zip(*traffic.cycles.values(), strict=True)):
        # The input's beat leaves when the slowest output has it.
        assert traffic.sent["i"][beat] == max(cycles)


@few
@given(cycle=st.integers(1, 20), **stalls)
def test_a_reset_in_mid_flight_clears_a_fork(cycle, go, seed) -> None:
    traffic = flow(Fork(8), {"i": BEATS[:9]}, {"o_0": 9, "o_1": 9}, go=go, seed=seed, reset_at=cycle)
    assert traffic.beats == {name: [b % 256 for b in BEATS[:9]] for name in ("o_0", "o_1")}


def test_a_fork_and_a_join_pass_a_beat_in_its_own_cycle() -> None:
    traffic = flow(Fork(8), {"i": [1, 2, 3]}, {"o_0": 3, "o_1": 3})
    assert traffic.cycles == {"o_0": [0, 1, 2], "o_1": [0, 1, 2]}
    traffic = flow(Join({"a": 8, "b": 4}), {"i_a": [1, 2, 3], "i_b": [4, 5, 6]}, {"o": 3})
    assert traffic.beats["o"] == [0x401, 0x502, 0x603]
    assert traffic.cycles["o"] == [0, 1, 2]


@few
@given(**stalls)
def test_a_join_takes_from_all_inputs_at_once(go, seed) -> None:
    join = Join({"a": LAYOUT, "b": unsigned(3), "c": 1})
    inputs = {"i_a": BEATS[:30], "i_b": [b % 8 for b in BEATS[5:35]], "i_c": [b % 2 for b in BEATS[7:37]]}

    def watch(ctx) -> None:
        ready = ctx.get(join.i_a.ready)
        offered = ctx.get(join.i_a.valid)
        ctx.set(join.i_a.valid, 1 - offered)
        assert ctx.get(join.i_a.ready) == ready, "an input's ready follows its own valid"
        ctx.set(join.i_a.valid, offered)

    traffic = flow(join, inputs, {"o": 30}, go=go, seed=seed, watch=watch)
    assert traffic.sent == dict.fromkeys(inputs, traffic.cycles["o"])
    assert traffic.beats["o"] == [a | b << 9 | c << 12 for a, b, c in zip(*inputs.values(), strict=True)]


def packed(words: list[int], count: int, last: bool | None, width: int = 5) -> int:
    """Return a beat of `count` elements, the missing ones zero, and the flag `last` if there is one."""
    return sum(w << (width * i) for i, w in enumerate(words)) | ((last or 0) << (width * count))


def beats_of(frames: list[list[int]], count: int) -> list[int]:
    """Return the beats of frames: `count` elements each, zeros after a frame's end."""
    return [
        packed(frame[at : at + count], count, at + count >= len(frame))
        for frame in frames
        for at in range(0, len(frame), count)
    ]


def padded(frame: list[int], count: int) -> list[int]:
    return frame + [0] * (-len(frame) % count)


frames = st.lists(st.lists(st.integers(0, 31), min_size=1, max_size=14), min_size=1, max_size=6)
ratios = st.sampled_from([(1, 2), (1, 3), (2, 4), (2, 6), (1, 5)])


@few
@given(frames=frames, ratio=ratios, **stalls)
def test_widening_fills_a_frame_up_with_zeros(frames, ratio, go, seed) -> None:
    narrow, wide = ratio
    expected = beats_of([padded(frame, narrow) for frame in frames], wide)
    converter = WidthConverter(5, narrow, wide)
    inputs = {"i": beats_of(frames, narrow)}
    assert flow(converter, inputs, {"o": len(expected)}, go=go, seed=seed).beats["o"] == expected


@few
@given(frames=frames, ratio=ratios, **stalls)
def test_narrowing_ends_a_frame_with_the_last_part(frames, ratio, go, seed) -> None:
    narrow, wide = ratio
    expected = beats_of([padded(frame, wide) for frame in frames], narrow)
    converter = WidthConverter(5, wide, narrow)
    inputs = {"i": beats_of(frames, wide)}
    assert flow(converter, inputs, {"o": len(expected)}, go=go, seed=seed).beats["o"] == expected


@few
@given(ratio=ratios, widens=st.booleans(), cycle=st.integers(1, 30), **stalls)
def test_a_reset_in_mid_flight_clears_a_converter(ratio, widens, cycle, go, seed) -> None:
    takes, gives = ratio if widens else ratio[::-1]
    frames = [list(range(1, 31))]
    expected = beats_of([padded(frames[0], takes)], gives)
    converter = WidthConverter(5, takes, gives)
    traffic = flow(converter, {"i": beats_of(frames, takes)}, {"o": len(expected)}, go=go, seed=seed, reset_at=cycle)
    assert traffic.beats["o"] == expected


@pytest.mark.parametrize(("takes", "gives"), [(1, 4), (2, 6), (4, 1), (6, 2)])
def test_a_converter_without_last_keeps_the_narrow_side_busy(takes, gives) -> None:
    words = [(7 * i) % 32 for i in range(24)]
    split = {n: [words[i : i + n] for i in range(0, len(words), n)] for n in (takes, gives)}
    expected = [packed(part, gives, None) for part in split[gives]]
    inputs = {"i": [packed(part, takes, None) for part in split[takes]]}
    traffic = flow(WidthConverter(5, takes, gives, last=False), inputs, {"o": len(expected)})
    assert traffic.beats["o"] == expected
    narrow = traffic.sent["i"] if takes < gives else traffic.cycles["o"]
    assert narrow == list(range(narrow[0], narrow[0] + len(narrow)))
    ratio = max(takes, gives) // min(takes, gives)
    completing = traffic.sent["i"][ratio - 1 :: ratio] if takes < gives else traffic.sent["i"]
    first_parts = traffic.cycles["o"] if takes < gives else traffic.cycles["o"][::ratio]
    assert first_parts == [c + 1 for c in completing]


def test_equal_blocks_have_equal_keys() -> None:
    blocks = [make() for make in chain(BUFFERS.values(), BUFFERS.values())]
    half = len(BUFFERS)
    keys = [(type(block), block.key()) for block in blocks]
    assert keys[:half] == keys[half:]
    assert len(set(keys)) == half
    assert Join({"a": 8}).key() != Join({"a": 9}).key()
    assert Fork(8, 2).key() != Fork(8, 3).key()
    assert WidthConverter(8, 1, 2).key() != WidthConverter(8, 1, 2, last=False).key()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Queue(8, 2), "Queue depth must be an integer of at least 3, not 2"),
        (lambda: Queue(8, 1, block=False), "Queue depth must be an integer of at least 2, not 1"),
        (lambda: Queue(8, "9"), "Queue depth must be an integer of at least 3, not '9'"),
        (lambda: Fork(8, 0), "Fork ways must be a positive integer, not 0"),
        (lambda: Join({}), "Join shapes must name at least one input, not {}"),
        (lambda: WidthConverter(8, 0, 4), "WidthConverter takes must be a positive integer, not 0"),
        (lambda: WidthConverter(8, 4, 1.5), "WidthConverter gives must be a positive integer, not 1.5"),
        (
            lambda: WidthConverter(8, 4, 4),
            "WidthConverter gives must be another multiple or divisor of takes, 4, not 4",
        ),
        (
            lambda: WidthConverter(8, 4, 6),
            "WidthConverter gives must be another multiple or divisor of takes, 4, not 6",
        ),
    ],
)
def test_impossible_blocks_are_refused(make, message) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        make()
