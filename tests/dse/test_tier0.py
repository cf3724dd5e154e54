"""Tier 0: all points at once are what each is alone."""

from typing import Any

import numpy as np
import pytest

from rtloom.dse.cycles import run_workload
from rtloom.dse.explore.constraints import allowed, broken
from rtloom.dse.explore.propose import propose
from rtloom.dse.pareto import front
from rtloom.dse.schedule.graph import layer_graph
from rtloom.dse.schedule.scheduler import schedule
from rtloom.dse.space.document import Space, parse_space
from rtloom.dse.space.grid import Grid
from rtloom.dse.streams import layer_stream_bits, operand_bits
from rtloom.dse.tier0.costs import Costs
from rtloom.dse.tier0.table import Table, evaluate
from rtloom.dse.traffic import layer_traffic
from rtloom.dse.workloads.files import read_workload
from rtloom.dse.workloads.workload import Workload, parse_workload
from rtloom.errors import InputError
from rtloom.generators.spec import Spec, family

MIXED = parse_workload(
    {
        "layers": [
            {"name": "stem", "type": "conv2d", "height": 9, "width": 9, "channels": 3, "outputs": 8, "kernel": 3},
            {"name": "depthwise", "type": "conv2d", "height": 6, "width": 6, "channels": 8, "outputs": 8, "kernel": 3,
             "groups": 8, "padding": 1},
            {"name": "again", "type": "conv2d", "height": 9, "width": 9, "channels": 3, "outputs": 8, "kernel": 3},
            {"name": "scores", "type": "gemm", "m": 5, "k": 7, "n": 9, "weights": "none", "batch": 3},
            {"name": "fc", "type": "gemm", "m": 1, "k": 70, "n": 33, "repeat": 2},
            {"name": "attention", "type": "attention", "heads": 4, "head_dim": 16, "queries": 9, "keys": 20,
             "kv_heads": 2},
            {"name": "softmax", "type": "vector", "function": "softmax", "vectors": 36, "length": 20, "repeat": 3},
            {"name": "norm", "type": "vector", "function": "rmsnorm", "vectors": 9, "length": 20},
        ]
    },
    "mixed",
    "Workload mixed",
)  # fmt: skip
SPACES: dict[str, dict[str, Any]] = {
    "systolic": {
        "axes": {
            "rows": [1, 2, 3, 8],
            "cols": [2, 5],
            "dataflow": ["output_stationary", "weight_stationary", "input_stationary"],
            "packing": [False, True],
            "b_format": ["int8", "bipolar"],
            "accumulator_rows": [64, 7],
        }
    },
    "lut": {"axes": {"m": [1, 3], "n": [8, 16], "k": [1, 2], "segments": [None, 3, 4], "planes": [1, 2]}},
    "sparse": {"axes": {"rows": [1, 2], "chains": [2, 3], "packing": [0, 2], "gemv": [False, True]}, "kept": 2},
    "attention": {"axes": {"rows": [2, 4], "e_lanes": [3, 8, 16], "f_lanes": [4, 16]}, "base": {"e": 16, "f": 16}},
    "vector": {
        "axes": {
            "unit": ["rmsnorm", "softmax"],
            "lanes": [1, 2, 3, 8],
            "max_length": [16, 64],
            "affine": [None, "none"],
            "input_format": ["int8", "int12"],
            "table_bits": [3, 5],
        }
    },
}


def space_of(name: str, **changes: Any) -> Space:
    """Return a space of a family."""
    raw = {"family": name, "workload": "mobilenet-v1", "objectives": ["latency", "area"], **SPACES[name], **changes}
    return parse_space(raw, "Space s", "s")


def costs(unit: str = "GE") -> Costs:
    """Return estimates that are easily checked."""

    def area(p: Any) -> Any:
        sizes = (getattr(p, name, 1) for name in ("rows", "cols", "m", "n", "chains", "lanes"))
        return 100.0 * np.prod(np.broadcast_arrays(*sizes), axis=0)

    return Costs(area, unit, 0.1, lambda p: 1e-12 * area(p), lambda p: 1e-13 * area(p), 0.1, 1e-13, 1e-11, {})


def table_of(space: Space, workload: Workload = MIXED) -> Table:
    """Return the table of a space."""
    grid = Grid(family(space.family), space.base, space.values)
    return evaluate(grid, space, workload, costs())


def parsed(grid: Grid, point: int) -> Spec | None:
    """Return a point's design, None where it is not valid."""
    try:
        return grid.spec(grid.values(point))
    except InputError:
        return None


@pytest.mark.parametrize("name", SPACES)
def test_every_point_is_what_it_is_alone(name: str) -> None:
    space = space_of(name, objectives=["latency", "area", "energy"])
    table = table_of(space)
    assert table.valid.any()
    ran = 0
    for point in range(table.grid.count):
        spec = parsed(table.grid, point)
        if spec is None:
            assert not table.valid[point]
            continue
        run = run_workload(spec, MIXED, space.kept)
        if not run.running or run.covered < table.coverage:
            assert not table.valid[point]
            continue
        assert table.valid[point]
        ran += 1
        figures = {key: values[point] for key, values in table.figures.items()}
        assert figures["cycles"] == run.cycles.value
        assert figures["utilisation"] == pytest.approx(run.utilisation.value)
        bits, layers = operand_bits(spec.params, space.kept), [done.layer for done in run.running]
        moved = [float(layer_traffic(layer, bits, 512 * 1024).dram_bytes) for layer in layers]
        assert figures["dram_bytes"] == pytest.approx(
            sum(one.repeat * each for one, each in zip(layers, moved, strict=True))
        )
        streams = sum(layer.repeat * layer_stream_bits(spec.params, layer, space.kept) for layer in layers)
        assert figures["stream_bits"] == streams
        seconds = sum(
            done.layer.repeat * max(done.needed / 1e8, each / 12.8e9)
            for done, each in zip(run.running, moved, strict=True)
        )
        assert figures["latency"] == pytest.approx(seconds)
        area = float(costs().area(spec.params))  # type: ignore[misc]
        busy = sum(done.layer.repeat * done.work for done in run.running) / spec.family.peak(spec.params)
        logic = busy * 1e-12 * area + (run.cycles.value - busy) * 1e-13 * area
        assert figures["area"] == area
        assert figures["energy"] == pytest.approx(logic + streams * 1e-13 + 8 * figures["dram_bytes"] * 1e-11)
        assert figures["edp"] == pytest.approx(figures["energy"] * figures["latency"])
    assert ran > 3


