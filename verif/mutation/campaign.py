"""A campaign: faults in a design, each tried until something is found wrong; what survives is proven or shown."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...errors import CheckError
from ...figures import Figure
from ...generators.design import Design, emit_design
from ...generators.spec import Spec, load
from ...sim.native import NativeModel
from .equivalence import GIVEN, Prover
from .faults import SELECT, Fault, inject
from .trials import Trial, trials

__all__ = ["MutationReport", "Verdict", "mutate"]

WORKERS = 2
FIRST = 2
"""Rounds before proofs are looked for."""
Tell = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True)
class Verdict:
    """What became of a fault.

    Parameters
    ----------
    fault
        The fault.
    state
        ``killed``, ``survived``, or ``equivalent`` where it is proven to change nothing.
    trial, message
        Which trial killed it, and what was wrong; of one that survived what is known about it, of one that changes
        nothing what was proven.
    source
        The line of Verilog that it stands for.
    """

    fault: Fault
    state: str
    trial: str = ""
    message: str = ""
    source: str = ""


@dataclass(frozen=True)
class MutationReport:
    """What a campaign found.

    Parameters
    ----------
    design
        Name of the design.
    seed
        Of the faults, the data and the stalls.
    trials
        How many runs a surviving fault has behind it.
    verdicts
        One for each fault, in order.
    seconds
        Of injection and build, of the trials, of the proofs.
    """

    design: str
    seed: int
    trials: int
    verdicts: tuple[Verdict, ...]
    seconds: tuple[float, float, float]

    def count(self, state: str) -> int:
        """Return how many faults are in a state."""
        return sum(verdict.state == state for verdict in self.verdicts)

    @property
    def score(self) -> float:
        """Share of the faults not proven equivalent that were killed, 0 to 1."""
        counted = len(self.verdicts) - self.count("equivalent")
        return self.count("killed") / counted if counted else 1.0

    @property
    def survivors(self) -> tuple[Verdict, ...]:
        """Return the faults that nothing found and no proof explains."""
        return tuple(verdict for verdict in self.verdicts if verdict.state == "survived")

    @property
    def conditional(self) -> tuple[Verdict, ...]:
        """Return the faults that change nothing as long as the surroundings keep the rules of the streams."""
        return tuple(verdict for verdict in self.verdicts if verdict.state == "equivalent" and GIVEN in verdict.message)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as ``--json`` prints them."""
        states = ("killed", "equivalent", "survived")
        named = zip(("inject and build", "trials", "proofs"), self.seconds, strict=True)
        return {
            "report": "mutation",
            "design": self.design,
            "seed": self.seed,
            "trials": self.trials,
            "faults": {
                state: Figure(self.count(state), "faults", "rtl-sim, Yosys mutate").to_dict() for state in states
            },
            "score": Figure(100 * self.score, "%", "killed of those not proven equivalent").to_dict(),
            "seconds": {name: Figure(spent, "s", "measured").to_dict() for name, spent in named},
            "survivors": [
                {
                    "fault": str(verdict.fault),
                    "lines": list(verdict.fault.lines),
                    "source": verdict.source,
                    "proof": verdict.message,
                }
                for verdict in self.survivors
            ],
            "equivalent": [
                {"fault": str(verdict.fault), "lines": list(verdict.fault.lines), "proof": verdict.message}
                for verdict in self.verdicts
                if verdict.state == "equivalent"
            ],
        }

    def __str__(self) -> str:
        built, tried, proven = self.seconds
        return (
            f"{self.design} (seed {self.seed}): {self.count('killed')} of {len(self.verdicts)} faults killed, "
            f"{self.count('equivalent')} proven to change nothing, {len(self.survivors)} survived all "
            f"{self.trials} runs; score {self.score:.2%} (rtl-sim); {built:.0f} s to build, {tried:.0f} s of runs, "
            f"{proven:.0f} s of proofs (measured)"
        )


