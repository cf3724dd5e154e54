"""Figures of the simulators: building them, cycles per second from arrays and through plain cocotb, a cocotb round."""

import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from rtloom.figures import Figure
from rtloom.generators.design import emit_design
from rtloom.generators.spec import load
from rtloom.sim.build import build_cocotb, build_native
from rtloom.sim.cocotb_runner import run_cocotb
from rtloom.sim.native import NativeModel

DRIVER = Path(__file__).with_name("sim_driver.py")
SPEED_JOBS = {"systolic-8x8-int8": (128, 512, 128), "systolic-16x16-int8": (256, 512, 256)}
REPEATS = 3
CPU = "measured, CPU time, one core"
WALL = "measured, wall time"


def figures() -> dict[str, Figure]:
    """Return all figures of this file."""
    found = {**_cold_builds(), **_new_designs(), **_round_trip()}
    for name, size in SPEED_JOBS.items():
        found |= _speed(name, size)
    return found


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _fresh(name: str) -> tuple[str, str]:
    """Return a design that no cache knows, and its top."""
    design = emit_design(load(name))
    return f"{design.verilog}// {time.time_ns()}\n", design.manifest.top


def _cold_builds() -> dict[str, Figure]:
    """Build with nothing in the cache: runtime, precompiled header and design."""
    found = {}
    before = os.environ.get("RTLOOM_CACHE")
    source = _fresh("systolic-8x8-int8")
    for kind, build in (("native", build_native), ("cocotb", build_cocotb)):
        with tempfile.TemporaryDirectory() as folder:
            os.environ["RTLOOM_CACHE"] = folder
            try:
                found[f"{kind} 8x8, cold cache"] = Figure(_seconds(lambda b=build: b(*source)), "s", WALL)
            finally:
                os.environ.pop("RTLOOM_CACHE")
                if before is not None:
                    os.environ["RTLOOM_CACHE"] = before
    return found


def _new_designs() -> dict[str, Figure]:
    """Build designs that are new, with runtime and header in the cache; then one that is not new."""
    found = {}
    for kind, build in (("native", build_native), ("cocotb", build_cocotb)):
        build(*_fresh("systolic-4x4-int8"))
        for name in ("systolic-4x4-int8", "systolic-8x8-int8", "systolic-16x16-int8"):
            sources = [_fresh(name) for _ in range(REPEATS)]
            best = min(_seconds(lambda b=build, s=source: b(*s)) for source in sources)
            found[f"{kind} {name}, new design, warm cache"] = Figure(best, "s", WALL)
    build_native(*sources[0])
    found["native, unchanged design"] = Figure(_seconds(lambda: build_native(*sources[0])), "s", WALL)
    return found


def _round_trip() -> dict[str, Figure]:
    """From the Verilog of a new 4x4 array to the result of a cocotb test."""
    best = 1e9
    for _ in range(REPEATS):
        verilog, top = _fresh("systolic-4x4-int8")
        with tempfile.TemporaryDirectory() as folder:
            _stimulus(Path(folder), "systolic-4x4-int8", (4, 16, 4))
            started = time.perf_counter()
            result = run_cocotb(verilog, top, DRIVER, env={"RTLOOM_BENCH_FOLDER": folder})
            best = min(best, time.perf_counter() - started)
            assert result.passed, result.log
    return {"Verilog of a new 4x4 to cocotb result, warm cache": Figure(best, "s", WALL)}


def _stimulus(folder: Path, name: str, size: tuple[int, int, int]):
    """Write a GEMM as the cocotb driver reads it; return what the native runner takes."""
    spec = load(name)
    rng = np.random.default_rng(0)
    a, b = rng.integers(-128, 128, size[:2]), rng.integers(-128, 128, size[1:])
    job = spec.family.lower(spec.params, "gemm", a=a, b=b)
    ports = {port.name: port for port in spec.family.ports(spec.params)}
    arrays = {key: ports[key].pack(beats) for key, beats in job.inputs.items()}
    arrays |= {f"{key}_last": beats["last"] for key, beats in job.inputs.items() if "last" in beats}
    np.savez(folder / "stimulus.npz", count=job.outputs["c"], **arrays)
    return job


def _speed(name: str, size: tuple[int, int, int]) -> dict[str, Figure]:
    """Run one GEMM through plain cocotb and from arrays; outputs and cycles must agree."""
    design = emit_design(load(name))
    model = NativeModel(design.verilog, design.manifest)
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        job = _stimulus(folder, name, size)
        cocotb_rate = native_rate = 0.0
        for _ in range(REPEATS):
            result = run_cocotb(design.verilog, design.manifest.top, DRIVER, env={"RTLOOM_BENCH_FOLDER": text})
            assert result.passed, result.log
            took = json.loads((folder / "took.json").read_text())
            cocotb_rate = max(cocotb_rate, took["cycles"] / took["seconds"])
            started = time.process_time()
            run = model.run(job.inputs, job.outputs)
            # Packing and unpacking of the arrays is part of what a user waits for.
            native_rate = max(native_rate, run.cycles / (time.process_time() - started))
        port = next(bound.port for bound in design.manifest.streams if bound.port.name == "c")
        assert (port.unpack(np.load(folder / "taken.npy"))["data"] == run.outputs["c"]["data"]).all()
        assert run.cycles == took["cycles"]
    return {
        f"{name}, cycles per second from arrays": Figure(native_rate, "Hz", CPU),
        f"{name}, cycles per second, cocotb driver and monitor": Figure(cocotb_rate, "Hz", CPU),
        f"{name}, simulated cycles per second from arrays over cocotb, ratio": Figure(
            native_rate / cocotb_rate, "x", "measured in the same run, same design and stimulus"
        ),
    }
