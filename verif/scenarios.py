"""What the bench is told, and how it is stored: scenarios with packed stimulus and expected beats, one .npz."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Expected", "Scenario", "Sent", "Settings"]

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Sent:
    """Beats of an input stream as the wires carry them.

    Parameters
    ----------
    data
        ``(beats, nbytes)``, lowest byte first.
    last
        ``(beats,)``, or None where the stream has no such flag.
    """

    data: NDArray[np.uint8]
    last: NDArray[np.bool_] | None


@dataclass(frozen=True)
class Expected:
    """Beats that an output stream must give.

    Parameters
    ----------
    fields
        For each field ``(beats, lanes)`` values.
    counts
        For each field where the value counts; the other lanes carry padding.
    last
        ``(beats,)`` flags, or None where nothing is known about them.
    """

    fields: dict[str, IntArray]
    counts: dict[str, NDArray[np.bool_]]
    last: NDArray[np.bool_] | None


@dataclass(frozen=True)
class Scenario:
    """One test of the bench.

    Parameters
    ----------
    name
        Shown in the test report.
    job
        Which set of transactions is run.
    stalls
        A name in `stimulus.STALL_PATTERNS`, or ``patient``: sinks become ready only after valid.
    seed
        Of the stall patterns.
    driver
        ``own``: the bench's; ``cocotbext-axi``: an AXI4-Stream model written by others.
    reset_after
        Cycles after which a first attempt is interrupted by reset; None for no interruption.
    cycles
        Exact cycles that the job must take; None where stalls make it depend on them.
    patience
        Cycles without a single transfer after which the run counts as hanging.
    """

    name: str
    job: str
    stalls: str
    seed: int
    patience: int
    driver: str = "own"
    reset_after: int | None = None
    cycles: int | None = None


@dataclass(frozen=True)
class Settings:
    """Everything that the bench reads at its start.

    Parameters
    ----------
    manifest
        The design's manifest.
    scenarios
        In order.
    vectors
        The ``.npz`` with the transactions of every job.
    failures
        JSON file that the bench fills with what went wrong, by scenario.
    traffic
        File to which the bench adds what the streams went through in each scenario that passed, one JSON object a line;
        None where nobody wants to know: watching takes time.
    """

    manifest: Path
    scenarios: tuple[Scenario, ...]
    vectors: Path
    failures: Path
    traffic: Path | None

    def save(self, path: Path) -> None:
        """Write the settings as JSON; the vectors are written by `save_job`."""
        raw = {
            "manifest": str(self.manifest),
            "vectors": str(self.vectors),
            "failures": str(self.failures),
            "traffic": None if self.traffic is None else str(self.traffic),
            "scenarios": [asdict(scenario) for scenario in self.scenarios],
        }
        path.write_text(json.dumps(raw, indent=1))

    @classmethod
    def load(cls, path: Path) -> "Settings":
        """Read what `save` wrote."""
        raw = json.loads(path.read_text())
        scenarios = tuple(Scenario(**scenario) for scenario in raw["scenarios"])
        manifest, vectors, failures = (Path(raw[name]) for name in ("manifest", "vectors", "failures"))
        return cls(manifest, scenarios, vectors, failures, Path(raw["traffic"]) if raw["traffic"] else None)


def job_arrays(job: str, sent: Mapping[str, Sent], expected: Mapping[str, Expected]) -> dict[str, NDArray[Any]]:
    """Flatten one job's transactions into named arrays for `numpy.savez`."""
    arrays: dict[str, NDArray[Any]] = {}
    for name, beats in sent.items():
        arrays[f"{job}/in/{name}/data"] = beats.data
        if beats.last is not None:
            arrays[f"{job}/in/{name}/last"] = beats.last
    for name, beat in expected.items():
        for field, values in beat.fields.items():
            arrays[f"{job}/out/{name}/value/{field}"] = values
            arrays[f"{job}/out/{name}/count/{field}"] = beat.counts[field]
        if beat.last is not None:
            arrays[f"{job}/out/{name}/last"] = beat.last
    return arrays


def load_job(arrays: Mapping[str, NDArray[Any]], job: str) -> tuple[dict[str, Sent], dict[str, Expected]]:
    """Read what `job_arrays` flattened."""
    parts = [key.split("/") for key in arrays if key.startswith(f"{job}/")]
    sent = {
        name: Sent(arrays[f"{job}/in/{name}/data"], arrays.get(f"{job}/in/{name}/last"))
        for name in dict.fromkeys(part[2] for part in parts if part[1] == "in")
    }
    expected = {}
    for name in dict.fromkeys(part[2] for part in parts if part[1] == "out"):
        fields = [part[4] for part in parts if part[1:4] == ["out", name, "value"]]
        expected[name] = Expected(
            {field: arrays[f"{job}/out/{name}/value/{field}"] for field in fields},
            {field: arrays[f"{job}/out/{name}/count/{field}"] for field in fields},
            arrays.get(f"{job}/out/{name}/last"),
        )
    return sent, expected
