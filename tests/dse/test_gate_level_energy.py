"""Energy of jobs: netlists that are right in every cycle, data that matter, figures that add up."""

import json
from dataclasses import replace

import numpy as np
import pytest

from rtloom.dse.gate_level.data import KINDS, draw, jobs, tensors
from rtloom.dse.gate_level.energy import measure_energy, prepare
from rtloom.dse.gate_level.flat import flat_netlist
from rtloom.dse.gate_level.plan import plan
from rtloom.dse.technology import technology
from rtloom.errors import CheckError, InputError
from rtloom.generators.spec import load, presets
from rtloom.hdl.formats import BIPOLAR, Integer
from rtloom.hdl.netlist import Netlist
from rtloom.hdl.synth_netlist import netlist_content, synthesize_netlist

from ..hdl.liberty_files import liberty

SMALL = load("systolic-4x4-int8", rows=2, cols=2)
KEEPING = load("systolic-4x4-int8", rows=2, cols=2, dataflow="weight_stationary")
# One small design of each family, and one whose accumulators are a memory that stays whole.
DESIGNS = {
    "systolic": SMALL,
    "memory": KEEPING,
    "lut": load("lut-small-w2a4", n=2),
    "sparse": load("sparse-small", length=4),
    "attention": load("attention-small", rows=1, e=4, f=4, max_length=64),
    "vector": load("vector-rope"),
}


@pytest.fixture(scope="module")
def built_in():
    return technology()


@pytest.fixture(scope="module")
def small(built_in):
    return prepare(SMALL, built_in)


@pytest.mark.parametrize("family", DESIGNS)
def test_netlists_are_right_in_every_cycle(family, built_in):
    """Measuring compares all streams with the RTL; whoever is wrong does not get here."""
    spec = DESIGNS[family]
    report = measure_energy(spec, built_in, jobs(spec, "uniform", 8), glitch_cycles=4)
    assert report.jobs == 8
    assert report["cycles"].value == spec.family.cycles(spec.params, jobs(spec, "uniform", 1)[0])
    assert report["glitch_factor"].value > 1
    assert sum(report.kinds.values()) == pytest.approx(report.joules)
    assert sum(report.labels.values()) == pytest.approx(report.joules)
    assert bool(report.macro_accesses) == (family == "memory")
    if family == "memory":
        (counts,) = report.macro_accesses.values()
        assert min(counts) > 0
        assert "1 memory macros are left out" in " ".join(report.notes)


def test_a_wrong_netlist_is_found_out(small):
    design, built_in = small.design, small.technology
    _, netlist = synthesize_netlist(design.verilog, design.manifest.top)
    content = json.loads(json.dumps(netlist_content(netlist)))
    assert Netlist(content, content["top"]).cells() == netlist.cells()
    pe = next(module for name, module in content["modules"].items() if name.endswith("__pe"))
    next(cell for cell in pe["cells"].values() if cell["type"] == "XOR2")["type"] = "XNOR2"
    flat = flat_netlist(Netlist(content, content["top"]), built_in.library)
    flip_flops = {name: cell.flip_flop for name, cell in built_in.power.cells.items() if cell.flip_flop}
    broken = replace(small, plan=plan(flat, built_in.library, flip_flops, design.manifest.clock))
    with pytest.raises(
        CheckError, match=r"^Netlist must hold the data of the RTL on c, but differs in cycle \d+ of run"
    ):
        broken.measure(jobs(SMALL, "uniform", 4))


def test_data_decide(small):
    found = {kind: small.measure(jobs(SMALL, kind)) for kind in KINDS}
    assert found["zero"].joules < found["relu"].joules < found["gauss"].joules
    assert found["relu"].joules < found["uniform"].joules
    assert found["zero"].kinds["clock"] == pytest.approx(found["uniform"].kinds["clock"])
    assert found["zero"].kinds["combinational"] < 0.05 * found["uniform"].kinds["combinational"]


def test_recipes_decide(small, built_in):
    """Zeros hold an array multiplier still; a Booth one works on their digits all the same."""
    rows = prepare(SMALL, built_in, booth=False)
    relu = [design.measure(jobs(SMALL, "relu")).joules for design in (small, rows)]
    assert relu[1] < 0.9 * relu[0]


def test_clock_gates_save_clocks(built_in):
    plain, gated = (prepare(KEEPING, built_in, clock_gating=gates) for gates in (False, True))
    before, after = (design.measure(jobs(KEEPING, "gauss", 8), glitch_cycles=0) for design in (plain, gated))
    assert not plain.plan.gated
    assert gated.plan.gated
    assert after.kinds["clock"] < before.kinds["clock"]
    assert after.joules < before.joules
    assert "clock gates" in after.recipe


def test_jobs_side_by_side_are_their_mean(small):
    two = jobs(SMALL, "uniform", 2)
    alone = [small.measure([job], glitch_cycles=0).joules for job in two]
    assert small.measure(two, glitch_cycles=0).joules == pytest.approx(sum(alone) / 2)


