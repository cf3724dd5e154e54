"""Both ends of a stream, cycle by cycle and without a simulator: sources that offer, sinks that check."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..hdl.ports import StreamPort
from ..sim.activity import Activity, Counter
from .scenarios import Expected, Sent

__all__ = ["BenchError", "Observed", "Sink", "Source", "activity", "hanging", "strains", "words_of"]

Go = NDArray[np.bool_]


@dataclass
class BenchError(Exception):
    """A check of the bench that failed.

    Parameters
    ----------
    text
        What must hold and what was seen instead.
    stream, beat, field, lane, expected, got, cycle
        Where, as far as the check concerns it.
    kind
        ``protocol``: a rule of the streams; ``value`` or ``flag``: what a beat holds; ``beats``: too many or too few;
        ``never_ready`` or ``deadlock``: nothing moves; ``cycles``: not as many as the formula says.
    """

    text: str
    stream: str | None = None
    beat: int | None = None
    field: str | None = None
    lane: int | None = None
    expected: int | None = None
    got: int | None = None
    cycle: int | None = None
    kind: str = "protocol"

    def __str__(self) -> str:
        return self.text if self.cycle is None else f"{self.text}; cycle {self.cycle}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for the failures file."""
        return asdict(self)


@dataclass(frozen=True)
class Observed:
    """One stream in one cycle, as seen at the clock edge; `data` is None where a bit is unknown."""

    valid: bool
    ready: bool
    data: int | None
    last: bool


def words_of(data: NDArray[np.uint8]) -> list[int]:
    """Return each beat's bytes as one number."""
    return [int.from_bytes(row.tobytes(), "little") for row in data]


class Source:
    """Offers beats in order and keeps each until it is taken; what lies on the wires in between is rubbish.

    Parameters
    ----------
    port
        The input stream.
    sent
        Its beats.
    go
        Repeating pattern: a new beat is offered only in a cycle with True.
    """

    def __init__(self, port: StreamPort, sent: Sent, go: Go | None = None) -> None:
        self.port = port
        self.words = words_of(sent.data)
        self.lasts = sent.last
        self.go = go
        self.taken = 0
        self.offering = False
        self.held = 0
        self.counter = Counter()

    @property
    def done(self) -> bool:
        """Whether every beat was taken."""
        return self.taken == len(self.words)

    def offer(self, cycle: int) -> tuple[bool, int, bool]:
        """Return valid, data and last for this cycle, the first one being 1."""
        if not self.offering and not self.done:
            self.offering = self.go is None or bool(self.go[(cycle - 1) % len(self.go)])
        if not self.offering:
            return False, self._rubbish(), True
        return True, self.words[self.taken], self.lasts is not None and bool(self.lasts[self.taken])

    def edge(self, ready: bool) -> None:
        """Take note of the clock edge that ends the cycle."""
        self.counter.edge(valid=self.offering, ready=ready, more=not self.done)
        if self.offering and ready:
            self.taken += 1
            self.offering = False
        elif self.offering:
            self.held += 1

    def watched(self, valid: bool, ready: bool) -> None:
        """Take note of a clock edge where others drive the stream."""
        self.counter.edge(valid=valid, ready=ready, more=self.counter.counts["moved"] < len(self.words))

    def _rubbish(self) -> int:
        """Return the complement of the next word: a design that looks at data without valid is found out."""
        word = self.words[self.taken % len(self.words)] if self.words else 0
        return ~word & ((1 << (8 * self.port.nbytes)) - 1)


