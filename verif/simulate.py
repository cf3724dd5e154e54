"""A design as a function on arrays: NumPy in, the generated RTL in Verilator, NumPy out."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import CheckError
from ..generators.design import emit_design
from ..generators.family import Job
from ..generators.spec import Spec, load
from ..hdl.ports import StreamPort
from ..sim.build import BuildOptions
from ..sim.native import NativeModel, StreamRun
from . import goldens
from .check import Context, compare
from .places import frames_of, places_of
from .stimulus import stalls as stall_pattern

__all__ = ["Report", "check_run", "report_run", "simulate"]


@dataclass(frozen=True)
class Report:
    """What a simulated job cost.

    Parameters
    ----------
    design, operation
        What ran.
    cycles
        Clock cycles from the first offered input beat to the last output beat taken, both included (rtl-sim).
    formula_cycles
        What the family's exact formula says for the job without stalls.
    macs
        Useful multiply-accumulates; padding is not among them.
    peak
        Multiply-accumulates that the array can do in a cycle; a fraction where one takes several cycles.
    seconds
        Wall-clock seconds that the simulation took, without building the model.
    stalls
        For each stream the cycles in which a beat was offered and not taken.
    checked
        Whether the result was compared with the golden model, bit for bit.
    """

    design: str
    operation: str
    cycles: int
    formula_cycles: int
    macs: int
    peak: float
    seconds: float
    stalls: dict[str, int] = field(default_factory=dict)
    checked: bool = False

    @property
    def utilisation(self) -> float:
        """Share of the array's multiply-accumulates that did useful work, 0 to 1."""
        return self.macs / (self.cycles * self.peak)

    def seconds_at(self, clock_hz: float) -> float:
        """Return how long the hardware needs at that clock."""
        return self.cycles / clock_hz

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as ``--json`` prints them; each figure with its source."""
        return {
            "design": self.design,
            "operation": self.operation,
            "cycles": {"value": self.cycles, "unit": "cycles", "source": "rtl-sim"},
            "formula_cycles": {"value": self.formula_cycles, "unit": "cycles", "source": "exact"},
            "macs": {"value": self.macs, "unit": "MAC", "source": "exact"},
            "utilisation": {"value": self.utilisation, "unit": "1", "source": "rtl-sim"},
            "seconds": {"value": self.seconds, "unit": "s", "source": "measured"},
            "stalls": {name: {"value": n, "unit": "cycles", "source": "rtl-sim"} for name, n in self.stalls.items()},
            "checked": self.checked,
        }

    def __str__(self) -> str:
        waits = ", ".join(f"{name} {cycles}" for name, cycles in self.stalls.items() if cycles)
        peak = f"{self.peak:.2f}".removesuffix(".00")
        return (
            f"{self.design} {self.operation}: {self.macs} MACs in {self.cycles} cycles (rtl-sim), "
            f"utilisation {self.utilisation:.1%} of {peak} MACs per cycle (exact)"
            f"{f'; cycles waited: {waits}' if waits else ''}"
            f"{'; equal to golden' if self.checked else ''}; simulated in {self.seconds:.3f} s (measured)"
        )


Stalls = str | Mapping[str, NDArray[np.bool_]] | None


def simulate(
    spec: str | Path | Spec | Mapping[str, Any],
    operation: str | None = None,
    *,
    stalls: Stalls = None,
    seed: int = 0,
    interface: str = "axi",
    trace: Path | None = None,
    check: bool = False,
    options: BuildOptions | None = None,
    **tensors: Any,
) -> tuple[NDArray[Any], Report]:
    """Run an operation on the generated RTL.

    Parameters
    ----------
    spec
        Preset, YAML file or loaded spec.
    operation
        One of the design's operations; if not given the first one, which is ``gemm`` where there is one.
    stalls
        Holds streams back: a name in `stimulus.STALL_PATTERNS`, or for each stream a repeating pattern, True = go.
    seed
        Of a named stall pattern.
    interface
        ``axi`` or ``stream``: how the design is bounded.
    trace
        File for the waveform (FST or VCD by its suffix).
    check
        Compare with the golden model, and cycles with their formula where nothing stalls.
    options
        How the simulator is built.
    **tensors
        The operation's arguments.

    Returns
    -------
    tuple
        The result, int64, and the `Report`.

    Raises
    ------
    InputError
        Where spec or tensors do not fit.
    CheckError
        With `check`: the first wrong element in words, or the wrong number of cycles.
    ToolError
        Where the simulator cannot be built or run.
    """
    loaded = load(spec)
    operation = loaded.family.operations_of(loaded.params)[0] if operation is None else operation
    job = loaded.family.lower(loaded.params, operation, **tensors)
    design = emit_design(loaded, interface)
    patterns = _patterns(stalls, loaded.family.ports(loaded.params), seed)
    model = NativeModel(design.verilog, design.manifest, options)
    run = model.run(job.inputs, job.outputs, stalls=patterns, trace=trace)
    result, report = report_run(loaded, operation, job, run, design.manifest.top)
    if check:
        check_run(loaded, operation, tensors, job, run, result, None if stalls is None else seed)
        if not patterns:
            _check_cycles(loaded, report)
    return result, replace(report, checked=check)


def report_run(spec: Spec, operation: str, job: Job, run: StreamRun, design: str) -> tuple[NDArray[Any], Report]:
    """Return the result of a run of a job, and what it cost; `design` is what ran."""
    result = spec.family.lift(spec.params, job, run.outputs)
    return result, Report(
        design=design,
        operation=operation,
        cycles=run.cycles,
        formula_cycles=spec.family.cycles(spec.params, job),
        macs=job.work,
        peak=spec.family.peak(spec.params),
        seconds=run.seconds,
        stalls={name: transfers.stalls for name, transfers in run.streams.items()},
    )


def _check_cycles(spec: Spec, report: Report) -> None:
    """Compare the cycles of a run without stalls with their formula."""
    if report.cycles != report.formula_cycles:
        name = f"{spec.name} {report.operation}"
        raise CheckError(f"{name} must take {report.formula_cycles} cycles, not {report.cycles}")


def _patterns(stalls: Stalls, ports: tuple[StreamPort, ...], seed: int) -> dict[str, NDArray[np.bool_]]:
    """Return the stall pattern of each stalled stream."""
    if stalls is None:
        return {}
    return dict(stall_pattern(stalls, ports, seed) if isinstance(stalls, str) else stalls)


def check_run(
    spec: Spec,
    operation: str,
    tensors: dict[str, Any],
    job: Job,
    run: StreamRun,
    result: NDArray[Any],
    seed: int | None,
) -> None:
    """Compare a result with the golden one, and the flags of the output beats with their framing.

    Raises
    ------
    CheckError
        The first wrong element in words; `seed` is that of the stalls, where there were any.
    """
    family, params = spec.family, spec.params
    expected = goldens.compute(family, params, operation, tensors)
    places = places_of(family, params, job)
    lasts = goldens.framing(family, params, job)
    form = places.ports[0].fields[0].format
    cycles = {port.name: run.streams[port.name].cycles for port in places.ports}
    compare(
        expected,
        result,
        name=places.ports[0].name,
        context=Context(places, frames_of(places, lasts), cycles, form, seed),
    )
    for name, flags in lasts.items():
        compare(flags.astype(np.int64), np.asarray(run.outputs[name]["last"]).astype(np.int64), name=f"{name} last")
