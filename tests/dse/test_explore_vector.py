"""A space of vector units end to end: closed forms, netlists, simulation, and what can be asked of its points."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from rtloom.dse.cycles import run_workload
from rtloom.dse.engine.in_process import InProcess
from rtloom.dse.explore.estimates import costs_of
from rtloom.dse.explore.explain import explain
from rtloom.dse.explore.propose import propose
from rtloom.dse.explore.reproduce import reproduce
from rtloom.dse.explore.result import Explored
from rtloom.dse.explore.run import explore
from rtloom.dse.space.document import Space, parse_space
from rtloom.dse.store.store import Store
from rtloom.dse.workloads.files import read_workload
from rtloom.dse.workloads.workload import parse_workload
from rtloom.errors import InputError
from rtloom.generators.spec import load

GELU = {"name": "gelu", "type": "vector", "function": "gelu", "vectors": 6, "length": 13, "repeat": 2}
NORM = {"name": "norm", "type": "vector", "function": "layernorm", "vectors": 3, "length": 26}
SPACE: dict[str, Any] = {
    "family": "vector",
    "base": {"unit": "gelu", "input_format": "int4", "output_format": "int4", "table_bits": 2, "multiplier_bits": 6},
    "axes": {"lanes": [1, 2]},
    "recipes": [{"booth": True}],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the workload, for the store too."""
    path = tmp_path_factory.mktemp("vector")
    (path / "tiny.yaml").write_text(yaml.safe_dump({"layers": [GELU, NORM]}))
    return path


@pytest.fixture(scope="module")
def found(folder: Path) -> Explored:
    """Return the space explored."""
    space = parse_space({**SPACE, "workload": str(folder / "tiny.yaml")}, "Space s", "s")
    with Store.open(folder / "explore.db") as store, InProcess() as executor:
        return explore(space, store, executor)


def test_both_units_are_on_the_front(found: Explored, folder: Path) -> None:
    """Fewer lanes are smaller, more are faster; cycles are those of simulation."""
    assert [(variant.tier, variant.axes["lanes"]) for variant in found.best] == [(2, 2), (2, 1)]
    assert found.coverage == pytest.approx(2 / 3)
    assert found.reasons == {"norm": "Vector unit must be layernorm, which the layer computes, not 'gelu'"}
    for variant in found.best:
        design = load({"family": "vector", "params": dict(variant.params)})
        run = run_workload(design, read_workload(folder / "tiny.yaml"))
        assert variant.figures["cycles"].value == run.cycles.value
        lanes = variant.axes["lanes"]
        assert variant.figures["energy"].source.startswith("gate-sim")
        assert variant.figures["energy_per_mac"].unit == "pJ/multiplication"
        # The job that was simulated, as a layer.
        job = {**GELU, "vectors": 4, "length": 16 * lanes}
        simulated = run_workload(design, parse_workload({"layers": [job]}, "job", "Workload job"))
        assert variant.figures["simulated_cycles"].value == simulated.layers[0].cycles


def test_a_point_is_taken_apart_and_built_again(found: Explored, folder: Path) -> None:
    point = found.best[-1].point
    with Store.open(folder / "explore.db") as store:
        layers = explain(store, point).tables()["Cycles by layer"]
        again = reproduce(store, point)
    assert [row[0] for row in layers] == ["layer", "gelu"]
    assert (again.different, again.same_code) == ((), True)


def test_the_report_speaks_of_elements(found: Explored, folder: Path) -> None:
    pytest.importorskip("plotly")
    pytest.importorskip("matplotlib")
    from rtloom.dse.report.write import write_report

    write_report(found, folder / "report", "rtloom explore s.yaml", folder / "explore.db")
    page = (folder / "report" / "report.html").read_text()
    assert "33.3 % of the elements, in 1 layer that the designs cannot run" in page
    assert "useful multiplications a second" in page
    json.loads((folder / "report" / "results.json").read_text(), parse_constant=pytest.fail)


def proposed(*layers: dict[str, Any], **changes: Any) -> Any:
    """Return what tier 0 proposes for a space of units."""
    space: Space = parse_space({**SPACE, "workload": "w", **changes}, "Space s", "s")
    return propose(space, parse_workload({"layers": list(layers)}, "w", "Workload w"), costs_of(space))


def test_of_several_functions_that_with_the_most_elements_counts() -> None:
    """What the units that do count cannot run is said, and nothing of the others."""
    found = proposed(GELU, NORM, base={}, axes={"unit": ["gelu", "layernorm"], "lanes": [1, 2, 4]})
    assert {found.table.values(int(at))["unit"] for at in found.points} == {"gelu"}
    assert (int(found.table.valid.sum()), list(found.table.reasons)) == (3, ["norm"])
    assert {"area", "energy", "latency"} <= found.table.figures.keys()


def test_a_search_proposes_units() -> None:
    """Turns on an odd number of lanes are no designs, and are not proposed."""
    pytest.importorskip("optuna")
    rope = {**GELU, "function": "rope", "length": 26}
    axes = {"lanes": {"from": 1, "to": 16}, "pairing": ["adjacent", "halves"]}
    search = {"method": "tpe", "trials": 30}
    found = proposed(rope, base={"unit": "rope"}, axes=axes, search=search, synthesise=4)
    assert len(found.points) == 4
    assert all(found.table.values(int(at))["lanes"] % 2 == 0 for at in found.points)


def test_gamma_is_no_more_of_a_workload() -> None:
    """A norm without gamma multiplies less, yet does all that the layer is."""
    base = {"unit": "layernorm", "max_length": 64}
    found = proposed(NORM, base=base, axes={"affine": ["none", "gamma_beta"], "lanes": [1, 2]})
    assert (int(found.table.valid.sum()), found.table.coverage) == (4, 1.0)


def test_units_too_short_for_every_layer_are_refused() -> None:
    long = {**NORM, "length": 65}
    with pytest.raises(InputError, match=r"^Space must run a layer of w: Vector x must have at most max_length=64 "):
        proposed(long, base={"unit": "layernorm", "max_length": 64}, axes={"lanes": [1, 2]})
