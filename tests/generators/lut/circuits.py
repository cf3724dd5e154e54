"""Combinational blocks in Amaranth's simulator: what their outputs, as values, are for rows of inputs."""

from collections.abc import Iterable, Sequence
from typing import Any

from amaranth.hdl import Module, Signal, Value
from amaranth.sim import Simulator

__all__ = ["code_of", "settled"]


def settled(
    m: Module, inputs: Sequence[Any], outputs: Sequence[Value], rows: Iterable[Sequence[int]]
) -> list[list[int]]:
    """Return the integers that the outputs have for each row of inputs."""
    watched = [Signal(value.shape(), name=f"watched_{i}") for i, value in enumerate(outputs)]
    m.d.comb += [signal.eq(value) for signal, value in zip(watched, outputs, strict=True)]
    seen = []

    async def testbench(ctx: Any) -> None:
        for row in rows:
            for signal, number in zip(inputs, row, strict=True):
                ctx.set(signal, number)
            seen.append([ctx.get(signal) for signal in watched])

    simulator = Simulator(m)
    simulator.add_testbench(testbench)
    simulator.run()
    return seen


def code_of(values: Iterable[int], bits: int) -> int:
    """Return the codes of integers side by side, the first one lowest."""
    return sum((value & ((1 << bits) - 1)) << (bits * at) for at, value in enumerate(values))
