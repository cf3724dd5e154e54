"""What an engine saw: for every run and stream the cycle and the content of each beat, and what was unknown."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...hdl.ports import Beats, StreamPort

__all__ = ["EngineResult", "RunTrace", "StreamTrace", "Unknown", "unknown_lanes"]

Known = dict[str, NDArray[np.bool_]]


@dataclass(frozen=True)
class StreamTrace:
    """The beats of one stream in one run.

    Parameters
    ----------
    cycles
        Cycle in which each beat moved, ``(beats,)``; cycle 1 is the first after reset.
    beats
        Fields of each beat and, where there is such a flag, `last`; empty for an input.
    unknown
        For each field which lanes were X or Z, ``(beats, lanes)``; empty where the engine knows no X.
    """

    cycles: NDArray[np.int64]
    beats: Beats = field(default_factory=dict)
    unknown: Known = field(default_factory=dict)


@dataclass(frozen=True)
class Unknown:
    """A wire that was X or Z where it must be known, and the first cycle of it; cycle 0 is in reset."""

    stream: str
    wire: str
    cycle: int
    times: int = 1


@dataclass(frozen=True)
class RunTrace:
    """One run on one engine.

    Parameters
    ----------
    streams
        By name.
    cycles
        Until the last output beat, as `sim.native.StreamRun` counts them.
    problem
        A broken rule or a hang in words, empty where it came to its end; `streams` are then empty or not complete.
    unknowns
        Unknown wires.
    """

    streams: Mapping[str, StreamTrace]
    cycles: int
    problem: str = ""
    unknowns: tuple[Unknown, ...] = ()


@dataclass(frozen=True)
class EngineResult:
    """All runs on one engine, by name, and what it took.

    Parameters
    ----------
    name
        ``verilator``, ``icarus`` or ``netlist``.
    title
        What was run, with versions.
    runs
        By the run's name.
    build_seconds, run_seconds
        Wall-clock time.
    notes
        What a reader has to know about it.
    """

    name: str
    title: str
    runs: Mapping[str, RunTrace]
    build_seconds: float
    run_seconds: float
    notes: tuple[str, ...] = ()


def unknown_lanes(port: StreamPort, mask: NDArray[np.uint8]) -> Known:
    """Return which lanes have an unknown bit, from ``(beats, nbytes)`` masks of the unknown bits."""
    bits = np.unpackbits(mask, axis=1, bitorder="little")
    found: Known = {}
    at = 0
    for part in port.fields:
        lanes = bits[:, at : at + part.width].reshape(len(mask), part.lanes, part.format.bits)
        found[part.name] = np.asarray(lanes.any(axis=2))
        at += part.width
    return found
