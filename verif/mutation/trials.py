"""What a faulty design is tried with: jobs of its family with data, stalls and resets, and what must come out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import CheckError
from ...generators.spec import Spec
from ...hdl.ports import StreamPort
from ...sim.native import RESET_CYCLES, NativeModel, StreamRun
from ..jobs import jobs_of
from ..plan import operations
from ..stimulus import stalls as stall_pattern
from ..vectors import Vectors, make_vectors

__all__ = ["Trial", "trials"]

PATIENT = "patient"
"""Sinks that wait for valid, which is no pattern."""
STALLS = (
    *("idle", "back_pressure", "bursts", "both", "slow_output", "slow_input", "mostly_stalled"),
    *("alternate", "freeze", PATIENT),
)
DATA = ("random", "corners", "ramp")
PATIENCE = 400
"""Cycles without any transfer that count as hanging."""
LONGEST = 4
"""Times the cycles of the faultless design, stalls aside, after which a run is given up."""


@dataclass(frozen=True)
class Trial:
    """One run and what it must give.

    Parameters
    ----------
    name
        Job, stalls and reset in words.
    vectors
        What goes in, what comes out, in how many cycles.
    stalls
        Pattern of each stalled stream.
    reset_at
        Cycles before a reset in mid-flight; None for none.
    seed
        Of the registers' start values.
    patient
        Whether sinks wait for valid; resets last one cycle then, the shortest that there is.
    """

    name: str
    vectors: Vectors
    stalls: Mapping[str, NDArray[np.bool_]]
    reset_at: int | None
    seed: int
    patient: bool = False

    @property
    def cost(self) -> int:
        """Cycles of the run, roughly."""
        return self.vectors.cycles * (2 if self.strained else 1) + (self.reset_at or 0)

    @property
    def strained(self) -> bool:
        """Whether a stream is held back, so that the formula of cycles says nothing."""
        return bool(self.stalls) or self.patient

    def failure(self, model: NativeModel, held: tuple[str, int]) -> str:
        """Return what is wrong with a run of the model, empty where nothing is."""
        expected = self.vectors
        most = None if self.strained else LONGEST * expected.cycles + PATIENCE
        try:
            run = model.run(
                expected.job.inputs,
                expected.job.outputs,
                stalls=self.stalls,
                reset_at=self.reset_at,
                max_cycles=most,
                patience=PATIENCE,
                quiet=64,
                seed=self.seed,
                held=held,
                patient=self.patient,
                reset_cycles=1 if self.patient else RESET_CYCLES,
            )
        except CheckError as error:
            return str(error)
        return self._wrong(run)

    def _wrong(self, run: StreamRun) -> str:
        """Compare outputs, flags and cycles."""
        for name, beats in self.vectors.expected.items():
            got = run.outputs[name]
            for field, values in beats.fields.items():
                if ((got[field] != values) & beats.counts[field]).any():
                    return f"{name}.{field} differs"
            if beats.last is not None and not np.array_equal(got["last"], beats.last):
                return f"{name} last differs"
        if not self.strained and run.cycles != self.vectors.cycles:
            return f"takes {run.cycles} cycles, not {self.vectors.cycles}"
        return ""


def trials(spec: Spec, ports: tuple[StreamPort, ...], seed: int = 1, turn: int = 0) -> list[Trial]:
    """Return the trials of a design, the quickest first.

    Every example and job of the family's bench, and every job of its matrix with random and corner values, without
    stalls and with stalls of two kinds; the ragged example with stalls of every kind, and with resets; the thorough
    jobs without stalls.

    Parameters
    ----------
    spec
        The design.
    ports
        Its streams.
    seed
        Of data, stalls and start values.
    turn
        With each further one the kinds of stalls move on by one job.
    """
    made = {name: make_vectors(spec.family, spec.params, *given) for name, given in _operations(spec, seed).items()}
    found = [Trial(name, vectors, {}, None, seed) for name, vectors in made.items()]
    short = [name for name in made if name not in jobs_of(spec.family).thorough]
    half = len(STALLS) // 2
    wanted = [(n, STALLS[(at + turn + b) % len(STALLS)], seed + at) for b in (0, half) for at, n in enumerate(short)]
    wanted += [("ragged", kind, seed + at) for at, kind in enumerate(STALLS)]
    found += [_stalled(name, made[name], kind, ports, drawn) for name, kind, drawn in wanted]
    ragged = made["ragged"]
    for after in _resets(ragged.cycles, turn):
        found.append(Trial(f"ragged, reset after {after}", ragged, {}, after, seed + after))
        stalls = dict(stall_pattern("both", ports, seed + after))
        name = f"ragged, both, patient, reset after {after}"
        found.append(Trial(name, ragged, stalls, after, seed + after, patient=True))
    return sorted(found, key=lambda trial: trial.cost)


def _stalled(name: str, vectors: Vectors, kind: str, ports: tuple[StreamPort, ...], seed: int) -> Trial:
    """Return a job with stalls."""
    if kind == PATIENT:
        return Trial(f"{name}, {kind}", vectors, {}, None, seed, patient=True)
    # A halt that comes after the end would be none.
    length = {"length": 2 * vectors.cycles + 131} if kind == "freeze" else {}
    return Trial(f"{name}, {kind}", vectors, dict(stall_pattern(kind, ports, seed, **length)), None, seed)


def _resets(cycles: int, turn: int) -> tuple[int, ...]:
    """Return after how many cycles to reset: soon, somewhere between, and when the last results leave."""
    return (2, 3, max(cycles // 3 - turn, 4), max(cycles // 2 + turn, 5), max(cycles - 2 - turn, 6))


def _operations(spec: Spec, seed: int) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return an operation and tensors for each job: those of the bench, of the matrix, and the thorough ones."""
    params, jobs = spec.params, jobs_of(spec.family)
    made = operations(spec, seed)
    for job in jobs.matrix_jobs:
        made |= {f"{job} {data}": jobs.make(params, job, data, seed + 1) for data in DATA if data in jobs.data}
    return made | {name: jobs.make(params, job, data, seed) for name, (job, data) in jobs.thorough.items()}
