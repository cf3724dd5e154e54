"""The configuration matrix on the generated RTL: bit for bit golden, to the cycle the formula, under every stall."""

import itertools

import numpy as np
import pytest

from rtloom.errors import CheckError
from rtloom.generators.spec import load, presets
from rtloom.hdl.formats import parse_format
from rtloom.verif import matrix
from rtloom.verif.configurations import bench_configuration, run_configuration
from rtloom.verif.simulate import simulate

pytestmark = pytest.mark.usefixtures("unwatched")

FAMILIES = ("systolic", "lut", "sparse", "attention", "vector")
DESIGNS = {name: matrix.designs(name) for name in FAMILIES}
RANDOM = {"systolic": 20, "lut": 10, "sparse": 10, "attention": 6, "vector": 6}
"""Random configurations of each family."""


def numbered(counts: dict[str, int], every: int = 1) -> list[tuple[str, int]]:
    """Return a family and a number for each test."""
    return [(name, number) for name, count in counts.items() for number in range(0, count, every)]


SIZES = {name: len(designs) for name, designs in DESIGNS.items()}
EVERY = {"attention": 4}
"""Designs taken here, one in so many where not all, since building takes the time; `rtloom regress` goes on."""
TAKEN = [(name, number) for name, number in numbered(SIZES) if number % EVERY.get(name, 1) == 0]


@pytest.mark.parametrize(("name", "number"), TAKEN)
def test_pairwise(name: str, number: int) -> None:
    for configuration in DESIGNS[name][number]:
        try:
            report = run_configuration(configuration)
        except CheckError as error:
            error.add_note(str(configuration))
            raise
        assert report.checked
        assert report.cycles == report.formula_cycles


@pytest.mark.parametrize(("name", "number"), [(name, n) for name, n in TAKEN if n % (8 * EVERY.get(name, 1)) == 0])
def test_pairwise_in_the_bench(name: str, number: int) -> None:
    assert bench_configuration(DESIGNS[name][number][0]).passed


@pytest.mark.parametrize(("name", "number"), numbered(RANDOM))
def test_random(name: str, number: int) -> None:
    run_configuration(matrix.random_configuration(2, number, name))


@pytest.mark.parametrize("name", presets())
def test_presets(name: str) -> None:
    spec = load(name)
    operation, tensors = spec.family.example(spec.params, "ragged", 5)
    for stalls in (None, "both"):
        simulate(spec, operation, stalls=stalls, check=True, **tensors)


PAIRS = [
    ("int8", "int8"),
    ("uint8", "int8"),
    ("uint8", "uint8"),
    ("int8", "int4"),
    ("int5", "uint1"),
    ("ternary", "int8"),
    ("bipolar", "bipolar"),
]
DATAFLOWS = ["output_stationary", "weight_stationary", "input_stationary"]


@pytest.mark.parametrize(("pair", "dataflow"), list(itertools.product(PAIRS, DATAFLOWS)))
def test_one_pe_is_right_for_all_pairs_of_operands(pair: tuple[str, str], dataflow: str) -> None:
    params = {"rows": 1, "cols": 1, "a_format": pair[0], "b_format": pair[1], "dataflow": dataflow, "max_reduction": 2}
    values = []
    for name in pair:
        form = parse_format(name)
        every = np.arange(form.lo, form.hi + 1)
        values.append(every[form.contains(every)])
    a, b = values[0][:, np.newaxis], values[1][np.newaxis, :]
    c, _ = simulate({"family": "systolic", "name": "one", "params": params}, a=a, b=b, check=True)
    np.testing.assert_array_equal(c, a * b)
