"""Fronts against the definition, on random points with many equal ones."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rtloom.dse.pareto import first_fronts, front

COSTS = st.integers(1, 3).flatmap(
    lambda n: arrays(np.float64, st.tuples(st.integers(0, 150), st.just(n)), elements=st.integers(0, 6).map(float))
)


def by_definition(costs: np.ndarray) -> list[int]:  # type: ignore[type-arg]
    """Return the points that none beats."""
    return [
        i
        for i, one in enumerate(costs)
        if np.isfinite(one).all() and not any((other <= one).all() and (other < one).any() for other in costs)
    ]


@settings(max_examples=150)
@given(COSTS)
def test_no_point_of_the_front_is_beaten_and_none_is_missing(costs: np.ndarray) -> None:  # type: ignore[type-arg]
    expected = by_definition(costs)
    assert front(costs).tolist() == expected
    alone = front(costs, equals=False).tolist()
    assert {tuple(costs[i]) for i in alone} == {tuple(costs[i]) for i in expected}
    assert len(alone) == len({tuple(costs[i]) for i in alone})


def test_points_without_a_cost_are_on_no_front() -> None:
    costs = np.array([[1.0, np.inf], [np.nan, 0.0], [2.0, 2.0]])
    assert front(costs).tolist() == [2]
    assert front(np.full((2, 2), np.inf)).tolist() == []


def test_the_second_front_is_that_of_what_the_first_leaves() -> None:
    costs = np.array([[2.0, 2.0], [1.0, 1.0], [3.0, 3.0], [1.0, 1.0]])
    assert first_fronts(costs, 1).tolist() == [1]
    assert first_fronts(costs, 2).tolist() == [1, 0]
    assert first_fronts(costs, 99).tolist() == [1, 0, 2]


def test_many_points_with_a_large_front() -> None:
    rng = np.random.default_rng(1)
    costs = rng.random((20_000, 3))
    found = front(costs)
    beaten = np.setdiff1d(np.arange(len(costs)), found)
    for point in rng.choice(beaten, 50):
        assert ((costs[found] <= costs[point]).all(axis=1)).any()
    for point in rng.choice(found, 50):
        assert not ((costs <= costs[point]).all(axis=1) & (costs < costs[point]).any(axis=1)).any()
