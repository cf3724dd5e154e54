"""A small bench in Amaranth's simulator: clock a component, drive and watch its streams by random stall patterns."""

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from amaranth.hdl import ClockDomain, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.sim import Simulator

Testbench = Callable[[Any], Awaitable[None]]


def clocked(component: wiring.Component, *testbenches: Testbench, reset: Signal | None = None) -> None:
    """Run testbenches on a component with clock; `reset` resets it synchronously."""
    top = Module()
    top.domains.sync = domain = ClockDomain()
    top.submodules.component = component
    if reset is not None:
        top.d.comb += domain.rst.eq(reset)
    simulator = Simulator(top)
    simulator.add_clock(1e-6)
    for testbench in testbenches:
        simulator.add_testbench(testbench)
    simulator.run()


@dataclass
class Traffic:
    """What a run saw: beats (flat integers) and cycle in which each was taken, by output, and by input when it went."""

    beats: dict[str, list[int]]
    cycles: dict[str, list[int]]
    sent: dict[str, list[int]]


def flow(
    component: wiring.Component,
    inputs: Mapping[str, Sequence[int]],
    outputs: Mapping[str, int],
    *,
    go: float = 1.0,
    seed: int = 0,
    reset_at: int | None = None,
    extra: int = 12,
    watch: Callable[[Any], None] = lambda _: None,
) -> Traffic:
    """Send flat payloads into streams and take beats, each side going with probability `go` in a cycle.

    Ends `extra` cycles after the expected number of beats was taken everywhere, so that surplus ones are seen. Checks
    that a valid beat is neither withdrawn nor changed. With `reset_at`, resets in that cycle, drops what was taken and
    begins again with all inputs.
    """
    reset = Signal() if reset_at is not None else None
    seen = []

    async def testbench(ctx: Any) -> None:
        if reset is not None:
            await _run(ctx, component, inputs, outputs, go, seed + 1, reset_at, reset_at, watch)
            ctx.set(reset, 1)
            await ctx.tick()
            ctx.set(reset, 0)
        seen.append(await _run(ctx, component, inputs, outputs, go, seed, 2_000, extra, watch))

    clocked(component, testbench, reset=reset)
    return seen[0]


class _Source:
    """Offers payloads one after the other and keeps each until it is taken."""

    def __init__(self, stream: Any, payloads: Sequence[int]) -> None:
        self.stream, self.payloads = stream, payloads
        self.offers, self.sent = False, []

    def drive(self, ctx: Any, go: bool, rubbish: int) -> None:
        self.offers = len(self.sent) < len(self.payloads) and (self.offers or go)
        ctx.set(self.stream.valid, self.offers)
        # While it is not valid, a source may put anything on its payload.
        payload = self.payloads[len(self.sent)] if self.offers else rubbish
        ctx.set(Value.cast(self.stream.payload), payload)

    def edge(self, ctx: Any, cycle: int) -> None:
        if self.offers and ctx.get(self.stream.ready):
            self.sent.append(cycle)
            self.offers = False


class _Sink:
    """Takes beats and checks that a waiting one stays as it is."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.beats, self.cycles, self.waiting = [], [], None

    def edge(self, ctx: Any, cycle: int) -> None:
        payload = ctx.get(Value.cast(self.stream.payload)) if ctx.get(self.stream.valid) else None
        if self.waiting is not None:
            assert payload == self.waiting, f"the waiting beat became {payload} in cycle {cycle}"
        self.waiting = payload
        if payload is not None and ctx.get(self.stream.ready):
            self.waiting = None
            self.beats.append(payload)
            self.cycles.append(cycle)


async def _run(ctx, component, inputs, outputs, go, seed, most, extra, watch) -> Traffic:
    """Run up to `most` cycles, or until `extra` cycles after the last beat that is expected."""
    rng = random.Random(seed)
    sources = {name: _Source(getattr(component, name), inputs[name]) for name in inputs}
    sinks = {name: _Sink(getattr(component, name)) for name in outputs}
    for cycle in range(most):
        for source in sources.values():
            source.drive(ctx, rng.random() < go, rng.getrandbits(1))
        for sink in sinks.values():
            ctx.set(sink.stream.ready, rng.random() < go)
        watch(ctx)
        for end in (*sources.values(), *sinks.values()):
            end.edge(ctx, cycle)
        await ctx.tick()
        if all(len(sink.beats) >= outputs[name] for name, sink in sinks.items()):
            extra -= 1
        if extra < 0:
            break
    return Traffic(
        {name: sink.beats for name, sink in sinks.items()},
        {name: sink.cycles for name, sink in sinks.items()},
        {name: source.sent for name, source in sources.items()},
    )


def evaluate(function: Callable[..., Value], shapes: Sequence[Any], arguments: Sequence[Sequence[int]]) -> list[int]:
    """Return the integer that a combinational function of signals of these shapes gives for each row of arguments."""
    m = Module()
    inputs = [Signal(shape, name=f"in_{i}") for i, shape in enumerate(shapes)]
    value = Value.cast(function(*inputs))
    output = Signal(value.shape())
    m.d.comb += output.eq(value)
    results = []

    async def testbench(ctx: Any) -> None:
        for row in arguments:
            for signal, argument in zip(inputs, row, strict=True):
                ctx.set(signal, argument)
            results.append(ctx.get(output))

    simulator = Simulator(m)
    simulator.add_testbench(testbench)
    simulator.run()
    return results


def function_values(unit: Any, arguments: Sequence[int]) -> list[int]:
    """Return what a unit of ports ``x``, ``en`` and ``o`` gives for arguments that follow each other, one a cycle."""
    seen: list[int] = []

    async def testbench(ctx: Any) -> None:
        ctx.set(unit.en, 1)
        for cycle in range(len(arguments) + unit.latency):
            if cycle < len(arguments):
                ctx.set(unit.x, int(arguments[cycle]))
            if cycle >= unit.latency:
                code = ctx.get(unit.o)
                seen.append(code - (1 << unit.y_bits) if unit.y_signed and code >> (unit.y_bits - 1) else code)
            await ctx.tick()

    clocked(unit, testbench)
    return seen
