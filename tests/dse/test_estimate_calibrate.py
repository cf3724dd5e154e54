"""The command ``rtloom calibrate``, and synthesis by parts, which it measures with."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
import typer
from typer.testing import CliRunner

from rtloom.dse.estimate import dataset, energy
from rtloom.dse.estimate.assemble import assemble
from rtloom.dse.estimate.calibration import calibrated, read_calibration
from rtloom.dse.estimate.cli import register
from rtloom.dse.estimate.design_set import design_set
from rtloom.dse.estimate.features.families import FAMILIES
from rtloom.dse.estimate.model import BUILT_IN
from rtloom.dse.technology import technology
from rtloom.errors import InputError, ToolError
from rtloom.generators.design import emit_design
from rtloom.hdl.gate_equivalents import gate_equivalents
from rtloom.hdl.synth import synthesize
from rtloom.hdl.synth_parts import parts_of, synthesize_parts


@pytest.fixture
def command():
    app = typer.Typer()
    register(app)
    return lambda *arguments: CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(one) for one in arguments])


def rows_of(name):
    """Return rows as they stand in a file, of what the package's calibration holds."""
    (kept, *_) = calibrated(name)
    rows = []
    for measured in kept.measured:
        if measured.target != "area":
            continue
        for n, place in enumerate(measured.designs):
            split, params = kept.designs[place]
            by_label = {}
            for group, values in measured.groups.items():
                by_label[f"area/{FAMILIES[name].groups.get(group, ('top',))[0]}"] = values[n]
            targets = {"area": float(measured.total[n]), **by_label}
            known = (kept.tool, kept.recipe, measured.library, measured.sha256, measured.unit)
            rows.append(dataset.Row(name, split, params, *known, targets, 1.0))
    return rows


def test_a_fit_of_what_was_measured(command, tmp_path):
    lines = "".join(json.dumps(vars(row)) + "\n" for row in rows_of("systolic"))
    (tmp_path / "systolic.jsonl").write_text(lines + lines.splitlines()[0] + "\n" + '{"family": "sys')
    ran = command("systolic", "--output", tmp_path, "--fit-only")
    assert ran.exit_code == 0, ran.output
    made = read_calibration(tmp_path / "systolic.json")
    (kept, *_) = calibrated("systolic")
    assert made.fits[0].errors["held_out"].median == pytest.approx(kept.fits[0].errors["held_out"].median, abs=0.05)
    assert [m.library for m in made.measured] == [m.library for m in kept.measured if m.target == "area"]
    assert ran.output.startswith("systolic: errors in % [Yosys")
    assert "out of family" in ran.output
    assert BUILT_IN in ran.output


def test_bad_input(command, tmp_path):
    ran = command("nothing")
    assert isinstance(ran.exception, InputError)
    assert str(ran.exception).startswith("Calibration family must be one of systolic, lut")
    ran = command("systolic", "--fit-only", "-o", tmp_path)
    assert "Calibration folder must hold what was measured of systolic" in str(ran.exception)
    (tmp_path / "broken.json").write_text("{}")
    with pytest.raises(InputError, match="must be one that rtloom calibrate wrote, but Calibration form must be 1"):
        read_calibration(tmp_path / "broken.json")


def test_parts_are_the_design():
    """Area and flip-flops of all parts, some synthesised without what stands in them, are those of the design."""
    design = emit_design({"family": "systolic", "name": "tiny", "params": {"rows": 2, "cols": 2, "a_format": "int4"}})
    found = parts_of(design.verilog, "tiny")
    report = synthesize(design.verilog, "tiny")
    library = gate_equivalents()
    names = list(found.parts)
    own = synthesize_parts(names[::2], found.parts, [library], dataset.RECIPE)
    own |= synthesize_parts(names[1::2], found.parts, [library], dataset.RECIPE)
    area = sum(uses * own[name][0][0] for (name, _), uses in found.uses.items())
    registers = sum(uses * own[name][0][1] for (name, _), uses in found.uses.items())
    assert area == pytest.approx(report["area"].value)
    assert registers == report["flip_flops"].value
    by_label = {share.label: share.instances for share in report.shares}
    for label, instances in by_label.items():
        assert sum(uses for (_, other), uses in found.uses.items() if other == label) == instances