def test_points_without_any_valid_one_say_why() -> None:
    space = space_of("attention", axes={"e_lanes": [3, 5]}, base={"e": 16, "f": 16})
    with pytest.raises(InputError, match="keeps the family's rules: Attention e_lanes must divide e=16, not 3"):
        table_of(space)


def test_points_that_run_nothing_say_why() -> None:
    with pytest.raises(InputError, match="run a layer of mobilenet-v1: Attention has no operation for a layer of type"):
        table_of(space_of("attention"), read_workload("mobilenet-v1"))


def test_bounds_that_no_point_meets_are_named() -> None:
    table = table_of(space_of("systolic"))
    errors = {"area": 0.1}
    with pytest.raises(InputError, match=r"a point with area at most 50 GE, but they reach from 200 to 4000 GE"):
        allowed(space_of("systolic", constraints={"area": {"at_most": 50}}), table, errors, {"area": "GE"})
    bounds = {"area": {"at_most": 300}, "cycles": {"at_most": float(np.nanmin(table.figures["cycles"]))}}
    with pytest.raises(InputError, match=r"meets area at most 300 GE and cycles at most \d+ cycles together"):
        allowed(space_of("systolic", constraints=bounds), table, errors, {"area": "GE"})


def test_estimates_near_a_bound_stay() -> None:
    """An estimate 5 % above the bound whose error is 10 % may meet it."""
    table = table_of(space_of("systolic"))
    space = space_of("systolic", constraints={"area": {"at_most": 191}})
    assert allowed(space, table, {"area": 0.1}, {}).any()
    with pytest.raises(InputError, match="area at most 191"):
        allowed(space, table, {"area": 0.01}, {})
    assert broken(space, {"area": 192.0}) == "area 192 is not at most 191"
    assert broken(space, {"area": 191.0, "latency": 1.0}) == ""


@pytest.mark.parametrize("method", ["exhaustive", "nsga2", "tpe"])
def test_proposals_are_the_best_fronts(method: str) -> None:
    if method != "exhaustive":
        pytest.importorskip("optuna")
    space = space_of("systolic", search={"method": method, "trials": 150, "seed": 3}, synthesise=6)
    found = propose(space, MIXED, costs())
    assert (found.method, len(found.points)) == (method, 6)
    objectives = found.table.costs(found.ranked_by)
    best = {tuple(objectives[at]) for at in front(objectives)}
    chosen = {tuple(objectives[at]) for at in found.points}
    assert chosen <= best or best <= chosen
    for at in found.points:
        spec = found.table.spec(int(at))
        assert run_workload(spec, MIXED).cycles.value == found.table.figures["cycles"][at]


def test_a_search_repeats() -> None:
    pytest.importorskip("optuna")
    space = space_of("lut", search={"method": "nsga2", "trials": 60, "seed": 5}, workload="resnet-50")
    first, second = (propose(space, MIXED, costs()) for _ in range(2))
    assert [first.table.values(int(at)) for at in first.points] == [
        second.table.values(int(at)) for at in second.points
    ]


@pytest.mark.parametrize("method", ["lru", "belady", "milp"])
def test_a_schedule_says_what_is_moved(method: str) -> None:
    pytest.importorskip("scipy")
    memory = {"buffer_kib": 256, "schedule": method}
    space = space_of("systolic", axes={"rows": [4, 8]}, base={"cols": 4, "max_reduction": 16384}, memory=memory)
    workload = read_workload("mobilenet-v1")
    table = table_of(space, workload)
    plan = schedule(layer_graph(workload, operand_bits(table.spec(0).params)), 256 * 1024, method)
    assert table.figures["dram_bytes"].tolist() == [plan.dram_bytes.value] * 2
    for point in range(2):
        run = run_workload(table.spec(point), workload)
        cycles = {done.layer.name: done.needed for done in run.running}
        each = [max(cycles[r.layer.name] / 1e8, plan.layer_bytes()[r.name] / 12.8e9) for r in workload.runs]
        assert table.figures["latency"][point] == pytest.approx(sum(each))


def test_points_that_cannot_be_estimated_are_named_and_not_proposed() -> None:
    def area(p: Any) -> Any:
        if p.pipeline == 2:
            raise InputError("pipeline must be 1")
        return 100.0 * p.rows

    known = Costs(area, "GE", 0.1, None, None, 0.1, 0.0, 0.0, {})
    space = space_of("systolic", axes={"rows": [1, 2], "pipeline": [1, 2]})
    found = propose(space, MIXED, known)
    assert found.table.unknown == {"pipeline must be 1": 2}
    assert {found.table.values(int(at))["pipeline"] for at in found.points} == {1}
    alone = propose(space_of("systolic", axes={"rows": [1, 2]}, base={"pipeline": 2}), MIXED, known)
    assert alone.ranked_by == ["latency"]
