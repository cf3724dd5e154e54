"""The one cocotb bench: runs inside the simulator, knows a design by its manifest alone.

The settings file named by ``RTLOOM_BENCH`` lists the scenarios (`rtloom.verif.scenarios`); each becomes one test.
"""

import itertools
import json
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge
from cocotbext.axi import AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource

from rtloom.hdl.manifest import Manifest
from rtloom.sim.activity import ResetSeen, Traffic
from rtloom.verif import stimulus
from rtloom.verif.endpoints import BenchError, Observed, Sink, Source, activity, hanging, strains
from rtloom.verif.scenarios import Scenario, Settings, load_job

SETTINGS = Settings.load(Path(os.environ["RTLOOM_BENCH"]))
MANIFEST = Manifest.load(SETTINGS.manifest)
VECTORS: Mapping[str, Any] = dict(np.load(SETTINGS.vectors))
RESET_CYCLES = 4
SLOW = 10
"""The models of cocotbext-axi are watched at the outputs alone, which are silent while operands stream in."""
QUIET_CYCLES = 64
"""Cycles in which nothing may come after the last beat."""


class Pins:
    """The wires of the design's streams, read and written by stream."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.clock = getattr(dut, MANIFEST.clock)
        self.edge = RisingEdge(self.clock)
        self.streams = {bound.port.name: self._wires(bound.signals) for bound in MANIFEST.streams}

    def _wires(self, signals: Any) -> dict[str, Any]:
        names = {role: getattr(signals, role) for role in ("valid", "ready", "data", "last")}
        return {role: getattr(self.dut, name) for role, name in names.items() if name is not None}

    def offer(self, name: str, valid: bool, data: int, last: bool) -> None:
        """Drive an input."""
        wires = self.streams[name]
        wires["valid"].value = int(valid)
        wires["data"].value = data
        if "last" in wires:
            wires["last"].value = int(last)

    def ready(self, name: str, willing: bool) -> None:
        """Drive the ready of an output."""
        self.streams[name]["ready"].value = int(willing)

    def taken(self, name: str) -> bool:
        """Return the ready of an input."""
        return bool(int(self.streams[name]["ready"].value))

    def offers(self, name: str) -> bool:
        """Return the valid of an input that others drive."""
        return bool(int(self.streams[name]["valid"].value))

    def seen(self, name: str) -> Observed:
        """Return an output as it stands at the clock edge."""
        wires = self.streams[name]
        valid = bool(int(wires["valid"].value))
        if not valid:
            return Observed(valid=False, ready=False, data=None, last=False)
        data = wires["data"].value
        known = data.is_resolvable
        last = bool(int(wires["last"].value)) if "last" in wires else False
        return Observed(valid, bool(int(wires["ready"].value)), data.to_unsigned() if known else None, last)

    async def reset(self, sinks: Sequence[Sink]) -> None:
        """Hold the reset for some cycles, inputs idle, and see that no output is valid."""
        reset = getattr(self.dut, MANIFEST.reset.name)
        active = 0 if MANIFEST.reset.active_low else 1
        for name in inputs():
            self.offer(name, valid=False, data=0, last=False)
        for sink in sinks:
            self.ready(sink.port.name, willing=True)
        reset.value = active
        for cycle in range(RESET_CYCLES):
            await self.edge
            for sink in sinks if cycle else ():
                sink.in_reset(cycle, self.seen(sink.port.name))
        reset.value = 1 - active


def inputs() -> list[str]:
    """Return the names of the input streams."""
    return [bound.port.name for bound in MANIFEST.streams if bound.port.direction == "in"]


def endpoints(scenario: Scenario) -> tuple[list[Source], list[Sink]]:
    """Return fresh sources and sinks for a scenario."""
    sent, expected = load_job(VECTORS, scenario.job)
    ports = [bound.port for bound in MANIFEST.streams]
    patient = scenario.stalls == "patient"
    go = stimulus.stalls("none" if patient else scenario.stalls, ports, scenario.seed)
    sources = [Source(port, sent[port.name], go.get(port.name)) for port in ports if port.direction == "in"]
    sinks = [
        Sink(port, expected[port.name], go.get(port.name), patient=patient) for port in ports if port.direction == "out"
    ]
    return sources, sinks


def moved(sources: Sequence[Source], sinks: Sequence[Sink]) -> int:
    """Return how many beats moved so far, on all streams together."""
    return sum(source.taken for source in sources) + sum(sink.count for sink in sinks)


async def drive(
    pins: Pins, sources: Sequence[Source], sinks: Sequence[Sink], patience: int, limit: int | None = None
) -> tuple[int, int]:
    """Run both ends until all beats came, or nothing moves any more, or `limit` cycles.

    Returns
    -------
    tuple
        The last cycle, and the cycles in which an output beat waited while an input was idle.
    """
    last, before, strained = 0, 0, 0
    for cycle in itertools.count(1):
        for source in sources:
            pins.offer(source.port.name, *source.offer(cycle))
        for sink in sinks:
            pins.ready(sink.port.name, sink.willing(cycle))
        await pins.edge
        for source in sources:
            source.edge(pins.taken(source.port.name))
        for sink in sinks:
            sink.edge(cycle, pins.seen(sink.port.name))
        strained += strains(sources, sinks)
        now = moved(sources, sinks)
        last, before = (cycle, now) if now != before else (last, before)
        if all(sink.done for sink in sinks) or cycle == limit or cycle - last > patience:
            break
    return cycle, strained


async def own_driver(pins: Pins, scenario: Scenario) -> None:
    """Run a scenario with the bench's own sources and sinks."""
    sources, sinks = endpoints(scenario)
    reset = None
    if scenario.reset_after is not None:
        await pins.reset(sinks)
        cycles, _ = await drive(pins, sources, sinks, scenario.patience, scenario.reset_after)
        counts = {name: counted.moved for name, counted in activity(sources, sinks).items()}
        reset = ResetSeen(cycles, counts, tuple(sink.port.name for sink in sinks if sink.counter.stalled))
        sources, sinks = endpoints(scenario)
    await pins.reset(sinks)
    cycles, strained = await drive(pins, sources, sinks, scenario.patience)
    await finish(pins, scenario, sources, sinks, cycles)
    tell(scenario, Traffic(activity(sources, sinks), cycles, strained, reset))


