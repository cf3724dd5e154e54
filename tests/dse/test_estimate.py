"""Estimates of area: what they follow from, what they promise, and how far the promises hold."""

import importlib.metadata

import numpy as np
import pytest

from rtloom.dse.estimate import dataset
from rtloom.dse.estimate.calibration import calibrated, refit
from rtloom.dse.estimate.design_set import Point, design_set
from rtloom.dse.estimate.features.counts import bit_length, range_bits, triangle
from rtloom.dse.estimate.features.families import FAMILIES
from rtloom.dse.estimate.fit import TIED, errors_of, fit, retention, tie
from rtloom.dse.estimate.model import BUILT_IN, estimator
from rtloom.errors import InputError
from rtloom.generators.spec import family, load, presets
from rtloom.hdl.formats import width_of
from rtloom.hdl.gate_equivalents import gate_equivalents

MEDIAN, P95 = 3.0, 10.0
"""Errors in percent that an estimator of an area may have on held-out designs."""
ENERGY_MEDIAN = 15.0
"""The same for energies."""
SHIPPED = {name: calibration for name in FAMILIES for calibration in calibrated(name)[:1]}


class Many:
    """Parameters of which some numbers are arrays: the family's own properties, evaluated on these."""

    def __init__(self, params, **sizes):
        self._params, self._sizes = params, sizes

    def __getattr__(self, name):
        if name in self._sizes:
            return self._sizes[name]
        found = getattr(type(self._params), name, None)
        if isinstance(found, property):
            return found.fget(self)
        return getattr(self._params, name)


@pytest.mark.parametrize("name", SHIPPED)
def test_what_was_measured_gives_the_fits_again(name):
    kept = SHIPPED[name]
    again = refit(kept)
    for before, after in zip(kept.fits, again.fits, strict=True):
        assert after.coefficients == pytest.approx(before.coefficients, rel=1e-3, abs=1e-6)
        for split, errors in before.errors.items():
            assert vars(after.errors[split]) == pytest.approx(vars(errors), abs=0.02)
    assert again.retained == kept.retained


@pytest.mark.parametrize("name", SHIPPED)
def test_errors_on_held_out_designs(name):
    """The bounds that the estimators promise; those that a family misses are written down."""
    kept = SHIPPED[name]
    for measured, found, (smallest, of) in zip(kept.measured, kept.fits, kept.retained, strict=True):
        errors = found.errors["held_out"]
        if found.target.startswith("energy"):
            assert errors.median <= ENERGY_MEDIAN, found.target
        if found.target != "area":
            continue
        assert errors.median <= MEDIAN, measured.library
        assert errors.p95 <= P95, measured.library
        assert smallest == of


@pytest.mark.parametrize("name", SHIPPED)
def test_designs_are_those_of_the_design_set(name):
    kept = SHIPPED[name]
    wanted = [(point.split, point.params) for point in design_set(name, seed=kept.seed)]
    assert all(design in wanted for design in kept.designs)


@pytest.mark.parametrize("name", ["systolic", "lut"])
def test_the_smallest_held_out_design_measured_again(name, tmp_path, monkeypatch):
    """The package still makes the hardware that was measured; what is in the file is not measured again."""
    kept = SHIPPED[name]
    if kept.tool != f"Yosys {importlib.metadata.version('pyosys')}":
        pytest.skip(f"measured by {kept.tool}")
    measured = next(m for m in kept.measured if m.target == "area" and m.library == BUILT_IN)
    held_out = [n for n, place in enumerate(measured.designs) if kept.designs[place][0] == "held_out"]
    smallest = min(held_out, key=lambda n: measured.total[n])
    point = Point(name, *kept.designs[measured.designs[smallest]])
    seen = []
    (row,) = dataset.collect([point], [gate_equivalents()], tmp_path / "rows.jsonl", lambda *at: seen.append(at))
    # ABC's choices depend a little on what else is in its run
    assert row.targets["area"] == pytest.approx(measured.total[smallest], rel=2e-3)
    assert seen == [(0, 1), (1, 1)]
    monkeypatch.setattr(dataset, "emit_design", None)
    with (tmp_path / "rows.jsonl").open("a") as torn:
        torn.write('{"family": "sys')
    assert dataset.collect([point], [gate_equivalents()], tmp_path / "rows.jsonl") == [row]


