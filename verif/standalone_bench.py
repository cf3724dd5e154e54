"""Testbench of a streaming design for cocotb 2; needs cocotb and Python's standard library alone.

The JSON file of the same name beside this one holds the wires of the design and its golden vectors: for each job the
words to send and the words to expect, with a mask of the bits that count (the others are padding). Every job is run
without stalls, with idle sources, with back-pressure and with both. The rules of a valid/ready stream are checked in
every cycle: valid stays until ready, data and last hold while they wait, nothing is valid in reset, no beat too many.
"""

import json
import os
import zlib
from pathlib import Path
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

BENCH = json.loads(Path(__file__).with_suffix(".json").read_text())
SEED = int(os.environ.get("SEED", "1"))
STALLS = {"none": (1.0, 1.0), "idle": (0.6, 1.0), "busy": (1.0, 0.6), "both": (0.5, 0.5)}
"""Chance that a source offers, and that a sink is ready, in each cycle (busy sinks are back-pressure)."""
QUIET_CYCLES = 64


class Source:
    """Sends the words of one input, each kept until it is taken."""

    def __init__(self, dut: Any, stream: dict[str, Any], beats: dict[str, Any], chance: float) -> None:
        self.name = stream["name"]
        self.wires = wires(dut, stream)
        self.words = [int(word, 16) for word in beats["data"]]
        self.last = beats["last"]
        self.chance = chance
        self.taken = 0
        self.offering = False

    def drive(self, cycle: int) -> None:
        """Offer the next word, or none."""
        willing = self.offering or draw(self.name, cycle) < self.chance
        self.offering = willing and not self.done()
        self.wires["valid"].value = int(self.offering)
        if self.offering:
            self.wires["data"].value = self.words[self.taken]
            if "last" in self.wires:
                self.wires["last"].value = int(self.last[self.taken])

    def edge(self) -> None:
        """Take note of the clock edge."""
        if self.offering and high(self.wires["ready"]):
            self.taken += 1
            self.offering = False

    def done(self) -> bool:
        """Say whether every word was taken."""
        return self.taken == len(self.words)


class Sink:
    """Takes the words of one output, compares them and checks the rules of the stream."""

    def __init__(self, dut: Any, stream: dict[str, Any], beats: dict[str, Any], chance: float) -> None:
        self.name = stream["name"]
        self.wires = wires(dut, stream)
        self.words = [int(word, 16) for word in beats["data"]]
        self.masks = [int(mask, 16) for mask in beats["mask"]]
        self.last = beats["last"]
        self.lane_bits = stream["lane_bits"]
        self.chance = chance
        self.count = 0
        self.waiting: tuple[int, bool] | None = None

    def drive(self, cycle: int) -> None:
        """Be ready or not."""
        self.wires["ready"].value = int(draw(self.name, cycle) < self.chance)

    def edge(self, cycle: int) -> None:
        """Check the clock edge."""
        at = f"{self.name}, beat {self.count}, cycle {cycle}, seed {SEED}"
        if not high(self.wires["valid"]):
            check(self.waiting is None, f"{at}: valid must stay high until ready, not drop")
            return
        check(self.wires["data"].value.is_resolvable, f"{at}: data must be known while valid")
        seen = int(self.wires["data"].value), "last" in self.wires and high(self.wires["last"])
        check(self.waiting in (None, seen), f"{at}: data and last must hold until ready, not change")
        check(not self.done(), f"{at}: must be silent after its {len(self.words)} beats, not give one more")
        self.waiting = seen
        if high(self.wires["ready"]):
            self.compare(at, *seen)
            self.count += 1
            self.waiting = None

    def compare(self, at: str, word: int, last: bool) -> None:
        """Compare one beat with the expected one."""
        wrong = (word ^ self.words[self.count]) & self.masks[self.count]
        if wrong:
            lane = ((wrong & -wrong).bit_length() - 1) // self.lane_bits
            low, mask = lane * self.lane_bits, (1 << self.lane_bits) - 1
            want, got = (self.words[self.count] >> low) & mask, (word >> low) & mask
            raise AssertionError(f"{at}: lane {lane} must be {want:#x}, not {got:#x}")
        if self.last is not None:
            flag = bool(self.last[self.count])
            check(last == flag, f"{at}: last must be {int(flag)}, not {int(last)}")

    def done(self) -> bool:
        """Say whether every expected word came."""
        return self.count == len(self.words)