async def finish(pins: Pins, scenario: Scenario, sources: Sequence[Source], sinks: Sequence[Sink], cycles: int) -> None:
    """Check that all is complete, in the right number of cycles, and that nothing comes afterwards."""
    if not all(sink.done for sink in sinks):
        raise hanging(sources, sinks, cycles)
    for sink in sinks:
        pins.ready(sink.port.name, willing=True)
    for source in sources:
        pins.offer(source.port.name, *source.offer(cycles + 1))
    for cycle in range(cycles + 1, cycles + 1 + QUIET_CYCLES):
        await pins.edge
        for source in sources:
            source.edge(pins.taken(source.port.name))
            pins.offer(source.port.name, *source.offer(cycle + 1))
        for sink in sinks:
            sink.edge(cycle, pins.seen(sink.port.name))
    if not all(source.done for source in sources):
        raise hanging(sources, sinks, cycles)
    if scenario.cycles is not None and cycles != scenario.cycles:
        raise BenchError(f"job must take {scenario.cycles} cycles, as its formula says, not {cycles}", kind="cycles")


async def axi_driver(pins: Pins, scenario: Scenario) -> None:
    """Run a scenario with the AXI4-Stream models of cocotbext-axi; the sinks here only watch."""
    sources, sinks = endpoints(scenario)
    models = {bound.port.name: _axi_model(pins, bound) for bound in MANIFEST.streams}
    await pins.reset([])
    for source in sources:
        _send(models[source.port.name], source)
        models[source.port.name].set_pause_generator(_pauses(source.go))
    for sink in sinks:
        models[sink.port.name].set_pause_generator(_pauses(sink.go))
    cycle, strained = await watch(pins, sources, sinks, scenario.patience)
    if not all(sink.done for sink in sinks):
        raise _late(next(sink for sink in sinks if not sink.done), cycle)
    for late in range(1, QUIET_CYCLES + 1):
        await pins.edge
        for sink in sinks:
            sink.edge(cycle + late, pins.seen(sink.port.name))
    for sink in sinks:
        _compare_frames(models[sink.port.name], sink)
    tell(scenario, Traffic(activity(sources, sinks), cycle, strained))