def test_arrays_give_what_each_design_gives():
    rows, cols = (np.array(sizes, dtype=np.int64) for sizes in ((2, 3, 5, 8, 16, 33), (1, 2, 7, 8, 16, 40)))
    found = estimator("systolic")
    for preset in ("systolic-8x8-int8", "systolic-8x8-int8-ws", "systolic-8x8-int8-is", "systolic-8x8-int8-layer"):
        params = load(preset).params
        together = found.area(Many(params, rows=rows[:, None], cols=cols[None, :]))
        inside = found.inside(Many(params, rows=rows[:, None], cols=cols[None, :]))
        for at in np.ndindex(together.shape):
            alone = params.replace(rows=int(rows[at[0]]), cols=int(cols[at[1]]))
            assert together[at] == pytest.approx(found.area(alone), rel=1e-12)
            assert inside[at] == found.inside(alone)


@pytest.mark.parametrize(
    ("preset", "sizes"),
    [
        ("systolic-8x8-int8-ws", {"rows": (2, 7), "reduce": (1, 2, 3), "broadcast": (1, 2)}),
        ("lut-m2n64k4-w2a8", {"m": (1, 3), "n": (1, 12, 64), "k": (1, 2)}),
        ("lut-mac-m8n4k16-w8a8", {"m": (1, 3), "n": (1, 12, 64)}),
        ("sparse-4x16-w4-scaled", {"rows": (1, 2), "chains": (1, 3, 8), "length": (8, 16)}),
        ("attention-16x64-int8", {"rows": (1, 5, 16), "e_lanes": (4, 16), "f_lanes": (8, 64)}),
    ],
)
def test_counts_of_arrays(preset, sizes):
    spec = load(preset)
    axes = dict(zip(sizes, np.meshgrid(*map(np.array, sizes.values()), indexing="ij"), strict=True))
    features = FAMILIES[spec.family.name].features
    together, shape = features(Many(spec.params, **axes)), next(iter(axes.values())).shape
    for at in np.ndindex(shape):
        alone = features(spec.params.replace(**{name: int(values[at]) for name, values in axes.items()}))
        here = {name: float(np.broadcast_to(count, shape)[at]) for name, count in together.items()}
        assert here == {name: float(count) for name, count in alone.items()}


@pytest.mark.parametrize("name", SHIPPED)
def test_counts_are_not_negative(name):
    for spec in presets().values():
        if spec.family.name == name:
            counts = FAMILIES[name].features(spec.params)
            assert min(counts.values()) >= 0
            assert {key.split("/")[0] for key in counts} == {*FAMILIES[name].groups, "control"}


def test_a_figure_says_how_far_it_can_be_trusted():
    found = estimator("systolic")
    errors = found.fit.errors
    near = found.figure(family("systolic").params.parse({"rows": 4, "cols": 4}))
    assert near.unit == "GE"
    assert near.source.startswith(
        f"model ±{errors['held_out'].p95:.1f} % (n = {errors['held_out'].n}, held out; median"
    )
    far = found.figure(family("systolic").params.parse({"rows": 64, "cols": 4}))
    outside = errors["out_of_family"]
    assert (
        f"±{outside.p95:.1f} % (n = {outside.n}, outside the calibrated space, where others may be further off; "
        in far.source
    )
    assert far.value > 10 * near.value
    assert sum(found.groups(load("systolic-4x4-int8").params).values()) == pytest.approx(
        found.area(load("systolic-4x4-int8").params)
    )


