"""What is proven of a whole design: its streams, that it never stops, that its sums fit."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from ...errors import ToolError, must
from ...generators.design import Design, emit_design
from ...generators.spec import Spec
from .decide import NO_TIME, Place, cover, decide
from .engine import Answer, Search, find_abc
from .harness import given, handshakes_harness, progress_harness, rules_harness, stall_harness, transfer_harness
from .paths import forbidden_paths, reached_inputs
from .prepare import prepare_paths
from .proof import Proof, ProofReport, Status
from .registers import prove_registers
from .smt import find_solver
from .sums import prove_sums, sums_of

__all__ = ["TIME_LIMIT", "DesignProver", "patience", "prove", "prove_verilog"]

TIME_LIMIT = 60.0
"""Seconds of one proof."""
DEPTH_LATENCIES = 4
"""Latencies of the design to which a bounded search goes."""
COVER_LATENCIES = 16
"""Latencies of the design to which traces are looked for."""

Tell = Callable[[str, int, int], None]


def patience(design: Design) -> int:
    """Return in how many cycles a beat must move where all is offered and taken: the design's latency.

    Raises
    ------
    InputError
        Where the manifest does not state it.
    """
    cycles = design.manifest.timing.get("latency_cycles")
    if not isinstance(cycles, int) or cycles < 1:
        raise must(f"Timing of {design.manifest.name}", "state latency_cycles, a positive integer", cycles)
    return cycles


class DesignProver:
    """The proofs of one design; each is a method, named in `proofs`.

    Parameters
    ----------
    design
        Verilog and manifest.
    spec
        Its specification.
    place
        Where and how long.
    """

    def __init__(self, design: Design, spec: Spec, place: Place) -> None:
        self.design, self.spec, self.place = design, spec, place
        self.manifest = design.manifest

    @property
    def proofs(self) -> dict[str, Callable[[], Proof]]:
        """The proofs by name, in the order in which they are made; those of sums only where there are sums."""
        sums = sums_of(self.spec)
        found = {"paths": self.paths, "offers": self.offers, "streams": self.streams, "progress": self.progress}
        if sums:
            found["sums"] = lambda: prove_sums(self.spec)
        if any(each.module for each in sums):
            found["registers"] = lambda: prove_registers(self.place, self.design, self.spec)
        return found

    def paths(self) -> Proof:
        """Prove that no path within a cycle couples handshakes."""
        claim = "no output's valid depends on a ready in the same cycle, and no input's ready on its own valid"
        clock = Search(self.place.seconds)
        sources = {**self.place.design, "proof.sv": handshakes_harness(self.manifest)}
        try:
            graph = prepare_paths(self.place.folder / "paths", sources, timeout=self.place.seconds)
        except ToolError:
            if clock.spent < clock.seconds:
                raise
            return Proof("paths", claim, "structural", "not finished", seconds=clock.spent, note=NO_TIME)
        reached = reached_inputs(graph)
        found = forbidden_paths(self.manifest, reached)
        status: Status = "failed" if found else "proven"
        return Proof("paths", claim, "structural", status, seconds=clock.spent, note="; ".join(found)[:200])

    def offers(self) -> Proof:
        """Show for every output a trace in which it offers a beat without ever having seen ready."""
        most = self._cover_depth
        claim = f"within {most} cycles every output can offer its first beat though it has never seen ready"
        depth, seconds, missing = self._stalls
        proof = Proof("offers", claim, "trace", "proven", depth=depth, cover=depth, seconds=seconds)
        if missing is None:
            return proof
        name, searched = missing
        status: Status = "failed" if searched >= most else "not finished"
        note = f"no trace of {searched} cycles in which {name} does"
        return replace(proof, status=status, depth=searched, cover=None, note=note)

    def streams(self) -> Proof:
        """Prove the stream rules; a beat that every output offers and cannot get rid of is their cover."""
        claim = "outputs hold what they offer until it is taken and offer nothing out of reset, resets at any time"
        proof = decide(self.place, "streams", claim, rules_harness(self.manifest))
        depth, _, missing = self._stalls
        return _with_cover(proof, depth + 1, missing)

    def progress(self) -> Proof:
        """Prove that the design never stops; a transfer on every output is the cover."""
        cycles = patience(self.design)
        claim = f"a beat moves at least every {cycles} cycles where all inputs are offered and all outputs taken"
        deep = replace(self.place, depth=max(self.place.depth, 2 * cycles))
        proof = decide(deep, "progress", claim, progress_harness(self.manifest, cycles))
        if proof.status == "failed":
            return proof
        depth, seconds, missing = self._covers("gives", transfer_harness)
        return _with_cover(replace(proof, seconds=proof.seconds + seconds), depth, missing)

    @property
    def _cover_depth(self) -> int:
        return max(COVER_LATENCIES * patience(self.design), self.place.depth)

    @cached_property
    def _stalls(self) -> tuple[int, float, tuple[str, int] | None]:
        """Cycles to a beat that was offered before any ready, on all outputs; seconds; the output that has none."""
        return self._covers("offers", stall_harness)

    def _covers(self, name: str, harness: Callable[..., str]) -> tuple[int, float, tuple[str, int] | None]:
        """Look for a trace for every output; return the longest, the seconds, and an output without one."""
        clock, depth = Search(self.place.seconds), 0
        for stream in given(self.manifest):
            answer: Answer = cover(
                self.place, f"{name}-{stream.port.name}", harness(self.manifest, stream), self._cover_depth
            )
            if answer.kind != "failed":
                return depth, clock.spent, (stream.port.name, answer.cycles)
            depth = max(depth, answer.cycles)
        return depth, clock.spent, None


def _with_cover(proof: Proof, depth: int, missing: tuple[str, int] | None) -> Proof:
    """Add the cover of a proof; without one it may hold for want of anything to check, and then proves nothing."""
    if proof.status == "failed" or missing is None:
        return proof if proof.status == "failed" else replace(proof, cover=depth)
    name, searched = missing
    note = f"may be vacuous: no trace of {searched} cycles reaches a beat of {name}"
    return replace(proof, status="not finished", depth=searched, note=note)


def prove(
    spec: Spec,
    only: Sequence[str] | None = None,
    depth: int | None = None,
    time_limit: float = TIME_LIMIT,
    traces: Path | None = None,
    tell: Tell = lambda *_: None,
) -> ProofReport:
    """Prove what can be proven of a specification's design.

    Parameters
    ----------
    spec
        What to make.
    only
        Names of proofs; all if not given.
    depth
        Cycles that bounded searches go to, where no proof for all time is found; four latencies if not given.
    time_limit
        Seconds for each proof.
    traces
        Folder for waveforms of counterexamples.
    tell
        Called before each proof with its name, its number and how many there are.

    Raises
    ------
    InputError
        Where a name is unknown.
    ToolError
        Where Yosys, ABC or the solver is missing or fails.
    """
    return prove_verilog(emit_design(spec), spec, only, depth, time_limit, traces, tell)


def prove_verilog(
    design: Design,
    spec: Spec,
    only: Sequence[str] | None = None,
    depth: int | None = None,
    time_limit: float = TIME_LIMIT,
    traces: Path | None = None,
    tell: Tell = lambda *_: None,
) -> ProofReport:
    """Prove it of any Verilog that goes with a specification's manifest; arguments as `prove`."""
    find_abc()
    bound = DEPTH_LATENCIES * patience(design) if depth is None else depth
    with tempfile.TemporaryDirectory(prefix="rtloom-prove-") as folder:
        name = design.manifest.name
        place = Place(Path(folder), {"design.v": design.verilog}, bound, time_limit, traces, name)
        known = DesignProver(design, spec, place).proofs
        wanted = chosen(known, only)
        if "registers" in wanted:
            find_solver()
        made = []
        for number, wish in enumerate(wanted):
            tell(wish, number, len(wanted))
            made.append(known[wish]())
    return ProofReport(name, design.manifest.digest, tuple(made))


def chosen(known: dict[str, Callable[[], Proof]], only: Sequence[str] | None) -> list[str]:
    """Return the names of the proofs to be made.

    Raises
    ------
    InputError
        Where one is unknown.
    """
    for name in only or ():
        if name not in known:
            raise must("Option --only", f"be one of {', '.join(known)}", name)
    return [name for name in known if not only or name in only]
