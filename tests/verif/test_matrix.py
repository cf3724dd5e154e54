"""The configuration matrix: every pair is met, the same rows each time, refused ones never among them."""

import itertools

import numpy as np
import pytest

from rtloom.errors import InputError
from rtloom.generators.spec import family
from rtloom.generators.systolic.params import SystolicParams
from rtloom.verif import goldens, matrix
from rtloom.verif.jobs import jobs_of
from rtloom.verif.pairwise import cover

FAMILIES = ["systolic", "lut", "sparse", "attention", "vector"]


def test_cover_meets_every_pair_in_few_rows() -> None:
    axes = {name: [str(n) for n in range(size)] for name, size in zip("abcde", (5, 4, 3, 2, 2), strict=True)}
    found = cover(axes, lambda row: True)
    for left, right in itertools.combinations(axes, 2):
        assert {(row[left], row[right]) for row in found.rows} == set(itertools.product(axes[left], axes[right]))
    assert 20 <= len(found.rows) <= 24
    assert not found.impossible
    assert found == cover(axes, lambda row: True)


def test_cover_of_a_single_axis_is_each_of_its_values() -> None:
    assert cover({"a": ["x", "y", "z"]}, lambda row: row["a"] != "y").rows == ({"a": "x"}, {"a": "z"})


def test_cover_prefers_what_costs_little() -> None:
    axes = {"a": list("12345"), "b": list("12345"), "size": ["small", "large"]}
    costs = ({"small": 0.0, "large": dear} for dear in (0.0, 2.0))
    any_size, cheap = (cover(axes, lambda row: True, cost=lambda row, of=of: of[row["size"]]).rows for of in costs)
    assert len(any_size) == len(cheap) == 25
    assert sum(row["size"] == "large" for row in cheap) < sum(row["size"] == "large" for row in any_size)


def test_cover_leaves_out_only_what_is_refused() -> None:
    axes = {"a": ["1", "2", "3"], "b": ["1", "2", "3"], "c": ["x", "y"]}

    def accept(row: dict[str, str]) -> bool:
        return row["a"] != row["b"] and not (row["a"] == "1" and row["c"] == "y")

    found = cover(axes, accept)
    assert all(accept(row) for row in found.rows)
    refused = {*((("a", n), ("b", n)) for n in "123"), (("a", "1"), ("c", "y"))}
    assert set(found.impossible) == refused
    assert {(row["b"], row["c"]) for row in found.rows} == set(itertools.product("123", "xy"))


def test_a_guided_cover_finds_rows_where_few_words_go_together() -> None:
    axes = {"kind": ["plain", "scaled"], **{name: ["0", "1", "2", "3"] for name in "abcdef"}}

    def accept(row: dict[str, str]) -> bool:
        rest = [row[name] for name in "abcdef"]
        return rest == ["0"] * 6 if row["kind"] == "plain" else rest.count("0") >= 4

    guided, blind = cover(axes, accept, guided=True), cover(axes, accept, tries=2)
    assert all(accept(row) for row in guided.rows)
    never = {(("kind", "plain"), (name, word)) for name in "abcdef" for word in "123"}
    assert set(guided.impossible) == never < set(blind.impossible)


def test_a_guided_cover_mends_both_choices_of_a_pair() -> None:
    axes = {"kind": ["plain", "scaled"], "scale": ["none", "1"], "width": ["8", "1"], "format": ["8 bits", "1 bit"]}

    def accept(row: dict[str, str]) -> bool:
        scaled, single = row["kind"] == "scaled", row["format"] == "1 bit"
        return scaled == (row["scale"] == "1") and single == (row["width"] == "1")

    found = cover(axes, accept, guided=True, tries=1)
    assert {(row["kind"], row["format"]) for row in found.rows} == set(itertools.product(axes["kind"], axes["format"]))
    assert len(found.impossible) == 4


@pytest.mark.parametrize("name", FAMILIES)
def test_the_matrix_is_complete_and_every_configuration_parses(name: str) -> None:
    jobs, rows, designs = jobs_of(name), matrix.pairwise(name), matrix.designs(name)
    assert 30 <= len(designs) <= 80
    assert [row.seed for row in rows] == list(range(len(rows)))
    for of_design in designs:
        of_design[0].parsed()
        assert {(row.interface, *row.params.items()) for row in of_design} == {
            (of_design[0].interface, *of_design[0].params.items())
        }
        # So every value of an axis of the design meets every value of an axis of the run.
        for axis, words in jobs.run_axes.items():
            assert {getattr(row, axis) for row in of_design} == set(words)
    for left, right in itertools.combinations(("interface", *jobs.run_axes), 2):
        met = {(getattr(row, left), getattr(row, right)) for row in rows}
        assert met == set(itertools.product(jobs.axes[left], jobs.axes[right]))


def test_the_systolic_matrix_meets_all_pairs_of_operands() -> None:
    axes = jobs_of("systolic").axes
    formats = {(row.params["a_format"], row.params["b_format"]) for row in matrix.pairwise("systolic")}
    assert formats == set(itertools.product(axes["a"], axes["b"]))


@pytest.mark.parametrize("name", FAMILIES)
def test_random_configurations_depend_on_seed_and_number_alone(name: str) -> None:
    sequence = matrix.random_configurations(5, name)
    for number in range(20):
        configuration = next(sequence)
        assert configuration == matrix.random_configuration(5, number, name)
        configuration.parsed()
    assert matrix.random_configuration(6, 0, name) != matrix.random_configuration(5, 0, name)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("number", range(60))
def test_every_job_is_one_that_the_golden_model_takes(name: str, number: int) -> None:
    configuration = matrix.random_configuration(9, number, name)
    params, (operation, tensors) = configuration.parsed(), configuration.operation()
    for key, value in configuration.operation()[1].items():
        np.testing.assert_array_equal(value, tensors[key])
    result = goldens.compute(family(name), params, operation, tensors)
    assert result.size
    ports = [port for port in family(name).ports(params) if port.direction == "out"]
    port = next(port for port in ports if port.name == "summary") if operation == "summary" else ports[0]
    assert port.fields[0].format.contains(result).all()


@pytest.mark.parametrize("name", FAMILIES)
def test_the_bench_adds_jobs_of_the_family(name: str) -> None:
    jobs = jobs_of(name)
    for job, data in jobs.bench.values():
        operation, tensors = jobs.make(jobs.params(), job, data, 1)
        assert goldens.compute(family(name), jobs.params(), operation, tensors).size
    assert {"minimum", "maximum", "alternating"} <= set(jobs.bench)
    assert ("convolution" in jobs.bench) == ("conv2d" in family(name).operations)


def test_jobs_meet_ragged_edges() -> None:
    jobs, params = jobs_of("systolic"), SystolicParams.parse({"rows": 3, "cols": 4})
    assert jobs.make(params, "edge", "random", 0)[1]["a"].shape == (4, 6)
    assert {jobs.make(params, "ragged", "random", seed)[1]["b"].shape[1] % 4 for seed in range(40)} == {0, 1, 2, 3}


@pytest.mark.parametrize("name", FAMILIES)
def test_unknown_names_are_refused(name: str) -> None:
    jobs = jobs_of(name)
    with pytest.raises(InputError, match=rf"^Job must be one of {', '.join(jobs.jobs)}, not 'huge'$"):
        jobs.make(jobs.params(), "huge", "random", 0)
    with pytest.raises(InputError, match=rf"^Data pattern must be one of {', '.join(jobs.data)}, not 'noise'$"):
        jobs.make(jobs.params(), "edge", "noise", 0)
