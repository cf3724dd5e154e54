"""Replays runs of the RTL on a netlist of gates and compares every cycle of its streams."""

from collections.abc import Sequence

import numpy as np

from ...errors import CheckError
from ...hdl.manifest import Manifest
from ...sim.native import RESET_CYCLES
from .flat import Nets
from .functions import Words
from .memories import bits_of_lanes
from .plan import Plan
from .simulator import GateSimulator
from .stimulus import Driven, Expected, Stimulus

__all__ = ["replay"]

ALL = np.uint64(2**64 - 1)
NONE = np.uint64(0)


def replay(plan: Plan, manifest: Manifest, stimulus: Stimulus, glitch_cycles: int = 0) -> GateSimulator:
    """Simulate the netlist with what the RTL's ports held, and return the simulator with all that it counted.

    Parameters
    ----------
    plan
        The netlist.
    manifest
        Of the design, which names its ports.
    stimulus
        What the ports held.
    glitch_cycles
        How many cycles, spread evenly over the longest run, are simulated with delays as well.

    Raises
    ------
    CheckError
        In some cycle the netlist offers or takes another beat than the RTL: stream, run and cycle.
    """
    simulator = GateSimulator(plan)
    _reset(simulator, manifest, stimulus)
    chosen = set(np.linspace(1, stimulus.cycles, glitch_cycles).astype(int).tolist()) if glitch_cycles else set()
    release = (plan.port(manifest.reset.name), _constant(manifest.reset.active_low))
    for row in range(stimulus.cycles):
        inputs = [release] if row == 0 else []
        for stream in stimulus.inputs:
            inputs.extend(_offer(plan, stream, row))
        simulator.cycle(inputs, stimulus.active[row], delayed=row + 1 in chosen)
        for stream in stimulus.inputs:
            _compare_ready(plan, simulator.values, stream, row)
        for output in stimulus.outputs:
            _compare(plan, simulator.values, output, row)
    return simulator


def _reset(simulator: GateSimulator, manifest: Manifest, stimulus: Stimulus) -> None:
    """Hold the design in reset as the native simulation does: nothing offered, outputs ready."""
    plan = simulator.plan
    inputs = [(plan.port(manifest.reset.name), _constant(not manifest.reset.active_low))]
    inputs += [(plan.port(output.bound.signals.ready), _constant(True)) for output in stimulus.outputs]
    for _ in range(RESET_CYCLES):
        simulator.cycle(inputs, count=False)
        inputs = []


def _constant(value: bool) -> Words:
    """Return one word that is the same in all runs."""
    return np.array([ALL if value else NONE], dtype=np.uint64)


def _offer(plan: Plan, stream: Driven, row: int) -> Sequence[tuple[Nets, Words]]:
    """Return what an input stream holds in a cycle."""
    signals = stream.bound.signals
    width = stream.bound.port.width
    found = [
        (plan.port(signals.valid), stream.valid[row : row + 1]),
        (plan.port(signals.data)[:width], stream.data[row]),
    ]
    return [*found, (plan.port(signals.last), stream.last[row : row + 1])] if signals.last else found


def _compare_ready(plan: Plan, values: Words, stream: Driven, row: int) -> None:
    """Check that the netlist takes the beats that the RTL took."""
    ready = values[plan.port(stream.bound.signals.ready)[0]]
    _refuse(ready & stream.valid[row] ^ stream.taken[row], stream.bound.port.name, "take beats", row)


def _compare(plan: Plan, values: Words, stream: Expected, row: int) -> None:
    """Check that the netlist gives the beats that the RTL gave."""
    signals, name = stream.bound.signals, stream.bound.port.name
    lanes = stream.valid[row]
    _refuse(values[plan.port(signals.valid)[0]] & ALL ^ lanes, name, "offer beats", row)
    if lanes:
        wrong = (values[plan.port(signals.data)[: stream.bound.port.width]] ^ stream.data[row]) & lanes
        _refuse(np.bitwise_or.reduce(wrong), name, "hold the data", row)
        if signals.last:
            _refuse((values[plan.port(signals.last)[0]] ^ stream.last[row]) & lanes, name, "hold the flag", row)


def _refuse(wrong: np.uint64, stream: str, deed: str, row: int) -> None:
    """Raise if any run differs."""
    if wrong:
        run = int(np.flatnonzero(bits_of_lanes(np.array([wrong]))[:, 0])[0])
        raise CheckError(f"Netlist must {deed} of the RTL on {stream}, but differs in cycle {row + 1} of run {run}")
