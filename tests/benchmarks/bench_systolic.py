"""Figures of the systolic family: cycles of a large GEMM, timing equality, cost of emitting Verilog."""

import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from itertools import islice

import numpy as np

import rtloom
from rtloom.figures import Figure
from rtloom.generators.spec import presets
from rtloom.verif.configurations import run_configuration
from rtloom.verif.matrix import random_configurations

RANDOM_PAIRS = 200
SIDE = 512


def figures() -> dict[str, Figure]:
    """Return all figures of this file."""
    return {**_large_gemm(), **_timing(), **_emission()}


def _large_gemm() -> dict[str, Figure]:
    """Cycles of GEMM 512x512x512 on 16x16 arrays; golden and formula are checked in the same run."""
    rng = np.random.default_rng(512)
    a, b = rng.integers(-128, 128, (SIDE, SIDE)), rng.integers(-128, 128, (SIDE, SIDE))
    found = {}
    for name in ("systolic-16x16-int8", "systolic-16x16-int8-ws"):
        started = time.perf_counter()
        _, report = rtloom.simulate(name, a=a, b=b, check=True)
        what = f"GEMM 512x512x512 on {name}"
        found[f"{what}, cycles"] = Figure(report.cycles, "cycles", "rtl-sim, equal to the formula and to golden")
        found[f"{what}, over the ideal 524288"] = Figure(100 * (report.cycles / (SIDE**3 / 256) - 1), "%", "rtl-sim")
        found[f"{what}, utilisation"] = Figure(100 * report.utilisation, "%", "rtl-sim")
        found[f"{what}, wall time with checks"] = Figure(time.perf_counter() - started, "s", "measured")
    return found


def _timing() -> dict[str, Figure]:
    """Compare timing and golden equality on every preset and on random pairs of parameters and jobs; a miss raises."""
    for name in presets():
        spec = rtloom.load(name)
        operation, tensors = spec.family.example(spec.params, "ragged", 5)
        rtloom.simulate(spec, operation, check=True, **tensors)
    for configuration in islice(random_configurations(2026), RANDOM_PAIRS):
        run_configuration(replace(configuration, stalls="none"))
    return {
        "presets equal to golden, cycles equal to the formula": Figure(len(presets()), "presets", "rtl-sim"),
        "random (params, job) pairs, likewise": Figure(RANDOM_PAIRS, "pairs", "rtl-sim"),
    }


def _emission() -> dict[str, Figure]:
    """CPU time and memory of `rtloom verilog`, the whole process tree, nothing cached."""
    found = {}
    for side, flow in (
        (64, "output_stationary"),
        (64, "weight_stationary"),
        (128, "output_stationary"),
        (128, "weight_stationary"),
    ):
        with tempfile.TemporaryDirectory() as folder:
            words = [
                "systolic-64x64-int8",
                "-o",
                folder,
                "-p",
                f"rows={side}",
                "-p",
                f"cols={side}",
                "-p",
                f"dataflow={flow}",
            ]
            cpu, memory = _measure([sys.executable, "-m", "rtloom", "verilog", *words], folder)
        found[f"rtloom verilog {side}x{side} int8 {flow}, CPU time"] = Figure(cpu, "CPU-s", "measured")
        found[f"rtloom verilog {side}x{side} int8 {flow}, largest process"] = Figure(memory, "MB", "measured")
    return found


def _measure(command: list[str], cache: str) -> tuple[float, float]:
    """Run a command in a process of its own; return CPU seconds and peak megabytes of its largest process."""
    probe = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL);"
        "u = resource.getrusage(resource.RUSAGE_CHILDREN); print(u.ru_utime + u.ru_stime, u.ru_maxrss / 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe, *command],
        capture_output=True,
        text=True,
        check=True,
        env={"RTLOOM_CACHE": cache, "PATH": ""},
    )
    cpu, memory = done.stdout.split()
    return float(cpu), float(memory)