async def watch(pins: Pins, sources: Sequence[Source], sinks: Sequence[Sink], patience: int) -> tuple[int, int]:
    """Check the outputs while others drive the streams, until all beats came or none comes; as `drive`."""
    last, before, strained = 0, 0, 0
    for cycle in itertools.count(1):
        await pins.edge
        for source in sources if SETTINGS.traffic else ():
            source.watched(pins.offers(source.port.name), pins.taken(source.port.name))
        for sink in sinks:
            sink.edge(cycle, pins.seen(sink.port.name))
        strained += strains(sources, sinks)
        now = moved((), sinks)
        last, before = (cycle, now) if now != before else (last, before)
        if all(sink.done for sink in sinks) or cycle - last > SLOW * patience:
            break
    return cycle, strained


def _late(sink: Sink, cycle: int) -> BenchError:
    """Return the error for an output that the models wait for in vain."""
    text = f"{sink.port.name} must give {sink.total} beats to cocotbext-axi, not hang after {sink.count}"
    return BenchError(text, sink.port.name, sink.count, cycle=cycle, kind="deadlock")


def _axi_model(pins: Pins, bound: Any) -> Any:
    """Attach the model to a stream; its words are whole beats."""
    prefix = bound.signals.data.removesuffix("_tdata")
    logging.getLogger(f"cocotb.{MANIFEST.top}.{prefix}").setLevel(logging.WARNING)
    model = AxiStreamSource if bound.port.direction == "in" else AxiStreamSink
    reset = getattr(pins.dut, MANIFEST.reset.name)
    bus = AxiStreamBus.from_prefix(pins.dut, prefix)
    return model(bus, pins.clock, reset, not MANIFEST.reset.active_low, byte_lanes=1)


def _pauses(go: Any) -> Any:
    """Return the model's pause pattern: it halts where our pattern does not go."""
    return itertools.repeat(False) if go is None else itertools.cycle((~go).tolist())


def _send(model: Any, source: Source) -> None:
    """Queue the beats as frames, each ending with `last`."""
    frame: list[int] = []
    for at, word in enumerate(source.words):
        frame.append(word)
        if at == len(source.words) - 1 or (source.lasts is not None and source.lasts[at]):
            model.send_nowait(AxiStreamFrame(frame))
            frame = []


def _compare_frames(model: Any, sink: Sink) -> None:
    """Compare how many words and frames the model received; their values were compared as they passed."""
    frames = []
    while not model.empty():
        frames.append(len(model.recv_nowait(compact=False).tdata))
    if sum(frames) != sink.total:
        text = f"{sink.port.name} must give {sink.total} beats to cocotbext-axi, not {sum(frames)}"
        raise BenchError(text, kind="beats")
    flags = sink.expected.last
    if flags is not None and len(frames) != int(flags.sum()):
        text = f"{sink.port.name} must give {int(flags.sum())} frames to cocotbext-axi, not {len(frames)}"
        raise BenchError(text, kind="flag")


def record(scenario: Scenario, error: BenchError) -> None:
    """Add a failure to the failures file."""
    path = SETTINGS.failures
    told = json.loads(path.read_text()) if path.exists() else {}
    told[scenario.name] = {**error.to_dict(), "message": str(error), "seed": scenario.seed, "job": scenario.job}
    path.write_text(json.dumps(told, indent=1))


def tell(scenario: Scenario, traffic: Traffic) -> None:
    """Add what the streams of a scenario went through to the file that is meant for it."""
    if SETTINGS.traffic is not None:
        with SETTINGS.traffic.open("a") as file:
            file.write(json.dumps({"scenario": scenario.name, "traffic": traffic.to_dict()}) + "\n")


@cocotb.test()
@cocotb.parametrize(name=[cocotb.Param(scenario.name, scenario.name) for scenario in SETTINGS.scenarios])
async def scenario_test(dut: Any, name: str) -> None:
    """Run one scenario and record its failure in words."""
    scenario = next(item for item in SETTINGS.scenarios if item.name == name)
    pins = Pins(dut)
    Clock(pins.clock, 2, unit="step").start()
    driver = axi_driver if scenario.driver == "cocotbext-axi" else own_driver
    try:
        await driver(pins, scenario)
    except BenchError as error:
        record(scenario, error)
        raise AssertionError(f"{error}; seed {scenario.seed}") from None
