"""What the explorer must show: speed of tier 0, exactness of cycles, synthesis time, utilisation of depthwise layers.

Parts: ``python -m tests.benchmarks.bench_explore [PART ...]``.
"""

import os
import resource
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import typer

from rtloom.dse.cycles import layer_cycles
from rtloom.dse.estimate.design_set import design_set
from rtloom.dse.explore.estimates import costs_of
from rtloom.dse.explore.synthesis import synthesise_point
from rtloom.dse.pareto import front
from rtloom.dse.space.document import parse_space
from rtloom.dse.space.grid import Grid
from rtloom.dse.tier0.costs import Costs
from rtloom.dse.tier0.table import evaluate
from rtloom.dse.workloads.files import read_workload
from rtloom.dse.workloads.layers import Conv2d
from rtloom.figures import Figure
from rtloom.generators.spec import family, load
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
FAMILIES = ("systolic", "lut", "sparse", "attention", "vector")


def tier0() -> dict[str, Figure]:
    """Return the points that tier 0 evaluates in a second on one core; validity, area and cycles included."""
    space = parse_space(SPACE, "Space", "arrays up to 64x64")
    workload, found, values = read_workload("resnet-50"), family("systolic"), space.values
    costs: Costs = costs_of(space)
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
        for point in [p for p in design_set(name) if p.split != "train"][:8]:
            spec = load({"family": name, "params": point.params})
            operation, tensors = spec.family.example(spec.params, "ragged", 1)
            _, report = simulate(spec, operation, interface="stream", check=False, **tensors)
            worst, count = max(worst, abs(report.cycles - report.formula_cycles)), count + 1
        source = f"rtl-sim, {count} designs that no estimator was fitted on"
        figures[f"cycles of {name}, largest error"] = Figure(worst, "cycles", source)
    return figures


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


def _cpu() -> float:
    """Return the CPU seconds of this process and its children."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


PARTS: dict[str, Callable[[], dict[str, Figure]]] = {
    "tier0": tier0,
    "cycles": cycles,
    "synthesis": synthesis,
    "depthwise": depthwise,
}


def figures(parts: "tuple[str, ...]" = tuple(PARTS)) -> dict[str, Figure]:
    """Return all figures of this file."""
    found: dict[str, Figure] = {}
    for part in parts:
        found |= PARTS[part]()
    return found


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    for label, figure in figures(tuple(sys.argv[1:]) or tuple(PARTS)).items():
        typer.echo(f"{label}: {figure}")
