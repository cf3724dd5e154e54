"""Run the bench on a design and report every scenario in words."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ..errors import CheckError
from ..generators.design import Design, emit_design
from ..generators.spec import Spec, load
from ..sim.activity import Traffic
from ..sim.build import BuildOptions
from ..sim.cocotb_runner import CocotbTest, run_cocotb
from .plan import plan
from .scenarios import Scenario, Settings, job_arrays
from .vectors import Vectors

__all__ = ["Outcome", "VerifyReport", "verify", "verify_design"]


@dataclass(frozen=True)
class Outcome:
    """How one scenario ended: `message` is empty where it passed, else it says in words what was wrong.

    `details` then hold the same for programs, as far as the bench said so: `kind` and place of the error, as
    `endpoints.BenchError` has them, and whether the element is `ragged`: in a tile that is not full.
    """

    scenario: str
    message: str
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether nothing was wrong."""
        return not self.message


@dataclass(frozen=True)
class VerifyReport:
    """What the bench found.

    Parameters
    ----------
    design
        Name of the design.
    interface
        ``axi`` or ``stream``.
    seed
        Of data and stalls.
    outcomes
        One for each scenario, in order.
    seconds
        Wall-clock seconds, building included.
    junit, waves
        Files that were kept: the test report, and the waveform of the first failure.
    traffic
        Each scenario that passed, with what the streams went through, if that was asked for.
    """

    design: str
    interface: str
    seed: int
    outcomes: tuple[Outcome, ...]
    seconds: float
    junit: Path | None = None
    waves: Path | None = None
    traffic: tuple[tuple[Scenario, Traffic], ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every scenario passed."""
        return all(outcome.passed for outcome in self.outcomes)

    @property
    def failures(self) -> tuple[Outcome, ...]:
        """Return the scenarios that failed."""
        return tuple(outcome for outcome in self.outcomes if not outcome.passed)

    def require(self) -> "VerifyReport":
        """Return the report, or raise `CheckError` with the first failure."""
        if not self.passed:
            first = self.failures[0]
            raise CheckError(f"{self.design}, scenario {first.scenario}: {first.message}")
        return self

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as ``--json`` prints them."""
        return {
            "report": "verify",
            "design": self.design,
            "interface": self.interface,
            "seed": self.seed,
            "passed": self.passed,
            "scenarios": {outcome.scenario: outcome.message or "passed" for outcome in self.outcomes},
            "seconds": {"value": self.seconds, "unit": "s", "source": "measured"},
            "junit": None if self.junit is None else str(self.junit),
            "waves": None if self.waves is None else str(self.waves),
        }

    def __str__(self) -> str:
        good = sum(outcome.passed for outcome in self.outcomes)
        return (
            f"{self.design} ({self.interface}, seed {self.seed}): {good} of {len(self.outcomes)} scenarios passed "
            f"in Verilator; {self.seconds:.1f} s (measured)"
        )


def verify(
    spec: str | Path | Spec | Mapping[str, Any],
    *,
    interface: str = "axi",
    seed: int = 1,
    only: Sequence[str] | None = None,
    junit: Path | None = None,
    waves: Path | None = None,
    options: BuildOptions | None = None,
    watch: bool = False,
) -> VerifyReport:
    """Emit a design and run the bench on it in Verilator.

    Parameters
    ----------
    spec
        Preset, YAML file or loaded spec.
    interface
        ``axi`` or ``stream``.
    seed
        Of data and stalls.
    only
        Names of the scenarios to run; all if not given.
    junit
        File for the test report (JUnit XML).
    waves
        File for the waveform, written only after a failure: ``.fst``, ``.vcd`` or ``.saif``.
    options
        How the simulator is built.
    watch
        Whether the report says what the streams went through, which takes some time.

    Raises
    ------
    InputError
        Where the spec is wrong or a file cannot be written.
    ToolError
        Where the simulator cannot be built or run.
    """
    loaded = load(spec)
    design = emit_design(loaded, interface)
    return verify_design(design, loaded, seed=seed, only=only, junit=junit, waves=waves, options=options, watch=watch)


def verify_design(
    design: Design,
    spec: Spec,
    *,
    seed: int = 1,
    only: Sequence[str] | None = None,
    junit: Path | None = None,
    waves: Path | None = None,
    options: BuildOptions | None = None,
    files: Sequence[Path] | None = None,
    exact: bool = True,
    watch: bool = False,
) -> VerifyReport:
    """Run the bench on Verilog that is already there; see `verify`.

    Parameters
    ----------
    design
        Text and manifest.
    spec
        What it must do.
    seed, only, junit, waves, options
        As `verify` has them.
    files
        Verilog files to be taken instead of the design's text.
    exact
        Whether jobs must take as many cycles as the formula says; else they may take many times as long.
    watch
        Whether the report says what the streams went through.
    """
    started = time.perf_counter()
    jobs, scenarios = plan(spec, design.manifest.interface, seed, only)
    if not exact:
        scenarios = tuple(replace(each, cycles=None, patience=LENIENCE * each.patience) for each in scenarios)
    with TemporaryDirectory(prefix="rtloom-verify-") as folder:
        settings = _write(Path(folder), design, jobs, scenarios, watch)
        result = run_cocotb(
            design.verilog if files is None else tuple(files),
            design.manifest.top,
            "rtloom.verif.bench",
            env={"RTLOOM_BENCH": str(settings)},
            results=junit,
            waves=waves,
            options=options,
            seed=seed,
        )
        failures = Path(folder) / FAILURES
        told = json.loads(failures.read_text()) if failures.exists() else {}
        traffic = _read_traffic(Path(folder) / TRAFFIC, scenarios)
    outcomes = tuple(_outcome(scenario, jobs, result.tests, told) for scenario in scenarios)
    seconds, kept = time.perf_counter() - started, (result.results, result.waves)
    return VerifyReport(design.manifest.top, design.manifest.interface, seed, outcomes, seconds, *kept, traffic)


FAILURES = "failures.json"
TRAFFIC = "traffic.jsonl"
LENIENCE = 8
"""Times the patience with a design whose cycles need not be exact."""


def _write(
    folder: Path, design: Design, jobs: Mapping[str, Vectors], scenarios: tuple[Scenario, ...], watch: bool
) -> Path:
    """Write what the bench reads; return the settings file."""
    arrays = [job_arrays(name, vectors.sent, vectors.expected) for name, vectors in jobs.items()]
    named: dict[str, Any] = {key: array for part in arrays for key, array in part.items()}
    np.savez(folder / "vectors.npz", **named)
    design.manifest.save(folder / "manifest.json")
    manifest, vectors, failures = (folder / name for name in ("manifest.json", "vectors.npz", FAILURES))
    settings = Settings(manifest, scenarios, vectors, failures, folder / TRAFFIC if watch else None)
    settings.save(folder / "settings.json")
    return folder / "settings.json"


def _read_traffic(path: Path, scenarios: Sequence[Scenario]) -> tuple[tuple[Scenario, Traffic], ...]:
    """Return what the bench told of streams, each scenario once: a failed run is repeated for its waveform."""
    lines = path.read_text().splitlines() if path.exists() else []
    told = {raw["scenario"]: Traffic.from_dict(raw["traffic"]) for raw in map(json.loads, lines)}
    return tuple((scenario, told[scenario.name]) for scenario in scenarios if scenario.name in told)


def _outcome(
    scenario: Scenario, jobs: Mapping[str, Vectors], tests: tuple[CocotbTest, ...], told: Mapping[str, Any]
) -> Outcome:
    """Say how a scenario ended: in the bench's words where there are any, with the element of the result."""
    if scenario.name in told:
        error = told[scenario.name]
        element = _element(jobs[scenario.job], error)
        details = {**error, "ragged": element.endswith(RAGGED)}
        return Outcome(scenario.name, f"{error['message']}{element}; seed {scenario.seed}", details)
    test = next((test for test in tests if test.name.endswith(f"={scenario.name}")), None)
    if test is None or test.skipped:
        return Outcome(scenario.name, "must be run, but the simulation ended before")
    return Outcome(scenario.name, test.failure)


RAGGED = " at the ragged edge"


def _element(vectors: Vectors, error: Mapping[str, Any]) -> str:
    """Return which element of the result a wrong lane is."""
    if error["lane"] is None:
        return ""
    places = vectors.places
    port = next(p for p, port in enumerate(places.ports) if port.name == error["stream"])
    here = (places.port == port) & (places.beat == error["beat"]) & (places.lane == error["lane"])
    index = ", ".join(str(int(i)) for i in np.argwhere(here)[0])
    sizes = np.bincount(vectors.frame.reshape(-1))
    tile = int(vectors.frame[here][0])
    ragged = RAGGED if sizes[tile] < sizes.max() else ""
    return f"; element [{index}] of the result, tile {tile}{ragged}"