def test_what_was_never_measured_is_refused():
    with pytest.raises(InputError, match="measure and fit it with rtloom calibrate systolic --liberty FILE"):
        estimator("systolic", "nowhere")
    with pytest.raises(InputError, match="Estimated family must be one of systolic, lut, sparse, attention, vec"):
        estimator("nothing")
    with pytest.raises(InputError, match="for power with"):
        estimator("systolic", target="power")
    with pytest.raises(InputError, match="flat"):
        estimator("systolic", recipe="flat")
    params = load("systolic-8x8-int8-layer").params.replace(activation="squared_relu")
    with pytest.raises(InputError, match="systolic activation must be none or relu, which were measured, not"):
        estimator("systolic").area(params)


def test_a_larger_design_set_begins_with_the_smaller_one():
    small, large = (design_set("systolic", points) for points in (9, 12))
    assert small[:9] == large[:9]
    assert [point.split for point in small[:3]] == ["train", "train", "held_out"]
    space = estimator("systolic").space
    defaults = estimator("systolic").defaults
    params = family("systolic").params
    for point in large:
        assert space.inside(params.parse(point.params), defaults) == (point.split != "out_of_family")
    with pytest.raises(InputError, match="points must be at least 8"):
        design_set("systolic", 7)
    with pytest.raises(InputError, match="Calibration family must be one of systolic"):
        design_set("nothing")


def test_widths_and_triangles_are_those_of_the_hardware():
    ends = [(lo, hi) for lo in (-129, -128, -5, -1, 0) for hi in (0, 1, 7, 127, 128, 70000)]
    lows, highs = (np.array(column) for column in zip(*ends, strict=True))
    assert range_bits(lows, highs).tolist() == [width_of(lo, hi)[0] for lo, hi in ends]
    assert bit_length(np.arange(70000)).tolist() == [n.bit_length() for n in range(70000)]
    for span in (1, 2, 3, 8):
        lanes = np.arange(1, 40)
        assert triangle(lanes, span).tolist() == [sum(i // span for i in range(n)) for n in lanes]


def test_fit_finds_costs_and_keeps_to_what_is_known():
    rng = np.random.default_rng(3)
    counts = {"a/x": rng.uniform(1, 9, 40), "a/y": rng.uniform(1, 9, 40), "b/z": rng.uniform(1, 9, 40)}
    groups = {"a": 3 * counts["a/x"] + 5 * counts["a/y"], "b": 2 * counts["b/z"]}
    total = groups["a"] + groups["b"]
    costs = fit(counts, groups, total)
    assert costs == pytest.approx({"a/x": 3, "a/y": 5, "b/z": 2}, rel=2e-2)
    few = {name: values[:1] for name, values in counts.items()}
    scaled = {name: 4 * values[:1] for name, values in groups.items()}
    assert fit(few, scaled, 4 * total[:1], costs) == pytest.approx({n: 4 * c for n, c in costs.items()}, rel=1e-3)
    assert fit(counts, {"": total}, total) == pytest.approx(costs, rel=5e-2)


def test_how_strongly_costs_are_held_is_learnt_from_enough_designs():
    rng = np.random.default_rng(5)
    counts = {"a/x": rng.uniform(1, 9, 16), "a/y": rng.uniform(1, 9, 16)}
    right = {"a/x": 3.0, "a/y": 1.0}
    values = 3 * counts["a/x"] + counts["a/y"]
    assert tie(counts, {"a": values}, values, {"a/x": 1.0, "a/y": 3.0}) == TIED[-1]
    noisy = values * rng.normal(1, 0.1, 16)
    assert tie(counts, {"a": noisy}, noisy, right) == TIED[0]
    few = {name: v[:11] for name, v in counts.items()}
    assert tie(few, {"a": values[:11]}, values[:11], {"a/x": 1.0, "a/y": 3.0}) == TIED[0]


def test_errors_and_retention():
    measured = np.arange(1.0, 101)
    errors = errors_of(measured * np.where(measured > 50, 1.1, 0.98), measured)
    assert (errors.n, errors.median, errors.worst) == (100, pytest.approx(6), pytest.approx(10))
    assert retention(measured, measured) == (10, 10)
    assert retention(-measured, measured) == (0, 10)
