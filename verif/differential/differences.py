"""Where engines, or an engine and the golden model, do not say the same: named by stream, beat, lane and cycle."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...hdl.ports import StreamPort
from .stimulus import Run
from .trace import RunTrace, StreamTrace

__all__ = ["KINDS", "Difference", "differences"]

GOLDEN = "golden"
UNKNOWN = "x"
KINDS = {
    "problem": "an engine breaks a rule of the streams, or hangs",
    "unknown": "a wire or a lane is X or Z where it must be known",
    "beats": "not the same number of beats",
    "value": "not the same value in a lane that counts",
    "last": "not the same flag last",
    "cycle": "a beat does not move in the same cycle",
    "cycles": "the job does not take the cycles of the formula",
}
"""Every kind of difference, in words."""

Said = dict[str, int | str]
Traces = Mapping[str, RunTrace]


@dataclass(frozen=True)
class Difference:
    """The first difference of its kind on a stream in a run.

    Parameters
    ----------
    run
        Name of the run.
    kind
        A name in `KINDS`.
    said
        What each engine said, and ``golden`` where it says something: a value, flag, cycle or number of beats; ``x``
        for unknown, or a sentence.
    stream, beat, field, lane, cycle
        Where; None where it is no matter of one. The cycle is that of Verilator.
    places
        How many places of the run differ in this way.
    """

    run: str
    kind: str
    said: Said
    stream: str | None = None
    beat: int | None = None
    field: str | None = None
    lane: int | None = None
    cycle: int | None = None
    places: int = 1

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    def __str__(self) -> str:
        where = [] if self.stream is None else [self.stream if self.field is None else f"{self.stream}.{self.field}"]
        where += [f"{name} {value}" for name in ("lane", "beat", "cycle") if (value := getattr(self, name)) is not None]
        who: dict[int | str, list[str]] = {}
        for name, value in self.said.items():
            who.setdefault(value, []).append(name)
        told = "; ".join(
            f"{_joined(names)} {'say' if len(names) > 1 else 'says'} {value}" for value, names in who.items()
        )
        more = f" ({self.places} places)" if self.places > 1 else ""
        return f"{self.run}, {self.kind}: {', '.join(where)}{': ' if where else ''}{told}{more}"


def differences(run: Run, ports: Sequence[StreamPort], traces: Traces) -> list[Difference]:
    """Compare what engines saw in one run with each other and with the golden model.

    Parameters
    ----------
    run
        What they got.
    ports
        Streams of the design.
    traces
        For each engine, the one whose cycles are the measure first.
    """
    found = [Difference(run.name, "problem", {name: t.problem}) for name, t in traces.items() if t.problem]
    found += [
        Difference(run.name, "unknown", {name: UNKNOWN}, u.stream, field=u.wire, cycle=u.cycle, places=u.times)
        for name, trace in traces.items()
        for u in trace.unknowns
    ]
    ran = {name: trace for name, trace in traces.items() if not trace.problem}
    for port in ports if ran else ():
        found += _stream(run, port, {name: trace.streams[port.name] for name, trace in ran.items()})
    if ran and run.kind == "free":
        cycles: Said = {name: trace.cycles for name, trace in ran.items()}
        cycles[GOLDEN] = run.vectors.cycles
        found += [Difference(run.name, "cycles", cycles)] if len(set(cycles.values())) > 1 else []
    return found


def _stream(run: Run, port: StreamPort, seen: Mapping[str, StreamTrace]) -> list[Difference]:
    """Compare the beats of one stream."""
    counts: Said = {name: len(trace.cycles) for name, trace in seen.items()}
    job = run.vectors.job
    total = job.outputs[port.name] if port.direction == "out" else len(run.vectors.sent[port.name].data)
    if set(counts.values()) != {total}:
        counts[GOLDEN] = total
        return [Difference(run.name, "beats", counts, port.name)]
    found = _cycles(run, port, seen)
    if port.direction == "in" or not total:
        return found
    expected = run.vectors.expected[port.name]
    for field, golden in expected.fields.items():
        found += _lanes(run, port, field, golden, expected.counts[field], seen)
    if port.last:
        found += _flags(run, port, expected.last, seen)
    return found


def _cycles(run: Run, port: StreamPort, seen: Mapping[str, StreamTrace]) -> list[Difference]:
    """Compare the cycles in which beats moved."""
    table = np.stack([trace.cycles for trace in seen.values()])
    wrong = (table != table[0]).any(axis=0)
    if not wrong.any():
        return []
    at = int(np.argmax(wrong))
    said: Said = {name: int(trace.cycles[at]) for name, trace in seen.items()}
    return [Difference(run.name, "cycle", said, port.name, at, cycle=int(table[0, at]), places=int(wrong.sum()))]


def _lanes(
    run: Run,
    port: StreamPort,
    field: str,
    golden: NDArray[np.int64],
    counts: NDArray[np.bool_],
    seen: Mapping[str, StreamTrace],
) -> list[Difference]:
    """Compare the lanes of a field that count."""
    unknown = {name: trace.unknown.get(field, np.zeros_like(counts)) for name, trace in seen.items()}
    wrong = np.zeros_like(counts)
    for name, trace in seen.items():
        wrong |= (trace.beats[field] != golden) | unknown[name]
    wrong &= counts
    if not wrong.any():
        return []
    beat, lane = (int(at) for at in np.argwhere(wrong)[0])
    said: Said = {
        name: UNKNOWN if unknown[name][beat, lane] else int(trace.beats[field][beat, lane])
        for name, trace in seen.items()
    }
    kind = "unknown" if UNKNOWN in said.values() else "value"
    cycle = int(next(iter(seen.values())).cycles[beat])
    said[GOLDEN] = int(golden[beat, lane])
    return [Difference(run.name, kind, said, port.name, beat, field, lane, cycle, int(wrong.sum()))]


def _flags(
    run: Run, port: StreamPort, golden: NDArray[np.bool_] | None, seen: Mapping[str, StreamTrace]
) -> list[Difference]:
    """Compare the flag last; engines alone where the golden model says nothing about it."""
    table = {name: trace.beats["last"] for name, trace in seen.items()}
    if golden is not None:
        table[GOLDEN] = golden
    stacked = np.stack(list(table.values()))
    wrong = (stacked != stacked[0]).any(axis=0)
    if not wrong.any():
        return []
    at = int(np.argmax(wrong))
    said: Said = {name: int(flags[at]) for name, flags in table.items()}
    cycle = int(next(iter(seen.values())).cycles[at])
    return [Difference(run.name, "last", said, port.name, at, cycle=cycle, places=int(wrong.sum()))]


def _joined(names: Sequence[str]) -> str:
    """Return names as a sentence has them."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
