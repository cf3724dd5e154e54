"""One stimulus on Verilator, on Icarus Verilog and on the synthesised netlist; what they say is compared."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...errors import CheckError, ToolError, must
from ...generators.design import Design, emit_design
from ...generators.spec import Spec, load
from ...hdl.manifest import Manifest
from ...sim.build import BuildOptions
from .differences import differences
from .icarus import MISSING, find_icarus, run_icarus
from .limits import LIMIT, MOST_CELLS
from .netlist import TARGETS, Netlist, synthesise
from .report import DifferentialReport
from .stimulus import Run, choose, runs_of
from .trace import EngineResult
from .verilated import run_verilated

__all__ = ["ENGINES", "compare", "compare_design"]

ENGINES = ("icarus", "netlist")
"""What is compared with Verilator."""

Tell = Callable[[str], None]


def compare(
    spec: str | Path | Spec | Mapping[str, Any],
    *,
    engines: Sequence[str] | None = None,
    targets: Sequence[str] = ("gates",),
    interface: str = "axi",
    seed: int = 1,
    jobs: Sequence[str] = (),
    stalls: Sequence[str] = (),
    cycles: int | None = None,
    limit: float = LIMIT,
    most_cells: int = MOST_CELLS,
    tell: Tell = lambda _: None,
) -> DifferentialReport:
    """Run the jobs, stalls and resets of a design's bench on every engine and compare.

    Compared are values and flags of every output beat, unknown bits, and the cycle of every beat of every stream:
    engines with each other and with the golden model. Lanes that carry padding do not count.

    Parameters
    ----------
    spec
        Preset, YAML file or loaded spec.
    engines
        Names in `ENGINES`; if not given all, those that are not installed left out with the reason.
    targets
        What the netlist is synthesised for, each an engine of its own: ``gates``, ``ice40``, ``ecp5``, ``xilinx``.
    interface
        ``axi`` or ``stream``.
    seed
        Of data, stalls and start values.
    jobs, stalls
        Only these; all if empty.
    cycles
        No more runs than take about so many cycles; all if not given.
    limit
        Seconds for each step of an engine (synthesis, compilation in Icarus, simulation in Icarus).
    most_cells
        Larger netlists are not simulated; the report says so.
    tell
        Is told what begins.

    Raises
    ------
    InputError
        Where the spec or a name is wrong.
    CheckError
        Where an engine rejects the Verilog.
    ToolError
        Where a tool fails, or is not installed and was asked for.
    """
    loaded = load(spec)
    design = emit_design(loaded, interface)
    every = runs_of(loaded, seed, jobs, stalls)
    runs = choose(every, cycles)
    given: dict[str, Any] = {"engines": engines, "targets": targets, "limit": limit, "most_cells": most_cells}
    found = compare_design(design, runs, **given, tell=tell)
    return replace(found, design=loaded.name, seed=seed, of=len(every))


def compare_design(
    design: Design,
    runs: Sequence[Run],
    *,
    engines: Sequence[str] | None = None,
    targets: Sequence[str] = ("gates",),
    limit: float = LIMIT,
    most_cells: int = MOST_CELLS,
    tell: Tell = lambda _: None,
    netlist: Design | None = None,
) -> DifferentialReport:
    """Compare a design that is already there; see `compare`.

    Parameters
    ----------
    design
        Verilog and manifest.
    runs
        As `stimulus.runs_of` returns them.
    engines, targets, limit, most_cells, tell
        As `compare` has them.
    netlist
        What is synthesised instead of `design`.
    """
    _check(engines, targets)
    began = time.perf_counter()
    tell("RTL in Verilator")
    results = [run_verilated("verilator", "RTL in Verilator", design.verilog, design.manifest, runs)]
    skipped: dict[str, str] = {}
    for name in ENGINES if engines is None else engines:
        if name == "icarus" and engines is None and find_icarus() is None:
            skipped[name] = MISSING
            continue
        for target in targets if name == "netlist" else ("",):
            tell(f"{name} {target}".strip())
            try:
                if name == "icarus":
                    results.append(run_icarus(design.verilog, design.manifest, runs, limit))
                else:
                    made = synthesise(netlist or design, target, limit, most_cells)
                    results.append(_simulated(made, target, design.manifest, runs))
            except ToolError as error:
                if engines is not None and len(engines) == len(targets) == 1:
                    raise
                skipped[f"{name} {target}".strip()] = str(error)
    return _report(design, runs, results, skipped, time.perf_counter() - began)


def _simulated(made: Netlist, target: str, manifest: Manifest, runs: Sequence[Run]) -> EngineResult:
    """Run a netlist."""
    options = BuildOptions(optimise=0)
    try:
        result = run_verilated(f"netlist {target}", made.title, made.verilog, manifest, runs, options)
    except CheckError as error:
        raise ToolError(f"Netlist for {target} cannot be simulated: {error}") from None
    notes = (f"{made.cells:,} cells", *made.notes)
    return replace(result, build_seconds=made.seconds + result.build_seconds, notes=notes)


def _report(
    design: Design, runs: Sequence[Run], results: Sequence[EngineResult], skipped: dict[str, str], seconds: float
) -> DifferentialReport:
    """Compare what the engines said."""
    ports = [bound.port for bound in design.manifest.streams]
    found = tuple(
        difference
        for run in runs
        for difference in differences(run, ports, {result.name: result.runs[run.name] for result in results})
    )
    beats = sum(count for run in runs for count in run.vectors.job.outputs.values())
    cycles = sum(trace.cycles for trace in results[0].runs.values())
    name = design.manifest.name
    return DifferentialReport(name, 0, tuple(results), skipped, len(runs), len(runs), beats, cycles, found, seconds)


def _check(engines: Sequence[str] | None, targets: Sequence[str]) -> None:
    """Raise where an engine or a target is none."""
    for thing, given, known in (("Engine", engines or (), ENGINES), ("Netlist target", targets, TARGETS)):
        for name in given:
            if name not in known:
                raise must(thing, f"be one of {', '.join(known)}", name)
