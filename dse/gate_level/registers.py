"""Flip-flops and clock gates of a flat netlist: what each register takes over, and when."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import ToolError
from ...hdl.liberty import Library
from ...hdl.liberty_function import truth_table
from ...hdl.liberty_power import FlipFlop
from .flat import CellGroup, FlatNetlist, Nets
from .functions import Program, program

__all__ = ["ClockGates", "Registers", "clock_gates", "registers"]


@dataclass(frozen=True)
class Registers:
    """Registers of one kind: next value as a function of nets, which nets hold it, and what enables their clock.

    Parameters
    ----------
    program, inputs
        Next value of the output.
    outs
        Nets, ``(registers,)``.
    enables
        Net that lets the clock through for each of them; None where nothing holds it back.
    """

    program: Program
    inputs: tuple[Nets, ...]
    outs: Nets
    enables: Nets | None


@dataclass(frozen=True)
class ClockGates:
    """Clock gates: net of the gated clock -> net that enables it, sampled at the rising edge of the clock."""

    enables: Mapping[int, int]


def clock_gates(flat: FlatNetlist, library: Library, clock: int) -> ClockGates:
    """Return the clock gates of a design.

    Raises
    ------
    ToolError
        A clock gate is not driven by the clock itself, or its test pin is not tied to 0.
    """
    enables: dict[int, int] = {}
    for group in flat.groups:
        cell = library.cells[group.type]
        if cell.kind != "clock gate":
            continue
        if not cell.gate_pins:
            raise ToolError(f"Clock gate {group.type} must open with its clock low and pass a rising edge on")
        enable, source, gated, *test = (group.pins[pin] for pin in cell.gate_pins)
        if (source != clock).any() or any(pins.any() for pins in test):
            raise ToolError(f"Clock gates {group.type} must stand between the clock and registers, untested")
        enables.update(zip(gated.tolist(), enable.tolist(), strict=True))
    return ClockGates(enables)


def registers(
    flat: FlatNetlist, library: Library, facts: Mapping[str, FlipFlop], clock: int, gates: ClockGates
) -> Iterator[Registers]:
    """Yield the registers of a design by kind and output.

    Raises
    ------
    ToolError
        A latch, an asynchronous reset in use, a falling edge or a clock made by logic.
    """
    for group in flat.groups:
        cell = library.cells[group.type]
        if cell.kind in ("gate", "clock gate"):
            continue
        if cell.kind != "flip-flop" or group.type not in facts:
            raise ToolError(f"Gate-level simulation knows gates, flip-flops and clock gates, but {group.type} is none")
        ff = facts[group.type]
        _synchronous(group, ff)
        enables = _enables(group, ff.clock, clock, gates)
        table = truth_table(ff.data, cell.inputs)
        full = (1 << (1 << len(cell.inputs))) - 1
        inputs = tuple(group.pins[pin] for pin in cell.inputs)
        for pin, function in cell.outputs.items():
            column = truth_table(function, (ff.state, ff.inverse))
            takes = program(table if column >> 1 & 1 else full ^ table, len(cell.inputs))
            for chosen, enable in _split(enables):
                yield Registers(takes, tuple(nets[chosen] for nets in inputs), group.pins[pin][chosen], enable)


def _synchronous(group: CellGroup, ff: FlipFlop) -> None:
    """Refuse a clear or preset that is not held off by constants."""
    for function in filter(None, (ff.clear, ff.preset)):
        pins = sorted(set(re.findall(r"[A-Za-z_]\w*", function)))
        held = np.stack([group.pins[pin] for pin in pins])
        if (held > 1).any():
            raise ToolError(
                f"Registers {group.type} must have no asynchronous reset in use, but pin {pins[0]} is driven"
            )
        rows = (held << np.arange(len(pins))[:, None]).sum(axis=0)
        if any(truth_table(function, pins) >> int(row) & 1 for row in np.unique(rows)):
            raise ToolError(f"Registers {group.type} must not be held in reset by a constant")


def _enables(group: CellGroup, pin: str, clock: int, gates: ClockGates) -> Nets:
    """Return the net that enables each register's clock, -1 where it always runs."""
    if pin not in group.pins:
        raise ToolError(f"Registers {group.type} must take over at a rising edge of one pin, not at {pin}")
    nets, places = np.unique(group.pins[pin], return_inverse=True)
    strange = [net for net in nets.tolist() if net != clock and net not in gates.enables]
    if strange:
        raise ToolError(f"Registers {group.type} must have the clock or a gated one, but some have one made by logic")
    found = np.array([gates.enables.get(net, -1) for net in nets.tolist()], dtype=np.int64)
    return found[places]


def _split(enables: Nets) -> Iterator[tuple[NDArray[np.bool_], Nets | None]]:
    """Yield registers that always run, and those that are gated."""
    always = enables < 0
    if always.any():
        yield always, None
    if not always.all():
        yield ~always, enables[~always]
