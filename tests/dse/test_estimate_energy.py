"""Energies of a cycle: what is measured of a job, what changes in a cycle, and what estimates make of it."""

from types import SimpleNamespace

import numpy as np
import pytest

from rtloom.dse.estimate.calibration import calibrated
from rtloom.dse.estimate.dataset import Row
from rtloom.dse.estimate.design_set import design_set
from rtloom.dse.estimate.energy import energy_target, smaller_half
from rtloom.dse.estimate.features.families import ENERGY, FAMILIES, counter
from rtloom.dse.estimate.features.switching import changing, different, nonzero, ones, product_changes
from rtloom.dse.estimate.model import estimator
from rtloom.dse.explore.estimates import costs_of
from rtloom.dse.gate_level.cycles import labels_per_cycle, per_cycle
from rtloom.dse.gate_level.data import KINDS, draw, weight_kind
from rtloom.dse.space.document import parse_space
from rtloom.dse.technology import technology
from rtloom.generators.spec import family, load
from rtloom.hdl.formats import parse_format

from .test_estimate import Many

CALIBRATED = [
    name
    for name in FAMILIES
    for known in calibrated(name)[:1]
    if any(m.target.startswith(ENERGY) for m in known.measured)
]


class Report(SimpleNamespace):
    """What of a report counts here."""

    def __getitem__(self, name):
        return SimpleNamespace(value={"cycles": self.cycles}[name])


def test_a_cycle_with_work_and_one_without():
    idle = Report(joules=50.0, cycles=50, macs=0, labels={"pe": 30.0, "top": 20.0})
    busy = Report(joules=180.0, cycles=100, macs=160, labels={"pe": 148.0, "top": 32.0})
    assert per_cycle(busy, 4, idle) == (pytest.approx((180 - 60) / 40), pytest.approx(1.0))
    assert labels_per_cycle(busy, 4, idle) == pytest.approx({"pe": (148 - 60 * 0.6) / 40, "top": (32 - 60 * 0.4) / 40})
    quiet = Report(joules=180.0, cycles=100, macs=160, labels={"pe": 170.0, "top": 10.0})
    assert labels_per_cycle(quiet, 4, idle)["top"] == 0
    assert per_cycle(idle, 4, idle) == (1.0, 1.0)
    assert labels_per_cycle(idle, 4, idle) == pytest.approx({"pe": 0.6, "top": 0.4})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("one", "other"), [("int8", "int4"), ("uint8", "ternary")])
def test_how_often_bits_change(kind, one, other):
    """The formulas against the changes counted in a sequence of values."""
    a, b = parse_format(one), parse_format(other)
    rng = np.random.default_rng(5)
    kinds, bits = (kind, weight_kind(kind)), {}
    for form, own in zip((a, b), kinds, strict=True):
        codes = form.encode(draw(form, own, (20000,), rng))
        bits[form] = (codes[:, None] >> np.arange(form.bits, dtype=np.uint64)) % np.uint64(2) == 1
        assert changing(form, own) == pytest.approx(np.mean(bits[form][1:] != bits[form][:-1]), abs=0.01)
        assert ones(form, own) == pytest.approx(bits[form].mean(axis=0), abs=0.02)
    both = bits[a][:, :, None] & bits[b][:, None, :]
    counted = np.sum(both[1:] != both[:-1]) / (len(both) - 1)
    assert product_changes(a, b, kinds, still=False) == pytest.approx(counted, rel=0.1, abs=0.01)
    held = bits[a][:200, :, None] & bits[b][::20, None, :][:, None]
    counted = np.sum(held[:, 1:] != held[:, :-1]) / held.shape[0] / (held.shape[1] - 1)
    assert product_changes(a, b, kinds, still=True) == pytest.approx(counted, rel=0.25, abs=0.01)
    assert (nonzero(b, kind), different(b, kind)) == ((0, 0) if kind == "zero" else (pytest.approx(0.5, abs=0.5),) * 2)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("preset", "sizes"),
    [
        ("systolic-8x8-int8", {"rows": (2, 7), "cols": (3, 8), "reduce": (1, 2)}),
        ("systolic-8x8-int8-ws", {"rows": (2, 7), "reduce": (1, 3), "broadcast": (1, 2)}),
        ("lut-m2n64k4-w2a8", {"m": (1, 3), "n": (1, 12, 64)}),
        ("sparse-4x16-w4-scaled", {"rows": (1, 2), "chains": (1, 3, 8)}),
        ("attention-16x64-int8", {"rows": (1, 5, 16), "e_lanes": (4, 16)}),
    ],
)
def test_counts_of_arrays(preset, sizes, kind):
    spec = load(preset)
    axes = dict(zip(sizes, np.meshgrid(*map(np.array, sizes.values()), indexing="ij"), strict=True))
    counts = counter(spec.family.name, f"{ENERGY}{kind}@sky130")
    together, shape = counts(Many(spec.params, **axes)), next(iter(axes.values())).shape
    for at in np.ndindex(shape):
        alone = counts(spec.params.replace(**{name: int(values[at]) for name, values in axes.items()}))
        here = {name: float(np.broadcast_to(count, shape)[at]) for name, count in together.items()}
        assert here == pytest.approx({name: float(count) for name, count in alone.items()})
        assert min(here.values()) >= 0
    assert {key.split("/")[0] for key in together} == {*FAMILIES[spec.family.name].groups, "control"}


def test_targets_are_named_as_they_are_read():
    assert energy_target("relu", technology()) == "energy_busy:relu@sky130"
    params = load("systolic-4x4-int8").params
    assert counter("systolic", "area")(params) == FAMILIES["systolic"].features(params)
    assert counter("systolic", "energy_busy:relu")(params) == FAMILIES["systolic"].energy(params, "relu")


def test_the_smaller_half_of_each_split():
    points = design_set("systolic", 9)
    areas = {Row.named(point): float(n) for n, point in enumerate(reversed(points[:-1]))}
    chosen = smaller_half(points, areas)
    for split, count in (("train", 3), ("held_out", 2), ("out_of_family", 1)):
        own = [point for point in points if point.split == split and Row.named(point) in areas]
        assert [point for point in chosen if point.split == split] == own[::-1][:count]


@pytest.mark.parametrize("name", CALIBRATED)
def test_estimates_reach_tier_0(name):
    """A cycle with work takes more than one without, in joules, with the error of the estimate beside it."""
    params = family(name).params.parse(design_set(name, 8)[0].params)
    first = next(iter(type(params).model_fields))
    document = {"family": name, "axes": {first: [1]}, "workload": "none"}
    found = {}
    for data in ("uniform", "gauss", "relu"):
        costs = costs_of(parse_space(document | {"data": data}, "Test", "test"))
        busy, idle = costs.busy_joules(params), costs.idle_joules(params)
        assert 1e-13 < idle < busy < 1e-7
        assert 0 < costs.energy_error < 1
        assert f"energy_busy:{data}@sky130 by Yosys" in costs.sources["energy"]
        found[data] = busy
        figure = estimator(name, target=f"energy_busy:{data}@sky130").figure(params)
        assert (figure.value, figure.unit) == (pytest.approx(busy * 1e12), "pJ")
    assert found["relu"] < max(found["gauss"], found["uniform"])
