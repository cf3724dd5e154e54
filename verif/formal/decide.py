"""One claim decided: proven for all time, bounded, failed with a simulated trace, or not finished."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ...errors import ToolError
from .engine import SEARCH_SECONDS, Answer, Search, induction, merge, search
from .harness import rules_file
from .prepare import prepare
from .proof import Proof, Status
from .traces import broken_assertion, write_wave

__all__ = ["NO_TIME", "Place", "cover", "decide", "keep_trace"]

NO_TIME = "Yosys needed all of the time"
"""Note of a proof whose gates were not ready in time."""
WAVE_SECONDS = 120.0
"""Seconds for writing a waveform."""
LEAST_PREPARATION = 120.0
"""Seconds that Yosys has for a trace's gates, whatever the time limit: without them nothing can be said."""


@dataclass(frozen=True)
class Place:
    """Where and how long proofs are made.

    Parameters
    ----------
    folder
        Working folder.
    design
        File name -> Verilog of the design.
    depth
        Cycles that a bounded search goes to.
    seconds
        Time limit of one proof.
    traces
        Folder for waveforms of counterexamples; None keeps none.
    stem
        Of their names.
    """

    folder: Path
    design: Mapping[str, str]
    depth: int
    seconds: float
    traces: Path | None
    stem: str

    def sources(self, harness: str) -> dict[str, str]:
        """Return all Verilog of a proof."""
        return {**self.design, "rules.sv": rules_file(), "proof.sv": harness}


def decide(place: Place, name: str, claim: str, harness: str, *, cut: bool = True) -> Proof:
    """Decide a claim about a design.

    Products and large memories are left free at first, which can only break a claim, not make it hold. Where that
    gives a counterexample, the design itself is asked.

    Parameters
    ----------
    place
        Where and how long.
    name, claim
        Of the proof.
    harness
        The proof module.
    cut
        Whether to leave products and large memories free at first.

    Raises
    ------
    ToolError
        Where a tool fails, or a counterexample does not break the claim in simulation.
    """
    clock = Search(place.seconds)
    found = Proof(name, claim, "induction", "not finished")
    for free in (True, False) if cut else (False,):
        folder = place.folder / (f"{name}-free" if free else name)
        try:
            prepare(folder, place.sources(harness), cut=free, timeout=clock.left)
        except ToolError:
            if clock.spent < clock.seconds:
                raise
            return replace(found, seconds=clock.spent, note=NO_TIME)
        found = _settled(place, found, folder, clock)
        if found.status != "failed":
            return replace(found, seconds=clock.spent)
    return replace(_confirmed(place, found, place.folder / name), seconds=clock.spent)


def _settled(place: Place, proof: Proof, folder: Path, clock: Search) -> Proof:
    """Ask the model checker: merge, search quickly, look for an invariant, search as far as the time reaches."""
    if merge(folder, clock.left / 2):
        return replace(proof, status="proven")
    quick = search(folder, place.depth, min(SEARCH_SECONDS, clock.left))
    answer = quick if quick.kind == "failed" else induction(folder, 0.7 * clock.left)
    if answer.kind == "open" and quick.cycles < place.depth:
        answer = search(folder, place.depth, clock.left)
    reached = max(answer.cycles, quick.cycles)
    if answer.kind == "proven":
        return replace(proof, status="proven", method="induction", depth=None)
    if answer.kind == "failed":
        return replace(proof, status="failed", method="bounded", depth=answer.cycles)
    status: Status = "bounded" if reached >= place.depth else "not finished"
    return replace(proof, status=status, method="bounded", depth=reached)


def _confirmed(place: Place, proof: Proof, folder: Path) -> Proof:
    """Simulate the counterexample; keep its waveform."""
    broken = broken_assertion(folder, place.seconds)
    if broken is None:
        raise ToolError(f"a counterexample of {proof.name} must break it in simulation too, but does not")
    return keep_trace(replace(proof, note=f"breaks {broken}"), folder, place.traces, place.stem)


def keep_trace(proof: Proof, folder: Path, traces: Path | None, stem: str) -> Proof:
    """Keep the waveform of a counterexample, and the proof module with which it can be tried again."""
    if traces is None:
        return proof
    traces.mkdir(parents=True, exist_ok=True)
    wave = write_wave(folder, traces / f"{stem}-{proof.name}.vcd", WAVE_SECONDS)
    shutil.copy(folder / "proof.sv", wave.with_suffix(".sv"))
    return replace(proof, trace=str(wave))


def cover(place: Place, name: str, harness: str, depth: int) -> Answer:
    """Look for a trace that a harness says there is none of; ``failed`` means that it was found and simulated.

    Nothing is left free in the design. The search goes to `depth` cycles and takes at most half of the time limit.

    Raises
    ------
    ToolError
        Where a tool fails, or the trace does not do in simulation what it should.
    """
    folder, clock = place.folder / name, Search(max(place.seconds, LEAST_PREPARATION))
    try:
        prepare(folder, place.sources(harness), cut=False, timeout=clock.seconds)
    except ToolError:
        if clock.spent < clock.seconds:
            raise
        return Answer("open", 0)
    answer = search(folder, depth, place.seconds / 2)
    if answer.kind == "failed" and broken_assertion(folder, place.seconds) is None:
        raise ToolError(f"the trace of {name} must be one in simulation too, but is not")
    return answer
