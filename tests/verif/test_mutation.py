"""Faults on purpose: chosen all over a design, all in one simulator, found, proven harmless or shown."""

import json

import pytest
from typer.testing import CliRunner

import rtloom
from rtloom.__main__ import app
from rtloom.errors import CheckError, InputError
from rtloom.generators.design import emit_design
from rtloom.verif.mutation import campaign
from rtloom.verif.mutation.campaign import MutationReport, Verdict, mutate
from rtloom.verif.mutation.equivalence import Prover
from rtloom.verif.mutation.faults import Fault, Faulty, inject
from rtloom.verif.mutation.trials import STALLS, trials

SMALL = {"rows": 2, "cols": 2, "max_reduction": 16}
COUNT = 60


@pytest.fixture(scope="module")
def faulty() -> Faulty:
    return inject(emit_design(rtloom.load("systolic-4x4-int8", **SMALL)), COUNT, 3)


@pytest.fixture(scope="module")
def report() -> MutationReport:
    return mutate(rtloom.load("systolic-4x4-int8", **SMALL), COUNT, 3)


def test_faults_are_reproducible_and_differ_between_seeds(faulty: Faulty) -> None:
    design = emit_design(rtloom.load("systolic-4x4-int8", **SMALL))
    again, other = inject(design, COUNT, 3), inject(design, COUNT, 4)
    assert again == faulty
    assert other.faults != faulty.faults
    assert [fault.number for fault in faulty.faults] == list(range(1, COUNT + 1))


def test_a_fault_says_where_it_is() -> None:
    fault = Fault.parse(
        7,
        "mutate -mode cnot1 -module m -cell $flatten\\core.$mul$3 -port A -portbit 11 -ctrlbit 2 -src d.v:379.9-379.11",
    )
    assert str(fault) == "fault 7: line 379, $flatten\\core.$mul$3 A[11] inverted where bit 2 is 1"


def test_most_faults_are_found_and_the_rest_has_its_line(report: MutationReport) -> None:
    assert len(report.verdicts) == COUNT
    assert report.score >= 0.95
    assert report.count("killed") + report.count("equivalent") + len(report.survivors) == COUNT
    assert all(verdict.trial and verdict.message for verdict in report.verdicts if verdict.state == "killed")
    assert all(verdict.source for verdict in report.survivors if verdict.fault.lines)


def test_what_was_killed_has_no_proof(report: MutationReport, faulty: Faulty) -> None:
    manifest = emit_design(rtloom.load("systolic-4x4-int8", **SMALL)).manifest
    killed = [verdict.fault for verdict in report.verdicts if verdict.state == "killed"][:2]
    prover = Prover(faulty.netlist, manifest, killed)
    assert not any(prover.answer(fault).equal for fault in killed)


def test_the_score_leaves_out_what_is_proven(report: MutationReport) -> None:
    fault = report.verdicts[0].fault
    states = ["killed", "killed", "killed", "equivalent", "survived"]
    made = MutationReport("d", 1, 9, tuple(Verdict(fault, state) for state in states), (0.0, 0.0, 0.0))
    assert made.score == 0.75
    assert made.to_dict()["score"]["value"] == 75.0
    assert made.to_dict()["report"] == "mutation"


def test_proofs_under_an_assumption_are_told_apart(report: MutationReport) -> None:
    fault = report.verdicts[0].fault
    words = ["no register ever differs", "at most 2 registers differ, given that sources hold what they offer"]
    verdicts = tuple(Verdict(fault, "equivalent", message=one) for one in words)
    made = MutationReport("d", 1, 9, verdicts, (0.0, 0.0, 0.0))
    assert made.conditional == verdicts[1:]
    assert [one["proof"] for one in made.to_dict()["equivalent"]] == words


def test_a_design_that_fails_without_a_fault_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*arguments: object) -> list[campaign.Trial]:
        made = every(*arguments)
        made[0].vectors.expected["c"].fields["data"][0, 0] += 1
        return made

    every = campaign.trials
    monkeypatch.setattr(campaign, "trials", wrong)
    with pytest.raises(CheckError, match=r"must pass without a fault, but fails [a-z ]*: c.data differs"):
        mutate(rtloom.load("systolic-4x4-int8", **SMALL), COUNT, 3)


@pytest.mark.parametrize("count", [0, 1 << 16])
def test_the_count_has_bounds(count: int) -> None:
    with pytest.raises(InputError, match=rf"^Mutation count must be from 1 to 65535, not {count}$"):
        inject(emit_design(rtloom.load("systolic-4x4-int8", **SMALL)), count)


def test_the_command_reports_and_fails_below_the_least_score() -> None:
    arguments = ["mutate", "systolic-4x4-int8", "-n", str(COUNT), "--seed", "3", "--no-prove", "--json"]
    arguments += [word for key, value in SMALL.items() for word in ("-p", f"{key}={value}")]
    found = CliRunner().invoke(app, [*arguments, "--least", "100"])
    told = json.loads(found.stdout)
    assert sum(state["value"] for state in told["faults"].values()) == COUNT
    assert told["faults"]["equivalent"]["value"] == 0
    assert found.exit_code == int(told["score"]["value"] < 100)


def test_trials_strain_every_stream_and_move_on_with_each_turn() -> None:
    spec = rtloom.load("vector-gelu")
    ports = spec.family.ports(spec.params)
    one, other = (trials(spec, ports, 5, turn) for turn in (0, 1))
    kinds = {name.rsplit(", ", 1)[1] for name in (trial.name for trial in one) if ", " in name}
    assert kinds >= set(STALLS)
    assert {trial.name for trial in one} != {trial.name for trial in other}
    assert [trial.cost for trial in one] == sorted(trial.cost for trial in one)
    assert any(trial.patient and trial.reset_at for trial in one)
    thorough = [trial for trial in one if trial.name.startswith("every ")]
    assert len(thorough) == 2
    assert not any(trial.strained for trial in thorough)
