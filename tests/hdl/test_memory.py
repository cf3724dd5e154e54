"""The dual-port memory against a list, and what Yosys makes of it."""

import json
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtloom.errors import InputError
from rtloom.hdl.emit import emit_verilog
from rtloom.hdl.memory import DualPortMemory
from rtloom.hdl.streams import Queue
from rtloom.hdl.yosys import run_yosys

from .bench import clocked


@settings(max_examples=25)
@given(
    width=st.integers(1, 40),
    depth=st.integers(1, 9),
    meets=st.sampled_from(["old", "new"]),
    seed=st.integers(0, 1 << 16),
)
def test_a_memory_is_a_list(width, depth, meets, seed) -> None:
    memory = DualPortMemory(width, depth, meets=meets)
    rng = random.Random(seed)

    async def testbench(ctx) -> None:
        words, expected, collisions = [0] * depth, 0, 0
        for _ in range(80):
            writes, reads = rng.random() < 0.7, rng.random() < 0.7
            w_addr, word = rng.randrange(depth), rng.getrandbits(width)
            r_addr = w_addr if rng.random() < 0.4 else rng.randrange(depth)
            values = {"w_en": writes, "w_addr": w_addr, "w_data": word, "r_en": reads, "r_addr": r_addr}
            for name, value in values.items():
                ctx.set(getattr(memory, name), value)
            await ctx.tick()
            if reads:
                collides = writes and w_addr == r_addr
                collisions += collides
                expected = word if collides and meets == "new" else words[r_addr]
            if writes:
                words[w_addr] = word
            assert ctx.get(memory.r_data) == expected
        assert collisions, "the case that `meets` is about did not occur"

    clocked(memory, testbench)


def cells(component, tmp_path) -> dict[str, int]:
    """Return how many of each cell an iCE40 needs."""
    (tmp_path / "t.v").write_text(emit_verilog(component, "t").text)
    run_yosys(["read_verilog t.v", "synth_ice40 -top t", "tee -q -o t.json stat -json"], directory=tmp_path)
    stat = json.loads((tmp_path / "t.json").read_text())
    return stat["design"]["num_cells_by_type"]


def count(used: dict[str, int], what: str) -> int:
    return sum(number for cell, number in used.items() if cell.startswith(what))


@pytest.mark.parametrize("meets", ["old", "new"])
def test_an_ice40_uses_block_ram(meets, tmp_path) -> None:
    used = cells(DualPortMemory(16, 512, meets=meets), tmp_path)
    assert count(used, "SB_RAM40") == 2
    # What the block RAM does not do by itself when a read meets a write takes registers, but nothing like 8192 bits.
    assert count(used, "SB_DFF") <= 64


def test_an_ice40_uses_nothing_but_block_ram_where_reads_never_meet_writes(tmp_path) -> None:
    assert cells(DualPortMemory(16, 512, meets="never"), tmp_path) == {"SB_RAM40_4K": 2}


@pytest.mark.parametrize("depth", [257, 512])
def test_a_deep_queue_uses_block_ram(depth, tmp_path) -> None:
    used = cells(Queue(16, depth), tmp_path)
    assert count(used, "SB_RAM40") == -(-(depth - 1) // 256)
    # Two addresses, the level and valid: nothing as wide as the data.
    assert count(used, "SB_DFF") == 2 * (depth - 2).bit_length() + (depth - 1).bit_length() + 1


def test_a_shallow_queue_uses_registers(tmp_path) -> None:
    used = cells(Queue(8, 2, block=False), tmp_path)
    assert count(used, "SB_RAM40") == 0
    assert count(used, "SB_DFF") >= 16


def test_keys_and_names_tell_memories_apart() -> None:
    memories = [DualPortMemory(8, 4), DualPortMemory(8, 5), DualPortMemory(9, 4), DualPortMemory(8, 4, meets="new")]
    assert len({m.key() for m in memories}) == 4
    assert DualPortMemory(8, 4).key() == memories[0].key()
    assert [m.label() for m in memories] == ["memory_4x8", "memory_5x8", "memory_4x9", "memory_4x8"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DualPortMemory(0, 4), "DualPortMemory width must be positive, not 0"),
        (lambda: DualPortMemory(8, 0), "DualPortMemory depth must be positive, not 0"),
        (lambda: DualPortMemory(8, 4, meets="x"), "DualPortMemory meets must be old, new or never, not 'x'"),
    ],
)
def test_impossible_memories_are_refused(make, message) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        make()
