"""What a faulty design is tried with: jobs of its family with data, stalls and resets, and what must come out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import CheckError
from ...generators.spec import Spec
from ...hdl.ports import StreamPort
from ...sim.native import NativeModel, StreamRun
from ..jobs import jobs_of
from ..plan import operations
from ..stimulus import stalls as stall_pattern
from ..vectors import Vectors, make_vectors

__all__ = ["Trial", "trials"]

STALLS = ("idle", "back_pressure", "bursts", "both", "slow_output", "slow_input", "mostly_stalled")
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
    """

    name: str
    vectors: Vectors
    stalls: Mapping[str, NDArray[np.bool_]]
    reset_at: int | None
    seed: int

    @property
    def cost(self) -> int:
        """Cycles of the run, roughly."""
        return self.vectors.cycles * (2 if self.stalls else 1) + (self.reset_at or 0)

    def failure(self, model: NativeModel, held: tuple[str, int]) -> str:
        """Return what is wrong with a run of the model, empty where nothing is."""
        expected = self.vectors
        most = None if self.stalls else LONGEST * expected.cycles + PATIENCE
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
        if not self.stalls and run.cycles != self.vectors.cycles:
            return f"takes {run.cycles} cycles, not {self.vectors.cycles}"
        return ""


def trials(spec: Spec, ports: tuple[StreamPort, ...], seed: int = 1) -> list[Trial]:
    """Return the trials of a design, the quickest first.

    Every example and job of the family's bench, and every job of its matrix with random and corner values, without
    stalls; the ragged example and each job of the matrix with stalls of every kind by turns, and with resets.
    """
    made = {name: make_vectors(spec.family, spec.params, *given) for name, given in _operations(spec, seed).items()}
    found = [Trial(name, vectors, {}, None, seed) for name, vectors in made.items()]
    for at, (name, vectors) in enumerate(made.items()):
        kind = STALLS[at % len(STALLS)]
        patterns = dict(stall_pattern(kind, ports, seed + at))
        found.append(Trial(f"{name}, {kind}", vectors, patterns, None, seed + at))
    ragged = made["ragged"]
    for at, kind in enumerate(STALLS):
        found.append(Trial(f"ragged, {kind}", ragged, dict(stall_pattern(kind, ports, seed + at)), None, seed))
    resets = (2, 3, max(ragged.cycles // 3, 4), max(ragged.cycles // 2, 5), max(ragged.cycles - 2, 6))
    found += [Trial(f"ragged, reset after {after}", ragged, {}, after, seed + after) for after in resets]
    return sorted(found, key=lambda trial: trial.cost)


def _operations(spec: Spec, seed: int) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return an operation and tensors for each job: those of the bench, and those of the matrix."""
    params, jobs = spec.params, jobs_of(spec.family)
    made = operations(spec, seed)
    for job in jobs.matrix_jobs:
        made |= {f"{job} {data}": jobs.make(params, job, data, seed + 1) for data in DATA if data in jobs.data}
    return made
