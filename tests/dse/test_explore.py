"""An exploration end to end: what is on its front has a netlist that was simulated, and nothing is computed twice."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rtloom.dse.cycles import run_workload
from rtloom.dse.engine.in_process import InProcess
from rtloom.dse.explore import simulation
from rtloom.dse.explore.explain import explain
from rtloom.dse.explore.jobs import RTL, SYNTH, Jobs
from rtloom.dse.explore.judge import BLOCKS
from rtloom.dse.explore.reproduce import find_point, reproduce
from rtloom.dse.explore.result import Explored, Variant
from rtloom.dse.explore.run import explore
from rtloom.dse.pareto import front
from rtloom.dse.space.document import Space, parse_space
from rtloom.dse.store.store import Store
from rtloom.dse.workloads.files import read_workload
from rtloom.errors import CheckError, InputError
from rtloom.generators.spec import load
from rtloom.hdl.synth_targets import FPGAS

SMALL: dict[str, Any] = {
    "family": "systolic",
    "workload": "mobilenet-v1",
    "base": {"max_reduction": 16384, "cols": 2, "a_format": "int4", "b_format": "int4"},
    "axes": {"rows": [1, 2]},
    "memory": {"buffer_kib": 256, "bandwidth_gb_s": 6.4},
    "synthesise": 4,
}


def small(**changes: Any) -> Space:
    """Return the small space with changes."""
    return parse_space({**SMALL, **changes}, "Space small", "small")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the store that explorations share."""
    return tmp_path_factory.mktemp("store") / "explore.db"


@pytest.fixture(scope="module")
def found(kept: Path) -> Explored:
    """Return the small space explored."""
    with Store.open(kept) as store, InProcess() as executor:
        return explore(small(), store, executor)


def test_what_is_on_the_front_has_been_synthesised_and_simulated(found: Explored) -> None:
    assert found.points == found.valid == 2
    assert len(found.variants) == 4
    assert found.front
    for variant in found.best:
        assert (variant.tier, variant.reason) == (2, "")
        assert variant.figures["area"].source.startswith("synth Yosys")
        assert variant.figures["energy"].source.startswith("gate-sim")
        assert "glitch factor" in variant.figures["energy"].source
        assert set(variant.tasks) == {"synth", "rtl"}
    assert json.loads(json.dumps(found.to_dict()))["front"] == list(found.front)
    assert str(found).startswith("small: 2 points (2 valid, exhaustive), 4 netlists, ")


def test_no_measured_variant_beats_one_on_the_front(found: Explored) -> None:
    def costs(variants: list[Variant]) -> Any:
        return np.array([[v.figures[name].value for name in found.objectives] for v in variants])

    measured = [variant for variant in found.variants if variant.tier == 2 and not variant.reason]
    best = {measured[at].id for at in front(costs(measured))}
    assert best == set(found.front)


def test_figures_are_those_of_the_parts(found: Explored) -> None:
    variant = found.best[0]
    spec = load({"family": "systolic", "params": dict(variant.params)})
    run = run_workload(spec, read_workload("mobilenet-v1"))
    assert variant.figures["cycles"].value == run.cycles.value
    parts = [variant.figures[f"energy_{part}"].value for part in ("logic", "sram", "dram")]
    assert variant.figures["energy"].value == pytest.approx(sum(parts))
    assert min(parts) > 0
    latency = variant.figures["latency"].value
    assert latency >= run.cycles.value / 1e8
    assert variant.figures["edp"].value == pytest.approx(latency * sum(parts))


def test_the_same_again_computes_nothing(found: Explored, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_payload: Any) -> Any:
        raise AssertionError

    monkeypatch.setattr("rtloom.dse.explore.synthesis.synthesise_point", fail)
    monkeypatch.setattr("rtloom.dse.explore.simulation.simulate_point", fail)
    with Store.open(kept) as store, InProcess() as executor:
        again = explore(small(), store, executor)
    assert again.to_dict() | {"seconds": {}} == found.to_dict() | {"seconds": {}}


def test_a_clock_that_is_missed_and_a_bound_that_is_broken_take_points_out(kept: Path, found: Explored) -> None:
    smallest = min(variant.figures["area"].value for variant in found.variants)
    with Store.open(kept) as store, InProcess() as executor:
        late = explore(small(clock_mhz=2000.0), store, executor)
        bounded = explore(small(constraints={"area": {"at_most": smallest}}), store, executor)
    assert late.front == ()
    assert {variant.reason.split(":")[0] for variant in late.variants} == {"misses the clock"}
    assert [variant.figures["area"].value for variant in bounded.best] == [smallest]
    assert any(variant.reason.startswith("area ") for variant in bounded.variants)


