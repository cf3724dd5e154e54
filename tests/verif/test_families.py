"""Families of other packages bring no jobs: their examples go through regress and the bench all the same."""

import itertools
import re
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from amaranth.hdl import Module
from pydantic import Field

from rtloom.errors import InputError
from rtloom.generators import spec as spec_module
from rtloom.generators.systolic.family import SYSTOLIC
from rtloom.verif import matrix
from rtloom.verif.families.example import ExampleJobs
from rtloom.verif.jobs import jobs_of
from rtloom.verif.regression.tasks import execute, names_of, random_tasks
from rtloom.verif.verify import verify

from ..generators.toy_family import Negate, Toy, ToyParams


class Registered(Negate):
    """The toy's inverters with a register behind them."""

    def body(self):
        m = Module()
        m.d.comb += self.x.ready.eq(~self.y.valid | self.y.ready)
        with m.If(self.x.ready):
            m.d.sync += [self.y.valid.eq(self.x.valid), self.y.payload.data.eq(~self.x.payload.data)]
        return m


class Inverting(Toy):
    """The toy family with examples."""

    name = "inverting"

    def component(self, params):
        return Registered(self.ports(params))

    def cycles(self, params, job):
        return job.outputs["y"] + 1

    def example(self, params, size, seed):
        beats = {"small": 1, "ragged": 23, "corner": 12}[size]
        return "negate", {"x": np.random.default_rng(seed).integers(-128, 128, (beats, params.lanes))}


@pytest.fixture
def installed(monkeypatch):
    """Install the family, as an entry point would, with its golden model."""
    entry = SimpleNamespace(name="inverting", value="other:INVERTING", load=Inverting)
    monkeypatch.setattr(spec_module, "entry_points", lambda group: [entry])
    golden = SimpleNamespace(compute=lambda params, operation, x: -1 - x)
    monkeypatch.setitem(sys.modules, "toy.golden", golden)
    return golden


def test_regress_runs_the_examples(installed, tmp_path) -> None:
    tasks = list(itertools.islice(random_tasks(names_of("inverting"), 1, 0), 3))
    assert {task.family for task in tasks} == {"inverting"}
    assert [execute(task, tmp_path) for task in tasks] == ["", "", ""]
    installed.compute = lambda params, operation, x: -x
    assert re.match(r"\w\[0, 0\] must be 1, not 0; 2 of 2 elements are wrong, ", execute(tasks[0], tmp_path))
    assert tasks[0].command == "rtloom regress --random --family inverting --seed 1 --start 0 --count 1"


def test_the_bench_runs_the_examples(installed) -> None:
    report = verify({"family": "inverting", "name": "inv"}, only=["corner_both", "reset_early"]).require()
    assert [outcome.scenario for outcome in report.outcomes] == ["corner_both", "reset_early"]


def test_switches_are_drawn_and_numbers_are_not() -> None:
    jobs = ExampleJobs(SYSTOLIC)
    drawn = [jobs.draw(np.random.default_rng(seed)) for seed in range(40)]
    for params in drawn:
        jobs.params.parse(params)
    switches = {"dataflow", "overflow", "packing", "bias", "requantize", "activation"}
    assert {name for params in drawn for name in params} == switches


def test_the_matrix_of_examples_meets_jobs_and_stalls(installed) -> None:
    rows, axes = matrix.pairwise("inverting"), jobs_of("inverting").axes
    assert {row.job for row in rows} == {"small", "ragged", "corner"}
    assert {(row.job, row.stalls) for row in rows} == set(itertools.product(axes["job"], axes["stalls"]))


class Needy(ToyParams):
    """Parameters, one of which must be given."""

    depth: int = Field(ge=1, description="no default")


def test_a_family_without_defaults_is_not_drawn() -> None:
    jobs = ExampleJobs(Toy())
    jobs.params = Needy
    with pytest.raises(InputError, match=r"^Family toy must have a default for depth to be drawn at random$"):
        jobs.draw(np.random.default_rng(0))


def test_unknown_families_jobs_and_data_are_refused(installed) -> None:
    known = ", ".join(sorted(spec_module.families()))
    with pytest.raises(InputError, match=rf"^Family must be one of {known}, not 'none'$"):
        jobs_of("none")
    jobs = jobs_of("inverting")
    with pytest.raises(InputError, match=r"^Job must be one of small, ragged, corner, not 'edge'$"):
        jobs.make(ToyParams(), "edge", "example", 1)
    with pytest.raises(InputError, match=r"^Data pattern must be one of example, not 'random'$"):
        jobs.make(ToyParams(), "small", "random", 1)
