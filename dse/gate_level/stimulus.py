"""What a design's ports held in every cycle of a run without stalls, rebuilt for up to 64 runs at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import must
from ...generators.family import Job
from ...hdl.manifest import BoundStream, Manifest
from ...hdl.ports import Beats
from ...sim.native import StreamRun
from .functions import Words
from .memories import LANES

__all__ = ["Driven", "Expected", "Stimulus", "stimulus"]


@dataclass(frozen=True)
class Driven:
    """An input stream: words of valid ``(cycles,)``, data ``(cycles, bits)`` and last; when ready must be seen.

    `taken` has the runs in which a beat moves in that cycle: among those with valid, exactly they see ready.
    """

    bound: BoundStream
    valid: Words
    data: Words
    last: Words
    taken: Words


@dataclass(frozen=True)
class Expected:
    """An output stream, always ready: runs in which it is valid in that cycle, and what they must then hold."""

    bound: BoundStream
    valid: Words
    data: Words
    last: Words


@dataclass(frozen=True)
class Stimulus:
    """Ports of up to 64 runs, cycle by cycle; row 0 is cycle 1, the first after the reset.

    Parameters
    ----------
    inputs, outputs
        Streams.
    active
        Runs that still go on in each cycle, ``(cycles,)``.
    lanes
        How many runs there are.
    """

    inputs: tuple[Driven, ...]
    outputs: tuple[Expected, ...]
    active: Words
    lanes: int

    @property
    def cycles(self) -> int:
        """Cycles of the longest run."""
        return len(self.active)


def stimulus(manifest: Manifest, jobs: Sequence[Job], runs: Sequence[StreamRun]) -> Stimulus:
    """Rebuild the ports of runs without stalls from when each beat moved.

    A beat is offered from the cycle after its predecessor was taken, the first one from cycle 1, until it is taken
    itself; outputs are always ready. While nothing is offered the data of an input stay as they were, as behind a
    register: the native simulation puts rubbish there, which the design must not look at.

    Raises
    ------
    InputError
        There are more than 64 jobs, or none.
    """
    if not 1 <= len(jobs) <= LANES or len(jobs) != len(runs):
        raise must("Gate-level jobs", f"be 1 to {LANES}", len(jobs))
    cycles = max(run.cycles for run in runs)
    active = _lanes([np.arange(1, cycles + 1) <= run.cycles for run in runs])
    inputs, outputs = [], []
    for bound in manifest.streams:
        name = bound.port.name
        moved = [run.streams[name].cycles for run in runs]
        if bound.port.direction == "in":
            inputs.append(_driven(bound, [job.inputs.get(name) for job in jobs], moved, cycles))
        else:
            outputs.append(_expected(bound, [run.outputs[name] for run in runs], moved, cycles))
    return Stimulus(tuple(inputs), tuple(outputs), active, len(jobs))


def _driven(
    bound: BoundStream, beats: Sequence[Beats | None], moved: Sequence[NDArray[np.int64]], cycles: int
) -> Driven:
    """Build an input stream."""
    times = np.arange(1, cycles + 1)
    data = np.zeros((cycles, bound.port.width), dtype=np.uint64)
    last = np.zeros(cycles, dtype=np.uint64)
    offered, taken = [], []
    for lane, (values, at) in enumerate(zip(beats, moved, strict=True)):
        current = np.searchsorted(at, times)  # beats taken before this cycle
        offered.append(current < len(at))
        taken.append(np.isin(times, at))
        if values is not None and len(at):
            shown = np.minimum(current, len(at) - 1)
            bits, flags = _bits(bound, values)
            data |= bits[shown].astype(np.uint64) << np.uint64(lane)
            last |= flags[shown].astype(np.uint64) << np.uint64(lane)
    return Driven(bound, _lanes(offered), data, last, _lanes(taken))


def _expected(bound: BoundStream, beats: Sequence[Beats], moved: Sequence[NDArray[np.int64]], cycles: int) -> Expected:
    """Build an output stream."""
    data = np.zeros((cycles, bound.port.width), dtype=np.uint64)
    last = np.zeros(cycles, dtype=np.uint64)
    valid = np.zeros(cycles, dtype=np.uint64)
    for lane, (values, at) in enumerate(zip(beats, moved, strict=True)):
        if len(at):
            bits, flags = _bits(bound, values)
            data[at - 1] |= bits.astype(np.uint64) << np.uint64(lane)
            last[at - 1] |= flags.astype(np.uint64) << np.uint64(lane)
            valid[at - 1] |= np.uint64(1 << lane)
    return Expected(bound, valid, data, last)


def _bits(bound: BoundStream, beats: Beats) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the bits of each beat, ``(beats, width)``, and its flag."""
    packed = bound.port.pack(beats)
    bits = np.unpackbits(packed, axis=1, count=bound.port.width, bitorder="little")
    flags = np.asarray(beats["last"] if bound.port.last else np.zeros(len(packed))).astype(np.uint8)
    return bits, flags


def _lanes(rows: Sequence[NDArray[np.bool_]]) -> Words:
    """Return one word a column of rows of flags, row i in bit i."""
    words = np.zeros(len(rows[0]), dtype=np.uint64)
    for lane, row in enumerate(rows):
        words |= row.astype(np.uint64) << np.uint64(lane)
    return words
