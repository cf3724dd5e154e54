"""What the explorer must show: speed of tier 0, exactness of cycles, synthesis time, utilisation of depthwise layers.

Parts: ``python -m tests.benchmarks.bench_explore [PART ...]``.
"""

import argparse
import contextlib
import json
import os
import random
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import typer
import yaml

from rtloom.dse.cycles import layer_cycles
from rtloom.dse.estimate.calibration import calibrated
from rtloom.dse.estimate.design_set import design_set
from rtloom.dse.estimate.fit import errors_of, retention
from rtloom.dse.estimate.model import estimator
from rtloom.dse.estimate.spaces import SPACES
from rtloom.dse.explore.estimates import costs_of
from rtloom.dse.explore.synthesis import synthesise_point
from rtloom.dse.pareto import front
from rtloom.dse.schedule.scheduler import scheduling_table
from rtloom.dse.space.document import parse_space
from rtloom.dse.space.grid import Grid
from rtloom.dse.tier0.table import evaluate
from rtloom.dse.workloads.files import read_workload
from rtloom.dse.workloads.layers import Conv2d
from rtloom.figures import Figure
from rtloom.generators.spec import Spec, family, load, presets
from rtloom.verif.simulate import simulate

SPACE = {
    "family": "systolic",
    "workload": "resnet-50",
    "base": {"max_reduction": 16384},
    "objectives": ["latency", "area"],
    "axes": {
        "rows": {"from": 1, "to": 64},
        "cols": {"from": 1, "to": 64},
        "dataflow": ["output_stationary", "weight_stationary", "input_stationary"],
        "pipeline": [1, 2, 3],
        "broadcast": [1, 2, 4, 8],
        "a_format": ["int4", "int8"],
        "b_format": ["int2", "int4", "int8"],
    },
}
"""884,736 points: an array of any shape up to 64 x 64."""
SWEEP = {
    "name": "sweep",
    "family": "systolic",
    "workload": "mobilenet-v1",
    "base": {"max_reduction": 16384},
    "objectives": ["latency", "area"],
    "recipes": [{"booth": True}],
    "memory": {"buffer_kib": 256},
    "axes": {
        "rows": [1, 2, 3, 4, 5],
        "cols": [1, 2, 3, 4],
        "a_format": ["int2", "int3", "int4", "int5", "int6"],
        "b_format": ["int2", "int3", "int4", "int5", "int6"],
        "pipeline": [1, 2],
    },
    "synthesise": 150,
}
"""1000 small arrays, the best 150 of which are synthesised."""
KILLS = 5
FAMILIES = ("systolic", "lut", "sparse", "attention", "vector")


def tier0() -> dict[str, Figure]:
    """Return the points that tier 0 evaluates in a second on one core; validity, area and cycles included."""
    space = parse_space(SPACE, "Space", "arrays up to 64x64")
    workload, found, values = read_workload("resnet-50"), family("systolic"), space.values
    costs = costs_of(space)
    rates = []
    for _ in range(3):
        grid = Grid(found, space.base, values)
        began = time.process_time()
        table = evaluate(grid, space, workload, costs)
        rates.append(grid.count / (time.process_time() - began))
    began = time.process_time()
    best = front(table.costs(["latency", "area"]))
    seconds = time.process_time() - began
    source = f"measured, CPU time, one core, median of 3; {grid.count:,} arrays on ResNet-50"
    return {
        "tier 0, points a second": Figure(statistics.median(rates), "points/s", source),
        "tier 0, front of them": Figure(len(best), "points", f"exact; found in {seconds:.1f} CPU-s"),
    }


def cycles() -> dict[str, Figure]:
    """Return the largest difference between cycles of formula and of simulation on held-out designs of every family."""
    figures = {}
    for name in FAMILIES:
        worst, count = 0, 0
        for spec in _unseen(name):
            operation, tensors = spec.family.example(spec.params, "ragged", 1)
            _, report = simulate(spec, operation, interface="stream", check=False, **tensors)
            worst, count = max(worst, abs(report.cycles - report.formula_cycles)), count + 1
        source = f"rtl-sim, {count} designs that no estimator was fitted on"
        figures[f"cycles of {name}, largest error"] = Figure(worst, "cycles", source)
    return figures


def _unseen(name: str) -> list[Spec]:
    """Return designs of a family that no estimator was fitted on; its presets where it has no estimator."""
    if name not in SPACES:
        return [spec for spec in presets().values() if spec.family.name == name]
    points = [point for point in design_set(name) if point.split != "train"][:8]
    return [load({"family": name, "params": point.params}) for point in points]


def synthesis() -> dict[str, Figure]:
    """Return the CPU time of tier 1 for a 16x16 int8 array."""
    spec = load("systolic-16x16-int8")
    payload = {"family": "systolic", "params": spec.params.to_dict(), "recipe": {"booth": True}, "liberty": []}
    before, began = _cpu(), time.perf_counter()
    synthesise_point(payload)
    source = f"measured, Verilog included; {time.perf_counter() - began:.1f} s wall time"
    return {"tier 1 of systolic-16x16-int8": Figure(_cpu() - before, "CPU-s", source)}