def test_equal_modules_are_one_part():
    one, other = (
        emit_design({"family": "systolic", "name": name, "params": {"rows": 2, "cols": cols, "b_format": "int4"}})
        for name, cols in (("one", 2), ("other", 3))
    )
    first, second = parts_of(one.verilog, "one"), parts_of(other.verilog, "other")
    shared = {label for name, label in first.uses if name in second.parts}
    assert "pe" in shared
    assert "top" not in shared
    with pytest.raises(ToolError, match="The Verilog must hold the module another, but has"):
        parts_of(one.verilog, "another")


def test_runs_side_by_side_and_in_parts(monkeypatch, tmp_path):
    """Each part once for each library that lacks it, whatever is on the disk; every design and library a row."""
    asked = []

    def parts(names, parts, libraries, _options):
        asked.extend((name, library.sha256) for name in names for library in libraries)
        return {name: [(float(len(parts[name].text)), 1)] * len(libraries) for name in names}

    monkeypatch.setattr(dataset, "synthesize_parts", parts)
    first = gate_equivalents()
    second = replace(first, name="another", sha256="f" * 64)
    points, file, seen = design_set("systolic", 8)[:5], tmp_path / "new" / "rows.jsonl", []
    dataset.collect(points[:3], [first], file)
    once = len(asked)
    rows = dataset.collect(points, [first, second], file, lambda *at: seen.append(at), jobs=2)
    wanted = [(point.params, own.name) for point in points for own in (first, second)]
    assert [(row.params, row.library) for row in rows] == wanted
    assert (seen[0], seen[-1]) == ((0, 5), (5, 5))
    assert len({library for _, library in asked[once:]}) == 2
    assert not set(asked[:once]) & set(asked[once:])
    assert rows == dataset.collect(points, [first, second], file)
    assert len(dataset.read_rows(file)) == 10


def test_energies_by_kind_of_data(monkeypatch, tmp_path):
    """Picojoules a cycle, whole and by module; a design that was simulated is not simulated again."""

    class Report(SimpleNamespace):
        def __getitem__(self, name):
            return SimpleNamespace(value={"cycles": self.cycles}[name])

    def measure(jobs, glitch_cycles):
        """Four jobs that are busy in all cycles, the last one idle."""
        measured.append((len(jobs), glitch_cycles))
        joules = 1e-9 if len(measured) == len(energy.KINDS) else 4e-9
        return Report(
            joules=joules, cycles=100, macs=10**6, labels={"pe": 0.75 * joules, "top": 0.25 * joules}, seconds=1
        )

    measured = []
    synthesised = SimpleNamespace(seconds=1.0, tool="Yosys", recipe="any")
    monkeypatch.setattr(energy, "prepare", lambda *_: SimpleNamespace(report=synthesised, measure=measure))
    points = design_set("systolic", 8)[:1]
    (row,) = energy.collect_energy(points, technology(), tmp_path / "rows.jsonl")
    assert row.targets["energy_busy:uniform@sky130"] == pytest.approx(40)
    assert row.targets["energy_busy:zero@sky130"] == pytest.approx(10)
    assert row.targets["energy_busy:uniform@sky130/pe"] == pytest.approx(30)
    assert row.targets["energy_busy:zero@sky130/pe"] == pytest.approx(7.5)
    assert (row.unit, measured) == ("pJ", [(energy.JOBS, energy.GLITCH_CYCLES)] * 4)
    assert energy.collect_energy(points, technology(), tmp_path / "rows.jsonl") == [row]
    assert len(measured) == 4
    found = assemble("systolic", [row, *rows_of("systolic")])
    busy = next(m for m in found.measured if m.target == "energy_busy:uniform@sky130")
    assert {group: pytest.approx(value) for group, (value,) in busy.groups.items()} == {"PEs": 30, "control": 10}
