"""Simulation of a planned netlist: 64 runs in each word, cycle by cycle, transitions counted."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...errors import CheckError
from .flat import Nets
from .functions import Words
from .memories import MemoryModel
from .plan import Plan

__all__ = ["Counts", "GateSimulator"]

ALL = np.uint64(2**64 - 1)


@dataclass
class Counts:
    """Transitions of each place of a plan, over all runs.

    Parameters
    ----------
    toggles
        With gates that take no time: at most one in a cycle.
    sampled
        The same in the cycles of `delayed` alone.
    delayed
        With gates that take one unit of time each, glitches included.
    enabled
        For each gated clock's net the cycles, over all runs, in which it ran.
    lane_cycles, sampled_cycles
        Cycles over all runs, and those with delays.
    """

    toggles: NDArray[np.int64]
    sampled: NDArray[np.int64]
    delayed: NDArray[np.int64]
    enabled: dict[int, int] = field(default_factory=dict)
    lane_cycles: int = 0
    sampled_cycles: int = 0


class GateSimulator:
    """The state of 64 runs of one design; every register and memory starts with zeros.

    Parameters
    ----------
    plan
        The design.

    Attributes
    ----------
    values
        A word for each place of the plan, bit i of run i.
    memories
        Those that stayed whole, which count their accesses themselves.
    counts
        What was counted so far.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        nets = plan.flat.nets
        self.values: Words = np.zeros(nets, dtype=np.uint64)
        self.values[1] = ALL
        toggles, sampled, delayed = (np.zeros(nets, dtype=np.int64) for _ in range(3))
        self.counts = Counts(toggles, sampled, delayed)
        self.memories = [MemoryModel(cell) for cell in plan.flat.memories]
        self._settle()

    def cycle(
        self, inputs: Sequence[tuple[Nets, Words]], lanes: np.uint64 = ALL, *, count: bool = True, delayed: bool = False
    ) -> None:
        """Go over a clock edge and let everything settle.

        Parameters
        ----------
        inputs
            Places and their words from this edge on.
        lanes
            Runs that count.
        count
            Whether transitions count.
        delayed
            Whether the cycle is simulated with delays as well.

        Raises
        ------
        CheckError
            With delays the design settles at other values than without: there is an error in here.
        """
        before = self.values.copy()
        self._edge(lanes if count else np.uint64(0))
        for places, words in inputs:
            self.values[places] = words
        start = self.values.copy() if delayed else None
        self._settle()
        if not count:
            return
        changed = (self.values ^ before) & lanes
        transitions = np.bitwise_count(changed)
        self.counts.toggles += transitions
        self.counts.lane_cycles += int(np.bitwise_count(lanes))
        if start is not None:
            self.counts.sampled += transitions
            self.counts.sampled_cycles += int(np.bitwise_count(lanes))
            self._wave(start, lanes)

    def _edge(self, lanes: np.uint64) -> None:
        """Let registers and memories take over; gated clocks that run are counted."""
        values = self.values
        for net, enable in self.plan.gated.items():
            runs = int(np.bitwise_count(values[enable] & lanes))
            self.counts.enabled[net] = self.counts.enabled.get(net, 0) + runs
        taken: list[tuple[Nets, Words]] = []
        for group in self.plan.registers:
            words = group.program.run([values.take(places) for places in group.inputs])
            if group.enables is not None:
                open_ = values.take(group.enables)
                words = (words & open_) | (values.take(group.outs) & ~open_)
            taken.append((group.outs, words))
        mask = np.array([lanes], dtype=np.uint64)
        place = self.plan.place
        taken.extend((place[memory.outs], memory.edge(values, place, mask)) for memory in self.memories)
        for outs, words in taken:
            values[outs] = words

    def _settle(self) -> None:
        """Evaluate all gates, level by level."""
        values = self.values
        for group in self.plan.levels:
            group.program.run([values.take(places) for places in group.inputs], values[group.start : group.stop])

    def _wave(self, values: Words, lanes: np.uint64) -> None:
        """Evaluate all gates at once, again and again until nothing changes, and count every transition.

        A gate on level n can change up to n units of time after the edge, so later steps leave lower levels out.
        """
        delayed = self.counts.delayed
        for step in range(1, self.plan.depth + 1):
            found: list[tuple[Nets, Words]] = []
            for wave in self.plan.waves:
                begin = int(np.searchsorted(wave.levels, step))
                if begin == len(wave.outs):
                    continue
                words = wave.program.run([values.take(places[begin:]) for places in wave.inputs])
                outs = wave.outs[begin:]
                delayed[outs] += np.bitwise_count((words ^ values.take(outs)) & lanes)
                found.append((outs, words))
            for outs, words in found:
                values[outs] = words
        if (values != self.values).any():
            raise CheckError("Simulation with delays must settle where the one without does, but did not")
