"""The configuration matrix: every pair is met, the same rows each time, refused ones never among them."""

import itertools

import numpy as np
import pytest

from rtloom.errors import InputError
from rtloom.generators.systolic.params import SystolicParams
from rtloom.verif import matrix
from rtloom.verif.golden import systolic
from rtloom.verif.jobs import JOBS, make_job
from rtloom.verif.pairwise import cover


def test_cover_meets_every_pair_in_few_rows() -> None:
    axes = {name: [str(n) for n in range(size)] for name, size in zip("abcde", (5, 4, 3, 2, 2), strict=True)}
    found = cover(axes, lambda row: True)
    for left, right in itertools.combinations(axes, 2):
        assert {(row[left], row[right]) for row in found.rows} == set(itertools.product(axes[left], axes[right]))
    assert 20 <= len(found.rows) <= 24
    assert not found.impossible
    assert found == cover(axes, lambda row: True)


def test_cover_leaves_out_only_what_is_refused() -> None:
    axes = {"a": ["1", "2", "3"], "b": ["1", "2", "3"], "c": ["x", "y"]}

    def accept(row: dict[str, str]) -> bool:
        return row["a"] != row["b"] and not (row["a"] == "1" and row["c"] == "y")

    found = cover(axes, accept)
    assert all(accept(row) for row in found.rows)
    refused = {*((("a", n), ("b", n)) for n in "123"), (("a", "1"), ("c", "y"))}
    assert set(found.impossible) == refused
    assert {(row["b"], row["c"]) for row in found.rows} == set(itertools.product("123", "xy"))


def test_the_matrix_is_complete_and_every_configuration_parses() -> None:
    rows = matrix.pairwise()
    assert 60 <= len(rows) <= 110
    for configuration in rows:
        configuration.parsed()
    for left, right in itertools.combinations(("stalls", "data", "job", "interface"), 2):
        met = {(getattr(row, left), getattr(row, right)) for row in rows}
        assert met == set(itertools.product(matrix.AXES[left], matrix.AXES[right]))
    formats = {(row.params["a_format"], row.params["b_format"]) for row in rows}
    assert formats == set(itertools.product(matrix.AXES["a"], matrix.AXES["b"]))


def test_random_configurations_depend_on_seed_and_number_alone() -> None:
    sequence = matrix.random_configurations(5)
    for number in range(20):
        configuration = next(sequence)
        assert configuration == matrix.random_configuration(5, number)
        configuration.parsed()
    assert matrix.random_configuration(6, 0) != matrix.random_configuration(5, 0)


@pytest.mark.parametrize("number", range(60))
def test_every_job_is_one_that_the_golden_model_takes(number: int) -> None:
    configuration = matrix.random_configuration(9, number)
    params = configuration.parsed()
    operation, tensors = make_job(params, configuration.job, configuration.data, configuration.seed)
    again = make_job(params, configuration.job, configuration.data, configuration.seed)[1]
    for name, value in tensors.items():
        np.testing.assert_array_equal(value, again[name])
    c = systolic.compute(params, operation, **tensors)
    assert c.size
    assert params.c_format.contains(c).all()


def test_jobs_meet_ragged_edges() -> None:
    params = SystolicParams.parse({"rows": 3, "cols": 4})
    assert make_job(params, "edge", "random", 0)[1]["a"].shape == (4, 6)
    assert {make_job(params, "ragged", "random", seed)[1]["b"].shape[1] % 4 for seed in range(40)} == {0, 1, 2, 3}
    with pytest.raises(InputError, match=rf"^Job must be one of {', '.join(JOBS)}, not 'huge'$"):
        make_job(params, "huge", "random", 0)
