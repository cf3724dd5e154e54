"""The demo as a user runs it: results, files, and its mistakes in one line with nothing left behind."""

import io
import json
import sys
import threading
from dataclasses import replace

import pytest
from rich.console import Console

from rtloom import InputError, ToolError, load
from rtloom.examples.demos import DEMOS
from rtloom.examples.lut import projections, run
from rtloom.examples.lut import results as lut_results
from rtloom.examples.lut.projections import find_projections
from rtloom.examples.lut.results import show
from rtloom.examples.lut.run import demo
from rtloom.examples.lut.tiles import WEIGHT_FORMATS, compared_tiles, lut_tile
from rtloom.hdl.manifest import Manifest
from rtloom.verif import goldens

from .checks import check_figures, check_picture

PRESET = "lut-m2n32k8-w3a8-layer"
SMALL = {"family": "lut", "name": "small", "params": {"m": 1, "n": 8, "max_reduction": 512}}
SHORT = tuple(replace(network, epochs=network.epochs // 5) for network in run.NETWORKS)
DESIGNS = [f"lut_m1n8k4_{weights}" for weights in WEIGHT_FORMATS]
GEMV = {"family": "lut", "name": "gemv", "params": {"m": 1, "n": 4}}
ROLES = ("query", "feed_forward_in")
MISSING = "weights must be installed"
FILES = [f"{design}.{suffix}" for design in DESIGNS for suffix in ("core", "json", "v")]


def _no_model():
    raise ToolError(MISSING)


@pytest.fixture(scope="module", autouse=True)
def _short():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "NETWORKS", SHORT)
        patch.setattr(run, "QUICK_EPOCHS", 0.5)
        patch.setattr(projections, "GEMV_SPEC", GEMV)
        patch.setattr(projections, "load_model", _no_model)
        yield


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Run a quick demo on a small tile; returns its folder, what it returned and what it told."""
    folder = tmp_path_factory.mktemp("demo") / "out"
    told = []
    results = demo(folder, SMALL, 250e6, quick=True, tell=lambda text, done: told.append((text, done)))
    return folder, results, told


def test_files_are_written(finished):
    folder, results, _ = finished
    assert sorted(path.name for path in folder.iterdir()) == sorted([*FILES, "results.json", "results.png"])
    assert sorted(results["files"]) == sorted([*FILES, "results.json", "results.png"])
    assert json.loads((folder / "results.json").read_text()) == results
    for design, weights in zip(DESIGNS, WEIGHT_FORMATS, strict=True):
        manifest = Manifest.load(folder / f"{design}.json")
        assert f"module {manifest.top}" in (folder / f"{design}.v").read_text()
        epilogue = {"addend": "bias", "requantize": True, "activation": "relu"}
        assert manifest.params.items() >= {"m": 1, "n": 8, "weight_format": weights, **epilogue}.items()


def test_every_output_is_compared_and_equal(finished):
    values = {"mlp": 64 + 32 + 10, "cnn": 64 * 16 + 16 * 32 + 4 * 32 + 10}
    for name, count in values.items():
        network = finished[1]["networks"][name]
        assert list(network["weights"]) == list(WEIGHT_FORMATS)
        for found in network["weights"].values():
            assert found["outputs"]["compared"]["value"] == found["outputs"]["equal"]["value"] == 40 * count
            assert found["accuracy"]["rtl"]["value"] == found["accuracy"]["golden"]["value"]


MEASURED = {
    # On 40 images, trained a fifth as long as in the demo.
    "mlp": {"float": 87.5, "int8": 90, "ternary": 95, "int2": 90, "int4": 100},
    "cnn": {"float": 95, "int8": 92.5, "ternary": 95, "int2": 97.5, "int4": 97.5},
}


def test_few_bits_see_nearly_what_float_sees(finished):
    for name, network in finished[1]["networks"].items():
        accuracy = {weights: found["accuracy"]["rtl"]["value"] for weights, found in network["weights"].items()}
        accuracy |= {key: network[key]["value"] for key in ("float", "int8")}
        # Three images more or less, so that another processor's sums may round otherwise.
        assert accuracy == pytest.approx(MEASURED[name], abs=7.5)
        assert network["weights"]["ternary"]["accuracy"]["rounded"]["value"] < accuracy["ternary"]


def test_cycles_equal_their_formula_and_grow_with_the_planes(finished):
    for network in finished[1]["networks"].values():
        for name, found in network["weights"].items():
            planes = {"ternary": 2, "int2": 2, "int4": 4}[name]
            assert all(layer["cycles"]["value"] == layer["formula_cycles"]["value"] for layer in found["layers"])
            cycles = sum(layer["cycles"]["value"] for layer in found["layers"])
            macs = sum(layer["macs"]["value"] for layer in found["layers"])
            assert found["cycles"]["value"] == cycles
            # One row, 8 columns, 4 elements: 32 one-bit products a cycle.
            assert found["utilisation"]["value"] == pytest.approx(100 * macs * planes / (32 * cycles))
            assert found["utilisation"]["value"] > 88
            assert found["images_per_second"]["value"] == pytest.approx(40 * 250e6 / cycles)


def test_areas_stand_beside_multipliers_that_do_as_much(finished):
    tiles = finished[1]["tiles"]
    found = {(tile["unit"], tile["weights"], tile["planes"]): tile for tile in tiles}
    assert len(found) == len(tiles) == 10
    for name, planes in (("ternary", 2), ("int2", 2), ("int4", 4)):
        serial, whole = found["LUT", name, f"1 of {planes}"], found["LUT", name, f"{planes} of {planes}"]
        multipliers = found["MAC", name, "all"]
        assert serial["macs_per_cycle"]["value"] == 32 / planes
        assert whole["macs_per_cycle"]["value"] == multipliers["macs_per_cycle"]["value"] == 32
        assert serial["area"]["value"] < whole["area"]["value"]
    assert found["MAC", "int8", "all"]["macs_per_cycle"]["value"] == 32
    for tile in tiles:
        each = tile["area_of_a_mac"]["value"]
        assert each * tile["macs_per_cycle"]["value"] == pytest.approx(tile["area"]["value"])
        assert tile["area"]["source"].startswith("synth Yosys ")


def test_every_figure_has_unit_and_source(finished):
    check_figures(finished[1])


def test_the_picture_shows_something(finished):
    check_picture(finished[0])


def test_progress_goes_from_nothing_to_nearly_all(finished):
    told = finished[2]
    assert [done for _, done in told] == [at / run.STEPS for at in range(run.STEPS)]
    assert len(told) == 2 * 4 + 3 * 3 + 3 * 4 + 2
    assert [text for text, _ in told[:3]] == [
        "mlp: training",
        "mlp ternary: training",
        "mlp ternary: dense1 on the tile",
    ]


def test_without_a_transformer_the_rest_is_done_and_a_line_says_so(finished, monkeypatch):
    assert finished[1]["transformer"] == {"missing": MISSING}
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    lacking = find_projections(quick=True)
    assert lacking.run(lambda *_: None) == {
        "missing": "tokenizers must be installed for the demo: pip install 'rtloom[examples]'"
    }
    assert lacking.steps == 0


def test_a_transformer_joins_where_there_is_one(small_model, tmp_path, monkeypatch):
    monkeypatch.setattr(projections, "load_model", lambda: small_model)
    found, told = find_projections(quick=True), []
    results = found.run(lambda text, _: told.append(text))
    assert told == [f"bert: {role.replace('_', ' ')}, weights of 2 bits" for role in ROLES]
    assert found.steps == 2
    (design,) = results["designs"]
    assert [matrix["role"] for matrix in design["matrices"]] == list(ROLES)
    assert design["equal"]["value"] == design["outputs"]["value"] == 8 + 16
    names = [f"{design['spec'].replace('-', '_')}.{suffix}" for suffix in ("core", "json", "v")]
    assert sorted(path.name for path in found.write(tmp_path)) == names
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    whole = find_projections(quick=False)
    assert (whole.steps, len(whole.roles), whole.bits) == (12, 6, (2, 4))


def test_what_became_of_the_transformer_is_printed(finished, monkeypatch):
    shown = []
    monkeypatch.setattr(lut_results, "show_gemv", lambda results, _: shown.append(results))
    console = Console(width=80, no_color=True, file=io.StringIO())
    show(finished[1], console)
    assert console.file.getvalue().endswith(f"\nLeft out, a transformer's projections: {MISSING}\n")
    assert shown == []
    show({**finished[1], "transformer": {"model": "bert"}}, console)
    assert shown == [{"model": "bert"}]


def test_the_command_prints_tables(rtloom_command, tmp_path, finished, monkeypatch):
    asked = []
    monkeypatch.setattr(run, "demo", lambda *arguments: asked.append(arguments[:4]) or finished[1])
    monkeypatch.setenv("COLUMNS", "80")
    ran = rtloom_command("demo", "lut", "--clock", 250, "--quick")
    assert (ran.status, ran.err) == (0, "")
    assert [(str(folder), *rest) for folder, *rest in asked] == [("demo-lut", PRESET, 250e6, True)]
    assert "Handwritten digits with weights of few bits on tiles of small" in ran.out
    assert "12,720 of 12,720 layer outputs equal bit for bit" in ran.out
    assert "LUT M1N8K4" in ran.out
    assert "…" not in ran.out
    ran = rtloom_command("demo", "lut", "-o", tmp_path / "out", "--json")
    assert (ran.status, ran.err, json.loads(ran.out)) == (0, "", finished[1])


def test_the_demos_named_by_the_command_are_those_there_are(rtloom_command):
    text = rtloom_command("demo", "--help").out
    for name, each in DEMOS.items():
        assert f"    {name} " in text
        assert load(each.spec).name == each.spec
        assert callable(each.run)
        assert callable(each.show)
    assert DEMOS["lut"].show is show


@pytest.mark.parametrize(
    ("base", "planes"), [(PRESET, 1), ("lut-unpu-m2n16k4-w2a8", 1), ("lut-streamed-m2n64k4-w2a8", 1)]
)
def test_compared_tiles_do_the_same_work(base, planes):
    tiles = [lut_tile(base, weights) for weights in WEIGHT_FORMATS]
    compared = compared_tiles(tiles)
    assert [tile.unit for tile in compared] == [*("LUT", "LUT", "MAC") * 3, "MAC"]
    work = {tile.params.m * tile.params.n * tile.params.step for tile in compared}
    assert len(work) == 1
    for serial, whole, multipliers in zip(*(compared[at:9:3] for at in range(3)), strict=True):
        assert serial.params.planes == planes
        assert whole.macs_per_cycle == multipliers.macs_per_cycle == work.copy().pop()
        assert serial.weights == whole.weights == multipliers.weights
    for tile in compared:
        assert (tile.params.addend, tile.params.requantize, tile.params.activation) == ("none", False, "none")
        assert tile.params.max_reduction == tiles[0].params.max_reduction


def refused(rtloom_command, message, *arguments):
    ran = rtloom_command("demo", *arguments)
    assert (ran.status, ran.out, ran.err) == (2, "", f"rtloom: error: {message}\n")


def test_mistakes_are_one_clear_line(rtloom_command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused(rtloom_command, f"Demo must be one of {', '.join(DEMOS)}, not 'luts'", "luts")
    refused(rtloom_command, "Demo clock must be a frequency above 0 Hz, not -1000000.0", "lut", "--clock", -1)
    specs = {
        "systolic-4x4-int8": "Demo spec must be of the family lut, not 'systolic'",
        "lut-mac-m8n4k16-w8a8": "Demo spec unit must be lut, not 'mac'",
        "lut-m2n64k4-w2a16-int8-tables": "Demo spec a_format must be int8, not 'int16'",
        "lut-m2n64k4-w4a8-g128": "Demo spec group must be null, not 128",
    }
    for spec, message in specs.items():
        refused(rtloom_command, message, "lut", "--spec", spec)
    (tmp_path / "file").write_text("kept")
    rule = "Output must be a folder that can be written (file exists), not 'file'"
    refused(rtloom_command, rule, "lut", "--output", "file")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_digits_design_is_not_taken_for_a_lut_one():
    with pytest.raises(InputError, match=r"^Demo spec must be of the family systolic, not 'lut'$"):
        DEMOS["digits"].run(spec=PRESET)


def test_a_wrong_value_ends_the_demo_and_leaves_nothing(monkeypatch, tmp_path, rtloom_command):
    honest = goldens.compute

    def wrong(family, *arguments):
        result = honest(family, *arguments)
        result[3, 5] += family.name == "lut"
        return result

    monkeypatch.setattr(goldens, "compute", wrong)
    spec = tmp_path / "small.yaml"
    spec.write_text(json.dumps(SMALL))
    ran = rtloom_command("demo", "lut", "--output", tmp_path / "out", "--spec", spec, "--quick")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("rtloom: error: ")
    assert ran.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == [spec]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPoolExecutor")]
