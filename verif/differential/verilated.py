"""The stimulus on a verilated model: the RTL itself, or its netlist."""

import time
from collections.abc import Sequence
from pathlib import Path

from ...errors import CheckError
from ...hdl.manifest import Manifest
from ...sim.build import BuildOptions
from ...sim.native import NativeModel, StreamRun
from .stimulus import Run
from .trace import EngineResult, RunTrace, StreamTrace

__all__ = ["run_verilated"]

PATIENCE = 10_000
QUIET = 64


def run_verilated(
    name: str,
    title: str,
    verilog: str | Sequence[Path],
    manifest: Manifest,
    runs: Sequence[Run],
    options: BuildOptions | None = None,
) -> EngineResult:
    """Run a design in Verilator's native runner, each run on a fresh model.

    Parameters
    ----------
    name, title
        Of the engine.
    verilog
        Text or files.
    manifest
        Names of the ports.
    runs
        What it gets.
    options
        How it is built.

    Raises
    ------
    CheckError
        Where Verilator rejects the design.
    ToolError
        Where a tool is missing or fails.
    """
    began = time.perf_counter()
    model = NativeModel(verilog if isinstance(verilog, str) else tuple(verilog), manifest, options)
    built = time.perf_counter()
    traces = {run.name: _run(model, run) for run in runs}
    return EngineResult(name, title, traces, built - began, time.perf_counter() - built)


def _run(model: NativeModel, run: Run) -> RunTrace:
    """Return one run; a broken rule or a hang is its problem."""
    job = run.vectors.job
    try:
        done = model.run(
            job.inputs,
            job.outputs,
            stalls=run.stalls,
            reset_at=run.reset_at,
            patience=PATIENCE,
            quiet=QUIET,
            seed=run.seed,
        )
    except CheckError as error:
        return RunTrace({}, 0, str(error))
    return RunTrace(_streams(done), done.cycles)


def _streams(done: StreamRun) -> dict[str, StreamTrace]:
    """Return the beats of every stream."""
    return {name: StreamTrace(moved.cycles, done.outputs.get(name, {})) for name, moved in done.streams.items()}