def test_glitches_are_a_factor_of_gates_alone(small):
    some = jobs(SMALL, "gauss", 8)
    without = small.measure(some, glitch_cycles=0)
    every = small.measure(some, glitch_cycles=10_000)
    assert "glitch_factor" not in without.figures
    assert "energy: glitches are left out" in without.notes
    assert "glitches left out" in without["energy"].source
    ratio = every.kinds["combinational"] / without.kinds["combinational"]
    assert ratio == pytest.approx(every["glitch_factor"].value)
    assert {k: v for k, v in every.kinds.items() if k != "combinational"} == pytest.approx(
        {k: v for k, v in without.kinds.items() if k != "combinational"}
    )


def test_figures_hang_together(small):
    report = small.measure(jobs(SMALL, "uniform", 4), clock_hz=100e6)
    figures = report.figures
    assert figures["energy"].unit == "pJ"
    assert "pre-layout" in figures["energy"].source
    assert "rtloom gate equivalents sha256:" in figures["energy"].source
    assert "sky130_fd_sc_hd tt_025C_1v80" in figures["energy"].source
    seconds = figures["cycles"].value / 100e6
    assert figures["power"].value == pytest.approx(1e3 * report.joules / seconds)
    assert figures["energy_per_mac"].value == pytest.approx(1e12 * report.joules / report.macs)
    assert report.kinds["leakage"] == pytest.approx(figures["leakage"].value * 1e-3 * seconds)
    assert report.macs == jobs(SMALL, "uniform", 1)[0].work
    plain = json.loads(json.dumps(report.to_dict()))
    assert plain["figures"]["energy"]["value"] == figures["energy"].value
    assert "by kind: " in str(report)
    assert f"energy {figures['energy'].short}" in str(report)


def test_the_clock_follows_from_the_depth(small):
    depth = small.report["depth"].value
    assert small.clock_hz == pytest.approx(1e12 / (depth * small.technology.level_delay_ps))


@pytest.mark.parametrize("name", ["sky130", "sg13g2"])
def test_the_built_in_library_is_near_the_real_one(name):
    """Measured within 2 % on 4x4 arrays; far apart would mean a unit or a table is read wrongly."""
    some = jobs(SMALL, "gauss", 16)
    real = measure_energy(SMALL, technology(liberty(name)), some, glitch_cycles=4)
    ours = measure_energy(SMALL, technology(node=name), some, glitch_cycles=4)
    assert ours.joules == pytest.approx(real.joules, rel=0.1)
    assert ours.kinds["clock"] == pytest.approx(real.kinds["clock"], rel=0.15)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"count": 0}, "Gate-level jobs must be 1 to 64, not 0"),
        ({"count": 65}, "Gate-level jobs must be 1 to 64, not 65"),
        ({"glitch_cycles": -1}, "Energy glitch_cycles must be 0 or more, not -1"),
        ({"clock_hz": 0.0}, "Energy clock must be more than 0 Hz, not 0.0"),
    ],
)
def test_wrong_arguments(small, arguments, told):
    options = dict(arguments)
    some = jobs(SMALL, "zero", options.pop("count", 1))
    with pytest.raises(InputError) as caught:
        small.measure(some, **options)
    assert str(caught.value) == told


@pytest.mark.parametrize("form", [Integer(8), Integer(4, is_signed=False), BIPOLAR])
@pytest.mark.parametrize("kind", KINDS)
def test_drawn_values_are_of_their_format_and_kind(form, kind):
    values = draw(form, kind, (4000,), np.random.default_rng(0))
    form.check(values, "values")
    if form is BIPOLAR:
        return
    if kind == "zero":
        assert not values.any()
    elif kind == "relu":
        assert values.min() == 0
        assert 0.45 < (values == 0).mean() < 0.6
    else:
        assert abs(values.mean() - (form.lo + form.hi) / 2) < 0.05 * (form.hi - form.lo)
        spread = 1 / 12**0.5 if kind == "uniform" else 1 / 6
        assert values.std() == pytest.approx(spread * (form.hi - form.lo), rel=0.1)


@pytest.mark.parametrize("name", presets())
def test_every_preset_has_data_that_keep_it_busy(name):
    spec = presets()[name]
    drawn = {kind: jobs(spec, kind, 1)[0] for kind in KINDS}
    cycles = {spec.family.cycles(spec.params, job) for job in drawn.values()}
    assert len(cycles) == 1  # the shape does not depend on the data
    assert drawn["zero"].work / (cycles.pop() * spec.family.peak(spec.params)) > 0.25


def test_unknown_data():
    with pytest.raises(InputError, match=r"^Data kind must be one of uniform, gauss, relu, zero, not 'ones'$"):
        tensors(SMALL, "ones")