def test_a_wrong_simulation_takes_its_point_out(
    found: Explored, tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RTL that is not equal to golden never comes to the front."""
    real = simulation.simulate_point
    bad = found.best[0]

    def wrong(payload: Any) -> Any:
        if payload["params"] == dict(bad.params):
            raise CheckError("c must be equal to golden")
        return real(payload)

    monkeypatch.setattr("rtloom.dse.explore.simulation.simulate_point", wrong)
    with Store.open(kept) as old, Store.open(tmp_path / "new.db") as store, InProcess() as executor:
        for variant in found.variants:
            for result in old.results_of(variant.point).values():
                if result.kind == SYNTH or result.payload["params"] != dict(bad.params):
                    assert result.result is not None
                    store.record(
                        result.key, result.kind, result.point, result.payload, dict(result.result), 1.0, "before"
                    )
        again = explore(small(), store, executor)
    assert bad.point not in {name.partition("/")[0] for name in again.front}
    assert {v.reason for v in again.variants if v.point == bad.point} == {"c must be equal to golden"}


def test_reproduce_compares_every_figure(found: Explored, kept: Path) -> None:
    point = found.best[0].point
    with Store.open(kept) as store:
        again = reproduce(store, point[:6])
        assert (again.point, again.different, again.same_code) == (point, (), True)
        assert again.compared > 100
        assert str(again) == f"{point}: {again.tasks} tasks again, all {again.compared:,} values equal"
        with pytest.raises(InputError, match=r"Point must be the id of one of \d+ points in explore.db, not 'zz'"):
            find_point(store, "zz")
        with pytest.raises(InputError, match="Point must be"):
            find_point(store, "")


def test_reproduce_finds_what_differs(found: Explored, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    point = found.best[0].point
    real = simulation.per_cycle
    monkeypatch.setattr(simulation, "per_cycle", lambda *given: (real(*given)[0] * 2, real(*given)[1]))
    with Store.open(kept) as store:
        again = reproduce(store, point)
    assert {place for place, _, _ in again.different} == {"simulate_point busy_joules"}
    assert "values differ, the first is simulate_point busy_joules: stored" in str(again)


def test_explain_takes_a_point_apart(found: Explored, kept: Path) -> None:
    variant = found.best[0]
    with Store.open(kept) as store:
        report = explain(store, variant.point)
    assert report.run.cycles.value == variant.figures["cycles"].value
    shares = report.netlists[variant.recipe]["shares"]
    assert sum(share["area"] for share in shares) == pytest.approx(variant.figures["area"].value)
    energy = report.energies[variant.recipe]["busy"]
    assert sum(energy["labels"].values()) == pytest.approx(sum(energy["kinds"].values()))
    titles = list(report.tables())
    assert titles[0] == "Cycles by layer"
    assert any(title.startswith(f"Area by module, {variant.recipe}: ") for title in titles)
    document = json.loads(json.dumps(report.to_dict()))
    assert sum(row["repeat"] * row["cycles"]["value"] for row in document["layers"]) == report.run.cycles.value


def test_keys_name_all_that_results_depend_on(found: Explored, kept: Path) -> None:
    with Store.open(kept) as store:
        results = store.results_of(found.best[0].point).values()
    assert {result.kind for result in results} == {SYNTH, RTL}
    spec = load({"family": "systolic", "params": dict(found.best[0].params)})
    one = Jobs(small()).simulation(spec, small().parsed_recipes[0])
    for changes in ({"data": "gauss"}, {"node": "asap7"}, {"search": {"seed": 2}}):
        assert Jobs(small(**changes)).simulation(spec, small().parsed_recipes[0]).key != one.key
    assert Jobs(small()).simulation(spec, small().parsed_recipes[1]).key != one.key
    assert Jobs(small(clock_mhz=7.0)).simulation(spec, small().parsed_recipes[0]).key == one.key


@pytest.mark.parametrize("kept", [None, 1])
@pytest.mark.parametrize("params", [{}, {"scale_bits": 4, "zero_points": True}])
def test_sparse_designs_are_simulated_with_what_the_space_keeps(kept: int | None, params: dict[str, Any]) -> None:
    spec = load({"family": "sparse", "params": {"length": 8, "group": 4, "weight_bits": "4", **params}})
    _, given = simulation._operands(spec, "relu", 1, {"tensors": None, "kept": kept})
    zero = np.broadcast_to(given.get("weight_zero", np.zeros((1, 1), dtype=int)), given["w"].shape)
    blocks = (given["w"] != zero).reshape(len(given["w"]), -1, 4).sum(axis=2)
    assert np.unique(blocks).tolist() == [kept or 4]
    spec.family.lower(spec.params, "gemm", **given)


@pytest.mark.parametrize("target", sorted(FPGAS))
def test_blocks_of_every_fpga_have_one_name(target: str) -> None:
    for kinds in BLOCKS.values():
        assert sum(kind in FPGAS[target].resources for kind in kinds) == 1