def wires(dut: Any, stream: dict[str, Any]) -> dict[str, Any]:
    """Return the handles of a stream by role: valid, ready, data and, if there is one, last."""
    return {role: getattr(dut, name) for role, name in stream["signals"].items() if name is not None}


def high(wire: Any) -> bool:
    """Say whether a wire is 1; unknown counts as 0."""
    return str(wire.value) == "1"


def draw(name: str, cycle: int) -> float:
    """Return a number from 0 to 1 that looks random and depends on seed, stream and cycle alone."""
    return zlib.crc32(f"{SEED} {name} {cycle}".encode()) / 2**32


def check(holds: bool, message: str) -> None:
    """Fail the test unless the condition holds."""
    if not holds:
        raise AssertionError(message)


async def reset(dut: Any, edge: RisingEdge, sources: list[Source], sinks: list[Sink]) -> None:
    """Hold the reset, inputs known and idle, and see that no output is valid."""
    line, active = getattr(dut, BENCH["reset"]["name"]), 0 if BENCH["reset"]["active_low"] else 1
    for source in sources:
        for role in ("valid", "data", "last"):
            if role in source.wires:
                source.wires[role].value = 0
    for sink in sinks:
        sink.wires["ready"].value = 0
    line.value = active
    for cycle in range(BENCH["reset"]["cycles"]):
        await edge
        for sink in sinks if cycle > 1 else ():
            check(not high(sink.wires["valid"]), f"{sink.name}: valid must be low in reset, not high")
    line.value = 1 - active


async def run(edge: RisingEdge, sources: list[Source], sinks: list[Sink], cycles: range) -> int:
    """Run for these cycles, or until the outputs are complete if they are not yet; return the last cycle."""
    complete = all(sink.done() for sink in sinks)
    for cycle in cycles:
        for stream in sources:
            stream.drive(cycle)
        for sink in sinks:
            sink.drive(cycle)
        await edge
        for source in sources:
            source.edge()
        for sink in sinks:
            sink.edge(cycle)
        if not complete and all(sink.done() for sink in sinks):
            return cycle
    return cycles.stop - 1


@cocotb.test()
@cocotb.parametrize(job=list(BENCH["jobs"]), stalls=list(STALLS))
async def streams(dut: Any, job: str, stalls: str) -> None:
    """Run one job under one kind of stalls and compare every output beat."""
    beats, chance = BENCH["jobs"][job], STALLS[stalls]
    sources = [Source(dut, s, beats[s["name"]], chance[0]) for s in BENCH["streams"] if s["direction"] == "in"]
    sinks = [Sink(dut, s, beats[s["name"]], chance[1]) for s in BENCH["streams"] if s["direction"] == "out"]
    clock = getattr(dut, BENCH["clock"])
    Clock(clock, 10, unit="ns").start()
    edge = RisingEdge(clock)
    await reset(dut, edge, sources, sinks)
    end = await run(edge, sources, sinks, range(1, 20 * (beats["cycles"] + 100)))
    for sink in sinks:
        check(sink.done(), f"{sink.name}: must give {len(sink.words)} beats, not hang after {sink.count}")
    if stalls == "none":
        check(end == beats["cycles"], f"job must take {beats['cycles']} cycles, not {end}")
    await run(edge, sources, sinks, range(end + 1, end + 1 + QUIET_CYCLES))
    for source in sources:
        check(source.done(), f"{source.name}: must take {len(source.words)} beats, not {source.taken}")