def mutate(
    spec: str | Path | Spec | dict[str, Any],
    count: int = 1000,
    seed: int = 1,
    rounds: int = 8,
    prove: bool = True,
    tell: Tell = lambda _what, _done, _all: None,
) -> MutationReport:
    """Put faults into a design, try each, and prove of survivors that they change nothing, where that can be proven.

    All faults are in one simulator, selected by an input, so that it is built once.

    Parameters
    ----------
    spec
        Preset, YAML file or loaded spec.
    count
        Faults.
    seed
        Of the choice of faults, of data and stalls.
    rounds
        How often all trials are made, each time with other data, stalls and start values, for faults that survived.
    prove
        Whether to look for proofs.
    tell
        Called as the work goes on.

    Raises
    ------
    InputError
        Where spec or count break a rule.
    CheckError
        Where the design fails a trial without any fault.
    ToolError
        Where Yosys or the simulator cannot be built or run.
    """
    loaded = load(spec)
    started = time.perf_counter()
    tell("faults and simulator", 0, 1)
    design = emit_design(loaded)
    faulty = inject(design, count, seed)
    model = NativeModel(faulty.verilog, design.manifest)
    built = time.perf_counter()
    faults = faulty.faults
    found = {fault.number: Verdict(fault, "survived") for fault in faults}
    made = _rounds(loaded, model, found, seed, range(min(FIRST, rounds)), tell)
    tried = time.perf_counter()
    if prove:
        _prove(faulty.netlist, design, found, tell)
    proven = time.perf_counter()
    made += _rounds(loaded, model, found, seed, range(FIRST, rounds), tell)
    lines = design.verilog.splitlines()
    shown = tuple(_with_source(found[fault.number], lines) for fault in faults)
    spent = (built - started, tried - built + time.perf_counter() - proven, proven - tried)
    return MutationReport(loaded.name, seed, made, shown, spent)


def _rounds(spec: Spec, model: NativeModel, found: dict[int, Verdict], seed: int, turns: range, tell: Tell) -> int:
    """Try the faults that are left, in each turn with other data and stalls; return how many runs one has survived."""
    made = 0
    for turn in turns:
        left = [verdict for verdict in found.values() if verdict.state == "survived"]
        runs = trials(spec, spec.family.ports(spec.params), seed + 1000 * turn, turn) if left else []
        for trial in runs:
            if message := trial.failure(model, (SELECT, 0)):
                raise CheckError(f"{spec.name} must pass without a fault, but fails {trial.name}: {message}")
        found |= {verdict.fault.number: verdict for verdict in _tried(model, runs, left, tell)}
        made += len(runs)
    return made


def _tried(model: NativeModel, runs: list[Trial], left: list[Verdict], tell: Tell) -> list[Verdict]:
    """Try every fault, the quickest trial first."""

    def tried(before: Verdict) -> Verdict:
        for trial in runs:
            if message := trial.failure(model, (SELECT, before.fault.number)):
                return Verdict(before.fault, "killed", trial.name, message)
        return before

    found = []
    # A run does not hold the interpreter's lock, so that threads use all cores.
    with ThreadPoolExecutor(WORKERS) as pool:
        for done, result in enumerate(pool.map(tried, left), 1):
            found.append(result)
            tell("trials", done, len(left))
    return found


def _prove(netlist: str, design: Design, found: dict[int, Verdict], tell: Tell) -> None:
    """Look for a proof for each survivor."""
    left = [verdict.fault for verdict in found.values() if verdict.state == "survived"]
    if not left:
        return
    tell("proofs", 0, len(left))
    prover = Prover(netlist, design.manifest, left)
    with ThreadPoolExecutor(WORKERS) as pool:
        for done, (fault, answer) in enumerate(zip(left, pool.map(prover.answer, left), strict=True), 1):
            state = "equivalent" if answer.equal else "survived"
            found[fault.number] = Verdict(fault, state, message=answer.words)
            tell("proofs", done, len(left))


def _with_source(verdict: Verdict, lines: list[str]) -> Verdict:
    """Return the verdict with the line of Verilog that its fault stands for."""
    at = verdict.fault.lines[0] if verdict.fault.lines else 0
    if verdict.state != "survived" or not 0 < at <= len(lines):
        return verdict
    return replace(verdict, source=lines[at - 1].strip())