def depthwise() -> dict[str, Figure]:
    """Return the utilisation of depthwise layers of MobileNetV1 on 64x64, by formula and by simulation."""
    spec, figures = load("systolic-64x64-int8"), {}
    layers = [each for each in read_workload("mobilenet-v1").layers if isinstance(each, Conv2d) and each.groups > 1]
    smallest = min(layers, key=lambda each: each.macs)
    for layer in {smallest.name: smallest, layers[-1].name: layers[-1]}.values():
        _, predicted, work = layer_cycles(spec.family, spec.params, layer)
        rng = np.random.default_rng(1)
        given = layer.arguments
        tensors = {name: rng.integers(-128, 128, size=given[name]) for name in ("x", "w")}
        geometry = {name: given[name] for name in ("stride", "padding", "groups")}
        _, report = simulate(spec, "conv2d", interface="stream", check=True, **tensors, **geometry)
        label = f"{layer.name} ({layer.sizes}) on systolic-64x64-int8"
        peak = spec.family.peak(spec.params)
        figures[f"{label}, predicted"] = Figure(100 * work / (predicted * peak), "%", f"exact, {predicted:,} cycles")
        figures[f"{label}, simulated"] = Figure(
            100 * report.utilisation, "%", f"rtl-sim, {report.cycles:,} cycles, equal to golden"
        )
    return figures


def sweep() -> dict[str, Figure]:
    """Return how a sweep of 1000 points that is killed five times compares with one that is not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "space.yaml").write_text(yaml.safe_dump(SWEEP))
        seconds = [_swept(folder, "whole", 0), _swept(folder, "killed", KILLS)]
        whole, killed = (json.loads((folder / name / "results.json").read_text()) for name in ("whole", "killed"))
        points = whole["points"]
        keys = {name: _computed(folder / name / "explore.db") for name in ("whole", "killed")}
    same = {name: whole[name] == killed[name] for name in ("front", "variants")}
    source = f"measured; killed {KILLS} times with SIGKILL, {seconds[1]:.0f} s; uninterrupted {seconds[0]:.0f} s"
    return {
        **_kept(whole["variants"]),
        f"sweep of {points} points, netlists": Figure(keys["killed"], "results", source),
        "sweep, results of the one that was not killed": Figure(keys["whole"], "results", source),
        "sweep, fronts equal": Figure(int(same["front"]), "of 1", f"{len(whole['front'])} points, ids compared"),
        "sweep, all figures of all points equal": Figure(int(same["variants"]), "of 1", "every figure compared"),
    }


def _kept(variants: list[dict[str, Any]]) -> dict[str, Figure]:
    """Return how near the area estimates of all points of the sweep are, and whether they find the smallest."""
    real = np.array([each["figures"]["area"]["value"] for each in variants])
    params = [load({"family": "systolic", "params": each["params"]}).params for each in variants]
    estimated = np.array([estimator("systolic").area(each) for each in params])
    found, asked = retention(estimated, real)
    errors = errors_of(estimated, real)
    source = f"model against synthesis of {len(real)} arrays, gate equivalents"
    return {
        "sweep, smallest 10 of the netlists among the 50 smallest by estimate": Figure(found, f"of {asked}", source),
        "sweep, area estimate, median error": Figure(errors.median, "%", source),
        "sweep, area estimate, p95 of the error": Figure(errors.p95, "%", source),
    }


def schedules() -> dict[str, Figure]:
    """Return what the integer program saves of the traffic that is not compulsory, against LRU and Belady."""
    found = {}
    for row in scheduling_table():
        label = f"{row['network']} with {row['buffer_kib']} KiB"
        source = f"exact, replayed; gap {row['gap']:g}, {row['seconds']:.1f} s"
        for method in ("milp", "belady", "lru"):
            found[f"{label}, beyond compulsory traffic, {method}"] = Figure(row[method] / 1e6, "MB", source)
        if row["saving_percent"] is not None:
            found[f"{label}, saved against LRU"] = Figure(row["saving_percent"], "%", source)
    return found


def estimates() -> dict[str, Figure]:
    """Return the errors of every estimator that comes with the package, on designs that it was not fitted on."""
    found = {}
    for name in FAMILIES:
        for calibration in calibrated(name)[:1]:
            for measured, fitted in zip(calibration.measured, calibration.fits, strict=True):
                for split, errors in fitted.errors.items():
                    if split == "train":
                        continue
                    where = "held out" if split == "held_out" else "outside the space"
                    label = f"{fitted.target} of {name}, {measured.library}, {where}"
                    source = f"n = {errors.n}, {calibration.tool}, refitted by the tests"
                    found[f"{label}, median error"] = Figure(errors.median, "%", source)
                    found[f"{label}, p95 of the error"] = Figure(errors.p95, "%", source)
    return found


def _swept(folder: Path, name: str, kills: int) -> float:
    """Explore in a process of its own, kill it so many times, and return the seconds until it was done."""
    command = [sys.executable, "-m", "rtloom", "explore", str(folder / "space.yaml"), "-o", str(folder / name)]
    began, rng = time.perf_counter(), random.Random(1)
    for _ in range(kills):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(rng.uniform(8, 25))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


def _computed(store: Path) -> int:
    """Return how many results a store holds."""
    with contextlib.closing(sqlite3.connect(store)) as connection:
        return int(connection.execute("SELECT COUNT(*) FROM results").fetchone()[0])


def _cpu() -> float:
    """Return the CPU seconds of this process and its children."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


PARTS: dict[str, Callable[[], dict[str, Figure]]] = {
    "tier0": tier0,
    "cycles": cycles,
    "synthesis": synthesis,
    "depthwise": depthwise,
    "sweep": sweep,
    "schedules": schedules,
    "estimates": estimates,
}


def figures(parts: "tuple[str, ...]" = tuple(PARTS)) -> dict[str, Figure]:
    """Return all figures of this file."""
    found: dict[str, Figure] = {}
    for part in parts:
        found |= PARTS[part]()
    return found


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default="all", choices=("all", *PARTS), help="what to measure")
    asked = parser.parse_args().parts
    for label, figure in figures(tuple(PARTS) if "all" in asked else tuple(asked)).items():
        typer.echo(f"{label}: {figure}")
