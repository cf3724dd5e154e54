"""The demo as a user runs it: results, files, and its mistakes in one line with nothing left behind."""

import json
import re
import sys
from dataclasses import replace

import pytest

from rtloom import CheckError, InputError, ToolError, load
from rtloom.examples.digits import run
from rtloom.examples.digits.run import demo, layer_spec
from rtloom.examples.output import whole_folder
from rtloom.hdl.manifest import Manifest
from rtloom.verif import goldens

from .checks import check_figures, check_picture

SMALL = "systolic-4x4-int8"
FILES = ["results.json", "results.png", "systolic_4x4_int8_layer.core"]
FILES += ["systolic_4x4_int8_layer.json", "systolic_4x4_int8_layer.v"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Run a quick demo on a small array; returns its folder, what it returned and what it told."""
    folder = tmp_path_factory.mktemp("demo") / "deep" / "out"
    told = []
    results = demo(folder, SMALL, 250e6, quick=True, tell=lambda text, done: told.append((text, done)))
    return folder, results, told


def test_files_are_written(finished):
    folder, results, _ = finished
    assert sorted(path.name for path in folder.iterdir()) == FILES
    assert sorted(results["files"]) == FILES
    assert json.loads((folder / "results.json").read_text()) == results
    manifest = Manifest.load(folder / "systolic_4x4_int8_layer.json")
    assert manifest.params == results["params"]
    assert f"module {manifest.top}" in (folder / "systolic_4x4_int8_layer.v").read_text()


def test_every_output_is_compared_and_equal(finished):
    _, results, _ = finished
    values = {"mlp": 64 + 32 + 10, "cnn": 64 * 16 + 16 * 32 + 4 * 32 + 10}
    for name, count in values.items():
        outputs = results["networks"][name]["outputs"]
        assert outputs["compared"]["value"] == outputs["equal"]["value"] == 40 * count


def test_accuracy_of_rtl_is_that_of_golden_and_near_float(finished):
    _, results, _ = finished
    for network in results["networks"].values():
        accuracy = {name: figure["value"] for name, figure in network["accuracy"].items()}
        assert accuracy["rtl"] == accuracy["golden"]
        assert abs(accuracy["rtl"] - accuracy["float"]) <= 5
        assert accuracy["rtl"] >= 92


def test_cycles_equal_their_formula_and_give_the_speed(finished):
    _, results, _ = finished
    for network in results["networks"].values():
        assert all(layer["cycles"]["value"] == layer["formula_cycles"]["value"] for layer in network["layers"])
        cycles = sum(layer["cycles"]["value"] for layer in network["layers"])
        macs = sum(layer["macs"]["value"] for layer in network["layers"])
        assert network["cycles"]["value"] == cycles
        assert network["utilisation"]["value"] == pytest.approx(100 * macs / (16 * cycles))
        assert network["images_per_second"]["value"] == pytest.approx(40 * 250e6 / cycles)
    assert results["networks"]["cnn"]["utilisation"]["value"] > 80


def test_every_figure_has_unit_and_source(finished):
    _, results, _ = finished
    check_figures({key: value for key, value in results.items() if key != "params"})
    assert results["area"]["unit"] == "GE"
    assert results["area"]["source"].startswith("synth Yosys ")


def test_the_picture_shows_something(finished):
    check_picture(finished[0])


def test_progress_goes_from_nothing_to_nearly_all(finished):
    told = finished[2]
    shares = [done for _, done in told]
    assert shares == [at / run.STEPS for at in range(run.STEPS)]
    assert told[1][0] == "mlp: dense1 on the array"


def test_the_command_prints_tables(rtloom_command, tmp_path, finished, monkeypatch):
    monkeypatch.setattr(run, "demo", lambda *_arguments, **_named: finished[1])
    ran = rtloom_command("demo", "--output", tmp_path / "out", "--spec", SMALL, "--clock", 250, "--quick")
    assert (ran.status, ran.err) == (0, "")
    assert "Handwritten digits on systolic-4x4-int8-layer: 4 x 4 int8 array, output-stationary" in ran.out
    assert "4,240 of 4,240 layer outputs equal bit for bit" in ran.out
    assert "if clocked at 250 MHz (assumed)" in ran.out
    assert re.search(r"Area \d+\.\d kGE\n  synth Yosys ", ran.out)
    assert max(len(line) for line in ran.out.splitlines()[:-1]) <= 120


def test_the_command_prints_json(rtloom_command, tmp_path, finished, monkeypatch):
    asked = []
    monkeypatch.setattr(run, "demo", lambda *arguments: asked.append(arguments[:4]) or finished[1])
    ran = rtloom_command("demo", "-o", tmp_path / "out", "--clock", 250, "--json")
    assert (ran.status, ran.err, json.loads(ran.out)) == (0, "", finished[1])
    assert asked == [(tmp_path / "out", "systolic-8x8-int8-layer", 250e6, False)]


def test_the_epilogue_is_switched_on_and_the_name_stays_short():
    spec = layer_spec("systolic-8x8-int8-ws")
    assert spec.name == "systolic-8x8-int8-ws-layer"
    assert (spec.params.bias, spec.params.requantize, spec.params.activation) == (True, True, "relu")
    assert layer_spec("systolic-8x8-int8-layer") == load("systolic-8x8-int8-layer")


def refused(rtloom_command, folder, message, *arguments):
    ran = rtloom_command("demo", "--output", folder, "--quick", *arguments)
    assert (ran.status, ran.out, ran.err) == (2, "", f"rtloom: error: {message}\n")


def test_wrong_options_are_one_clear_line(rtloom_command, tmp_path):
    folder = tmp_path / "out"
    refused(rtloom_command, folder, "Demo clock must be a frequency above 0 Hz, not -1000000.0", "--clock", -1)
    refused(rtloom_command, folder, "Demo clock must be a frequency above 0 Hz, not nan", "--clock", "nan")
    refused(rtloom_command, folder, "Demo spec a_format must be int8, not 'uint8'", "--spec", "systolic-8x8-uint8-int4")
    assert not folder.exists()


def test_other_families_are_refused():
    spec = load(SMALL)
    other = type("Other", (type(spec.family),), {"name": "other"})()
    with pytest.raises(InputError, match=r"^Demo spec must be of the family systolic, not 'other'$"):
        layer_spec(replace(spec, family=other))


def test_unwritable_output_is_one_clear_line(rtloom_command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # short names: messages show 80 characters of a value
    file = tmp_path / "file"
    file.write_text("kept")
    refused(rtloom_command, "file", "Output must be a folder that can be written (file exists), not 'file'")
    rule = "Output must be a folder that can be written (not a directory)"
    refused(rtloom_command, "file/below", f"{rule}, not 'file/below'")
    assert file.read_text() == "kept"


@pytest.mark.parametrize(("module", "package"), [("sklearn.datasets", "scikit-learn"), ("matplotlib", "matplotlib")])
def test_a_missing_package_is_one_clear_line(module, package, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ToolError, match=rf"^{package} must be installed for the demo: pip install 'rtloom\[demo\]'$"):
        demo(tmp_path / "out", SMALL, quick=True)
    assert not (tmp_path / "out").exists()


def test_a_wrong_value_ends_the_demo_and_leaves_nothing(monkeypatch, tmp_path, rtloom_command):
    honest = goldens.compute

    def wrong(*arguments):
        result = honest(*arguments)
        result[3, 5] += 1
        return result

    monkeypatch.setattr(goldens, "compute", wrong)
    ran = rtloom_command("demo", "--output", tmp_path / "out", "--spec", SMALL, "--quick")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("rtloom: error: ")
    assert ran.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_failed_folder_keeps_what_was_there(tmp_path):
    def fill(text):
        with whole_folder(tmp_path) as folder:
            (folder / "a").write_text(text)
            (folder / "b").write_text(text)
            if text == "bad":
                raise CheckError("found out late")

    fill("good")
    with pytest.raises(CheckError):
        fill("bad")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "good", "b": "good"}
    fill("better")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "better", "b": "better"}


def test_a_name_taken_by_a_folder_is_one_clear_line(tmp_path):
    (tmp_path / "a").mkdir()
    message = f"Output must be a folder that can be written (is a directory), not {str(tmp_path)!r}"
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"), whole_folder(tmp_path) as folder:
        (folder / "a").write_text("text")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