class Sink:
    """Takes beats, compares them with the expected ones and checks the rules of the stream.

    Parameters
    ----------
    port
        The output stream.
    expected
        Its beats.
    go
        Repeating pattern: ready in cycles with True.
    patient
        Ready only in the cycle after valid was seen: a design that waits for ready before valid hangs.
    """

    def __init__(self, port: StreamPort, expected: Expected, go: Go | None = None, *, patient: bool = False) -> None:
        self.port = port
        self.expected = expected
        self.total = len(next(iter(expected.fields.values())))
        self.go = go
        self.patient = patient
        self.count = 0
        self.waiting: Observed | None = None
        self.counter = Counter()

    @property
    def done(self) -> bool:
        """Whether all expected beats came."""
        return self.count == self.total

    def willing(self, cycle: int) -> bool:
        """Return ready for this cycle, the first one being 1."""
        if self.patient:
            return self.waiting is not None
        return self.go is None or bool(self.go[(cycle - 1) % len(self.go)])

    def edge(self, cycle: int, seen: Observed) -> None:
        """Check the clock edge that ends the cycle.

        Raises
        ------
        BenchError
            Where a rule is broken or a beat is wrong.
        """
        self._rules(cycle, seen)
        self.counter.edge(valid=seen.valid, ready=seen.ready, more=not self.done)
        if seen.valid and seen.ready:
            self._beat(cycle, seen)
            self.count += 1
        self.waiting = seen if seen.valid and not seen.ready else None

    def in_reset(self, cycle: int, seen: Observed) -> None:
        """Check a clock edge during reset."""
        self.waiting = None
        if seen.valid:
            raise self._error("valid must be low in reset, not high", cycle)

    def _rules(self, cycle: int, seen: Observed) -> None:
        """Check that valid stays, data and last hold while they wait, data is known and no beat is too many."""
        before = self.waiting
        if before is not None and not seen.valid:
            raise self._error("valid must stay high until ready, not drop", cycle)
        if not seen.valid:
            return
        if self.done:
            raise self._error(f"must be silent after its {self.total} beats, not give one more", cycle, "beats")
        if seen.data is None:
            raise self._error("data must be known while valid, not hold unknown bits", cycle)
        if before is not None and seen.data != before.data:
            raise self._error(f"data must hold until ready, not change from {before.data:#x} to {seen.data:#x}", cycle)
        if before is not None and seen.last != before.last:
            raise self._error(f"last must hold until ready, not change to {int(seen.last)}", cycle)

    def _beat(self, cycle: int, seen: Observed) -> None:
        """Compare one beat with the expected one, lane by lane."""
        raw = np.frombuffer((seen.data or 0).to_bytes(self.port.nbytes, "little"), dtype=np.uint8)
        fields = self.port.unpack(raw.reshape(1, -1))
        for name, wanted in self.expected.fields.items():
            wrong = (fields[name][0] != wanted[self.count]) & self.expected.counts[name][self.count]
            if wrong.any():
                lane = int(np.argmax(wrong))
                raise self._wrong(cycle, name, lane, int(wanted[self.count, lane]), int(fields[name][0, lane]))
        flags = self.expected.last
        if flags is not None and bool(flags[self.count]) != seen.last:
            raise self._error(f"last must be {int(flags[self.count])}, not {int(seen.last)}", cycle, "flag")

    def _wrong(self, cycle: int, field: str, lane: int, expected: int, got: int) -> BenchError:
        text = f"{self.port.name} lane {lane} of beat {self.count} must be {expected}, not {got}"
        if len(self.port.fields) > 1:
            text = f"{self.port.name}.{field}{text.removeprefix(self.port.name)}"
        return BenchError(text, self.port.name, self.count, field, lane, expected, got, cycle, "value")

    def _error(self, text: str, cycle: int, kind: str = "protocol") -> BenchError:
        text = f"{self.port.name} {text}; beat {self.count}"
        return BenchError(text, self.port.name, self.count, cycle=cycle, kind=kind)


def strains(sources: Sequence[Source], sinks: Sequence[Sink]) -> bool:
    """Return whether an output beat waited in the last cycle while an input was idle."""
    return any(sink.counter.stalled for sink in sinks) and any(source.counter.idling for source in sources)


def activity(sources: Sequence[Source], sinks: Sequence[Sink]) -> dict[str, Activity]:
    """Return what each stream went through so far."""
    counters = [(source.port, source.counter) for source in sources] + [(sink.port, sink.counter) for sink in sinks]
    return {port.name: counter.activity for port, counter in counters}


def hanging(sources: Sequence[Source], sinks: Sequence[Sink], cycle: int) -> BenchError:
    """Return the error for a design that does not come to its end, with how far each stream got."""
    late = next((sink for sink in sinks if not sink.done), None)
    kind = "deadlock" if any(source.taken for source in sources) else "never_ready"
    got = ", ".join(
        [f"{source.port.name} took {source.taken} of {len(source.words)}" for source in sources]
        + [f"{sink.port.name} gave {sink.count} of {sink.total}" for sink in sinks]
    )
    if late is not None:
        return BenchError(
            f"{late.port.name} must give {late.total} beats, not hang after {late.count} ({got})",
            late.port.name,
            late.count,
            cycle=cycle,
            kind=kind,
        )
    stuck = next(source for source in sources if not source.done)
    return BenchError(
        f"{stuck.port.name} must take {len(stuck.words)} beats, not {stuck.taken}, by the end of the outputs ({got})",
        stuck.port.name,
        stuck.taken,
        cycle=cycle,
        kind=kind,
    )
