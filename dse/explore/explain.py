"""Where a point's area, energy and cycles go: by module and by layer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import InputError
from ...figures import Figure
from ...generators.spec import Spec, load
from ..cycles import WorkloadRun, run_workload
from ..space.document import Recipe, Space
from ..store.rows import Result
from ..store.store import Store
from ..workloads.workload import parse_workload
from .jobs import RTL, SYNTH
from .reproduce import find_point

__all__ = ["Explanation", "explain"]


@dataclass(frozen=True)
class Explanation:
    """A point taken apart.

    Parameters
    ----------
    point
        Its id.
    spec
        The design.
    run
        Its layers, with the exact cycles of each.
    netlists
        For each recipe the result of its synthesis.
    energies
        For each recipe that was simulated the result of that.
    failures
        Tasks that failed, by kind and reason.
    """

    point: str
    spec: Spec
    run: WorkloadRun
    netlists: Mapping[str, Mapping[str, Any]]
    energies: Mapping[str, Mapping[str, Any]]
    failures: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON holds it."""
        return {
            "report": "explain",
            "point": self.point,
            "family": self.spec.family.name,
            "params": self.spec.params.to_dict(),
            "layers": [
                {
                    "name": done.layer.name,
                    "repeat": done.layer.repeat,
                    "cycles": done.figure.to_dict() if done.cycles is not None else None,
                    "utilisation": done.utilisation.to_dict() if done.cycles is not None else None,
                    "how": done.how,
                }
                for done in self.run.layers
            ],
            "area": {recipe: list(found["shares"]) for recipe, found in self.netlists.items()},
            "figures": {recipe: dict(found["figures"]) for recipe, found in self.netlists.items()},
            "energy": {recipe: dict(found["busy"]) for recipe, found in self.energies.items()},
            "failures": list(self.failures),
        }

    def tables(self) -> dict[str, list[tuple[str, ...]]]:
        """Return tables of texts by their titles, the first row of each being its head."""
        found = {"Cycles by layer": self._layers()}
        for recipe, result in self.netlists.items():
            area = Figure(**result["figures"]["area"])
            found[f"Area by module, {recipe}: {area}"] = _shares(result, area.unit)
        for recipe, result in self.energies.items():
            energy = Figure(**result["busy"]["figures"]["energy"])
            found[f"Energy of a job by module, {recipe}: {energy}"] = _joules(result["busy"])
        return found

    def _layers(self) -> list[tuple[str, ...]]:
        rows: list[tuple[str, ...]] = [("layer", "times", "cycles of all", "share", "utilisation")]
        total = self.run.cycles.value
        for done in sorted(self.run.running, key=lambda done: -done.layer.repeat * done.needed):
            cycles = done.layer.repeat * done.needed
            share = f"{100 * cycles / total:.1f} %"
            rows.append(
                (done.layer.name, str(done.layer.repeat), f"{cycles:,}", share, f"{done.utilisation.value:.1f} %")
            )
        return rows


def explain(store: Store, wanted: str) -> Explanation:
    """Take a point apart; nothing is computed but the cycles of its layers.

    Parameters
    ----------
    store
        What was explored.
    wanted
        Id of the point, or its beginning.

    Raises
    ------
    InputError
        Where there is no such point, or its sweep is gone.
    """
    point = find_point(store, wanted)
    found = next(each for each in store.points() if each.id == point)
    sweep = next((sweep for sweep in store.sweeps() if sweep.id == found.sweep), None)
    if sweep is None:
        raise InputError(f"Point {point} must belong to a sweep in the store, but that is gone")
    spec = load({"family": found.document["family"], "params": found.document["params"], "name": point})
    workload = parse_workload(sweep.document["workload"], "workload", "Workload of the sweep")
    space = Space.parse(sweep.document["space"])
    results = list(store.results_of(point).values())
    return Explanation(
        point,
        spec,
        run_workload(spec, workload, space.kept),
        _by_recipe(results, SYNTH),
        _by_recipe(results, RTL),
        tuple(f"{result.kind.rpartition(':')[2]}: {result.reason}" for result in results if result.failed),
    )


def _by_recipe(results: list[Result], kind: str) -> dict[str, Mapping[str, Any]]:
    """Return the results of one kind by their recipe in words."""
    found = {}
    for result in results:
        if result.kind == kind and result.result is not None:
            found[Recipe.parse(result.payload["recipe"]).words] = result.result
    return found


def _shares(result: Mapping[str, Any], unit: str) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("module", "instances", "cells", "flip-flops", "area", "share")]
    for share in result["shares"]:
        area = Figure(share["area"], unit, "").short
        counts = (f"{share[name]:,}" for name in ("instances", "cells", "flip_flops"))
        rows.append((share["label"], *counts, area, f"{share['share']:.1f} %"))
    return rows


def _joules(report: Mapping[str, Any]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("module or kind", "energy of a job", "share")]
    total = sum(report["labels"].values()) or 1.0
    for part in ("labels", "kinds"):
        for name, joules in sorted(report[part].items(), key=lambda item: -item[1]):
            if joules:
                rows.append((name, Figure(joules * 1e12, "pJ", "").short, f"{100 * joules / total:.1f} %"))
    return rows
