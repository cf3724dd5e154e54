"""An exploration from its space to its front: tier 0 proposes, tiers 1 and 2 decide."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..accuracy import accuracy_of
from ..engine.executor import Executor
from ..engine.outcome import Progress
from ..engine.run import run_tasks
from ..engine.task import Task
from ..space.document import Recipe, Space
from ..store.rows import Point, Result
from ..store.store import Store
from ..workloads.files import read_workload
from ..workloads.workload import Workload
from .estimates import costs_of, technology_of
from .jobs import Jobs
from .judge import Judge
from .keys import address, code_digest, point_id
from .propose import Proposal, propose
from .result import Explored, Variant

__all__ = ["Told", "explore"]

Told = Callable[[str, Progress | None, int], None]
"""Is told the step in words, how far its tasks are, and how many variants are on the front by what is known."""


@dataclass
class _Exploration:
    """What an exploration holds between its steps."""

    space: Space
    workload: Workload
    store: Store
    executor: Executor
    told: Told
    options: Mapping[str, Any]

    def run(self) -> Explored:
        """Go through the tiers."""
        seconds, began = {}, time.monotonic()
        self.told("tier 0: closed forms of all points", None, 0)
        costs = costs_of(self.space)
        accuracy = accuracy_of(self.space) if "accuracy" in {*self.space.objectives, *self.space.bounds} else None
        proposal = propose(self.space, self.workload, costs, accuracy, self._trials)
        self.judge = Judge(self.space, proposal.table, costs, technology_of(self.space))
        seconds["tier 0"], began = time.monotonic() - began, time.monotonic()
        variants = self._variants(proposal)
        self._synthesise(variants)
        seconds["tier 1"], began = time.monotonic() - began, time.monotonic()
        self._simulate(variants)
        seconds["tier 2"] = time.monotonic() - began
        best = [variant for variant in self.judge.front(list(variants)) if variant.tier == 2]
        return self._result(proposal, list(variants), best, seconds)

    def _trials(self, done: int, total: int) -> None:
        if done % 50 == 0 or done == total:
            self.told(f"tier 0: {done:,} of {total:,} trials", None, 0)

    @property
    def document(self) -> dict[str, Any]:
        """Everything that was asked for, as the sweep's document."""
        return {"space": self.space.to_dict(), "workload": self.workload.to_dict(), "code": code_digest()}

    def _variants(self, proposal: Proposal) -> dict[Variant, int]:
        """Return every proposed point by every recipe, and note the points in the store."""
        found: dict[Variant, int] = {}
        points = []
        self.sweep = address(self.document)
        self.specs = {int(at): proposal.table.spec(int(at)) for at in proposal.points}
        self.recipes = {recipe.words: recipe for recipe in self.space.parsed_recipes}
        for at, spec in self.specs.items():
            params = spec.params.to_dict()
            axes = {name: params[name] for name in self.space.axes}
            name = point_id(self.space.family, params)
            points.append(Point(self.sweep, name, {"family": self.space.family, "params": params, "axes": axes}))
            for words in self.recipes:
                figures = self.judge.begin(at, spec.params)
                estimates = {kind: figure for kind, figure in figures.items() if kind in ("area", "energy")}
                found[Variant(name, words, params, axes, figures, estimates)] = at
        self.store.put_sweep(self.sweep, self.document)
        self.store.put_points(points)
        return found

    def _synthesise(self, variants: Mapping[Variant, int]) -> None:
        """Tier 1: a netlist of every variant."""
        jobs = Jobs(self.space)
        tasks = {variant: jobs.synthesis(self.specs[at], self._recipe(variant)) for variant, at in variants.items()}
        fpga = {v: jobs.fpga(self.specs[at]) for v, at in variants.items()} if self.space.fpga else {}
        results = self._run("tier 1: synthesis", [*tasks.values(), *fpga.values()], variants)
        for step, of in (("synth", tasks), ("fpga", fpga)):
            take = self.judge.synthesised if step == "synth" else self.judge.on_fpga
            for variant, task in of.items():
                variant.tasks[step] = task.key
                done = self._result_of(variant, task, results)
                if done is not None:
                    take(variant, done)

    def _simulate(self, variants: Mapping[Variant, int]) -> None:
        """Tier 2: simulate what may be on the front, until all that is on it has been."""
        jobs = Jobs(self.space)
        while True:
            wanted = [variant for variant in self.judge.front(list(variants)) if variant.tier == 1]
            if not wanted:
                return
            tasks = {v: jobs.simulation(self.specs[variants[v]], self._recipe(v)) for v in wanted}
            results = self._run("tier 2: simulation of RTL and gates", list(tasks.values()), variants)
            for variant, task in tasks.items():
                variant.tasks["rtl"] = task.key
                done = self._result_of(variant, task, results)
                if done is not None:
                    self.judge.simulated(variant, variants[variant], done)

    def _recipe(self, variant: Variant) -> Recipe:
        return self.recipes[variant.recipe]

    def _run(self, step: str, tasks: list[Task], variants: Mapping[Variant, int]) -> Mapping[str, Result]:
        """Compute what the store does not have."""
        shown = len(self.judge.front(list(variants)))
        return run_tasks(
            tasks, self.store, self.executor, progress=lambda p: self.told(step, p, shown), **self.options
        ).results

    @staticmethod
    def _result_of(variant: Variant, task: Task, results: Mapping[str, Result]) -> Mapping[str, Any] | None:
        """Return a task's result; where it failed the variant is out."""
        found = results[task.key]
        if found.failed:
            variant.reason = variant.reason or found.reason
            return None
        return found.result

    def _result(
        self, proposal: Proposal, variants: list[Variant], best: list[Variant], seconds: dict[str, float]
    ) -> Explored:
        table = proposal.table
        return Explored(
            sweep=self.sweep,
            space=self.space.to_dict(),
            workload=self.workload.to_dict(),
            objectives=tuple(self.space.objectives),
            method=proposal.method,
            points=len(table.valid),
            valid=int(table.valid.sum()),
            considered=proposal.considered,
            coverage=table.coverage,
            reasons=table.reasons,
            unknown=table.unknown,
            variants=tuple(variants),
            front=tuple(variant.id for variant in best),
            cloud=self.judge.cloud(),
            sources=self.judge.costs.sources,
            seconds=seconds,
        )


def explore(
    space: Space,
    store: Store,
    executor: Executor,
    *,
    told: Told | None = None,
    retry_failed: bool = False,
    time_limit: float | None = None,
) -> Explored:
    """Explore a space; what the store has is not computed again.

    Parameters
    ----------
    space
        What is explored.
    store
        Holds every result.
    executor
        Where tasks run; entered by the caller.
    told
        Is told how far it is.
    retry_failed, time_limit
        As `run_tasks` takes them.

    Returns
    -------
    Explored
        Every point on its front has a netlist (tier 1) whose simulation was right (tier 2).

    Raises
    ------
    InputError
        Where the space is wrong, empty, or its bounds cannot be met.
    """
    workload = read_workload(space.workload, space.sizes)
    options = {"retry_failed": retry_failed, "time_limit": time_limit}
    return _Exploration(space, workload, store, executor, told or (lambda _step, _p, _front: None), options).run()
