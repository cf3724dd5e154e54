"""What transitions and clock cycles of a netlist cost: energy of each net, by who drives it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import ToolError
from ...hdl.liberty_power import CellPower
from ..technology import Technology
from .flat import CellGroup, FlatNetlist
from .simulator import Counts

__all__ = ["GATES", "INPUTS", "KINDS", "MEMORIES", "REGISTERS", "Costs", "costs"]

INPUTS, GATES, REGISTERS, MEMORIES = range(4)
KINDS = ("inputs", "combinational", "flip-flops", "memory outputs")
"""Who drives a net."""

Energies = NDArray[np.float64]


@dataclass(frozen=True)
class Costs:
    """Joules of each net's transition and of each cycle of the clock, and watts of leakage.

    Parameters
    ----------
    nets
        Joules a transition: inside the driver, half of C V^2 of the pins that it drives (no wires), and inside the
        cells that it drives; ``(nets,)``.
    drivers, labels
        Kind of each net's driver, and its module label; ``(nets,)``.
    clock
        Joules of a cycle of the clock by label, for registers and clock gates that always run.
    gated
        For each gated clock's net joules of a cycle by label.
    leakage
        Watts by label.
    """

    nets: Energies
    drivers: NDArray[np.int64]
    labels: NDArray[np.int64]
    clock: Energies
    gated: dict[int, Energies]
    leakage: Energies

    def clocked(self, counts: Counts) -> Energies:
        """Return joules of the clock by label for all cycles that were counted."""
        total = self.clock * counts.lane_cycles
        for net, cycles in counts.enabled.items():
            total = total + self.gated[net] * cycles
        return total


def costs(flat: FlatNetlist, technology: Technology, clock: int) -> Costs:
    """Return what a netlist's transitions cost.

    Parameters
    ----------
    flat
        The netlist.
    technology
        Library and power of its cells.
    clock
        Net of the clock.

    Raises
    ------
    ToolError
        The power of a cell is not known.
    """
    return _Costs(flat, technology, clock).costs()


class _Costs:
    """Adds up cell by cell."""

    def __init__(self, flat: FlatNetlist, technology: Technology, clock: int) -> None:
        self.flat, self.technology, self.clock = flat, technology, clock
        self.square = technology.power.voltage**2
        labels = len(flat.labels)
        self.nets, self.load = np.zeros(flat.nets), np.zeros(flat.nets)
        self.drivers = np.full(flat.nets, INPUTS)
        self.labels = np.full(flat.nets, flat.labels.index("top"))
        self.per_cycle, self.leakage = np.zeros(labels), np.zeros(labels)
        self.gated: dict[int, Energies] = {}

    def costs(self) -> Costs:
        """Return everything."""
        for cell in self.flat.memories:
            self._drive(cell.pins["RD_DATA"], MEMORIES, np.full(len(cell.pins["RD_DATA"]), cell.label))
        gates = [group for group in self.flat.groups if self._kind(group) == "clock gate"]
        for group in gates:  # first, so that gated clocks are known to the registers
            pin = self.technology.library.cells[group.type].gate_pins[2]
            for net in group.pins[pin].tolist():
                self.gated[net] = np.zeros(len(self.flat.labels))
        for group in self.flat.groups:
            self._add(group)
        self.nets += self.load * self.square / 2
        return Costs(self.nets, self.drivers, self.labels, self.per_cycle, self.gated, self.leakage)

    def _kind(self, group: CellGroup) -> str:
        return self.technology.library.cells[group.type].kind

    def _drive(self, nets: NDArray[np.int64], kind: int, labels: NDArray[np.int64]) -> None:
        self.drivers[nets], self.labels[nets] = kind, labels

    def _add(self, group: CellGroup) -> None:
        """Add all cells of one type."""
        facts = self.technology.power.cells.get(group.type)
        if facts is None:
            raise ToolError(f"Energy must be of cells whose power is known, but {group.type} is none")
        kind = self._kind(group)
        np.add.at(self.leakage, group.labels, facts.leakage)
        for pin, nets in group.pins.items():
            if pin in facts.clock_energy:
                self._clock_pin(facts, pin, nets, group.labels)
            elif pin in facts.capacitance:
                np.add.at(self.load, nets, facts.capacitance[pin])
                np.add.at(self.nets, nets, facts.input_energy.get(pin, 0.0))
            elif kind == "clock gate":
                for net, label in zip(nets.tolist(), group.labels.tolist(), strict=True):
                    self.gated[net][label] += 2 * facts.output_energy[pin]
            else:
                np.add.at(self.nets, nets, facts.output_energy[pin])
                self._drive(nets, GATES if kind == "gate" else REGISTERS, group.labels)

    def _clock_pin(self, facts: CellPower, pin: str, nets: NDArray[np.int64], labels: NDArray[np.int64]) -> None:
        """Add a clock pin: both edges inside the cell, and its capacitance charged once and discharged once."""
        joules = facts.clock_energy[pin] + facts.capacitance[pin] * self.square
        np.add.at(self.per_cycle, labels[nets == self.clock], joules)
        others = nets != self.clock
        for net, label in zip(nets[others].tolist(), labels[others].tolist(), strict=True):
            self.gated[net][label] += joules
