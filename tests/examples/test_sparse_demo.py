"""The sparse demo as a user runs it: results, files, and its mistakes in one line with nothing left behind."""

import io
import json
import threading
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

from rtloom.examples.demos import DEMOS
from rtloom.examples.sparse import feed_forward, run
from rtloom.examples.sparse.designs import layer_designs
from rtloom.examples.sparse.feed_forward import FeedForward, Missing
from rtloom.examples.sparse.feed_forward_results import collect_feed_forward
from rtloom.examples.sparse.networks import patterns_of
from rtloom.examples.sparse.picture import draw
from rtloom.examples.sparse.results import show
from rtloom.examples.sparse.run import demo
from rtloom.hdl.manifest import Manifest
from rtloom.verif import goldens

from .checks import check_figures, check_picture

PRESET = "sparse-layer"
SMALL = {"family": "sparse", "name": "small", "params": {"rows": 1, "chains": 1}}
SCALED = {
    "family": "sparse",
    "name": "scaled",
    "params": {"rows": 2, "chains": 1, "length": 8, "group": 2, "weight_bits": "4", "scale_bits": 4},
}
SHORT = tuple(replace(network, epochs=network.epochs // 5) for network in run.NETWORKS)
FORMS = ["dense", "2:4", "1:4", "dense", "4:16"]
DESIGNS = ["sparse_1x16_m4_int8", "sparse_1x16_m16_int8", "sparse_1x16_m4_int4", "sparse_1x16_m16_int4"]
NAMES = [*(f"{design}_layer" for design in DESIGNS), "scaled_gemv"]
FILES = [f"{name}.{suffix}" for name in NAMES for suffix in ("core", "json", "v")]
SHAPES = {"feed_forward_in": (24, 72), "feed_forward_out": (20, 130)}


def random_feed_forward():
    """Return what a transformer gives the demo, with small matrices of random numbers."""
    rng = np.random.default_rng(3)
    matrices = {role: (rng.standard_normal(shape), None) for role, shape in SHAPES.items()}
    vectors = {role: rng.standard_normal((5, k)) for role, (_, k) in SHAPES.items()}
    weights = SimpleNamespace(title="random", matrix=lambda _layer, role: matrices[role])
    return FeedForward(weights, SimpleNamespace(input_of=vectors.__getitem__))


@pytest.fixture(scope="module", autouse=True)
def _short():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "NETWORKS", SHORT)
        patch.setattr(run, "QUICK_EPOCHS", 0.3)
        patch.setattr(run, "find_feed_forward", random_feed_forward)
        patch.setattr(feed_forward, "SPEC", SCALED)
        yield


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Run a quick demo on small designs; returns its folder, what it returned and what it told."""
    folder = tmp_path_factory.mktemp("demo") / "out"
    told = []
    results = demo(folder, SMALL, 250e6, quick=True, tell=lambda text, done: told.append((text, done)))
    return folder, results, told


def runs_of(results):
    return [run for network in results["networks"].values() for run in network["runs"]]


def test_files_are_written(finished):
    folder, results, _ = finished
    assert sorted(path.name for path in folder.iterdir()) == sorted([*FILES, "results.json", "results.png"])
    assert sorted(results["files"]) == sorted([*FILES, "results.json", "results.png"])
    assert json.loads((folder / "results.json").read_text()) == results
    for name in NAMES:
        manifest = Manifest.load(folder / f"{name}.json")
        assert f"module {manifest.top}" in (folder / f"{name}.v").read_text()


def test_every_output_is_compared_and_equal(finished):
    values = {"mlp": 64 + 32 + 10, "cnn": 64 * 16 + 16 * 32 + 4 * 32 + 10}
    for name, count in values.items():
        runs = finished[1]["networks"][name]["runs"]
        assert [(run["weights"], run["pattern"]) for run in runs] == [(w, f) for w in ("int8", "int4") for f in FORMS]
        for found in runs:
            assert found["outputs"]["compared"]["value"] == found["outputs"]["equal"]["value"] == 40 * count
            assert found["accuracy"]["rtl"]["value"] == found["accuracy"]["golden"]["value"]


def test_pruned_networks_see_nearly_what_dense_ones_see(finished):
    for network in finished[1]["networks"].values():
        for found in network["runs"]:
            # Two images of 40 are 5 %. Weights of 4 bits are trained further than the float ones that they come from.
            accuracy, as_float = (found["accuracy"][key]["value"] for key in ("rtl", "float"))
            assert accuracy >= as_float - 7.5
            assert accuracy <= as_float + (5 if found["weights"] == "int8" else 100)
            least = network["float"]["value"] - (7.5 if found["pattern"] in {"dense", "2:4"} else 20)
            assert accuracy >= least
            assert abs(found["validation"]["value"] - accuracy) <= 15
        assert list(network["patterns"]) == ["2:4", "1:4", "4:16"]
        for accuracy in network["patterns"].values():
            assert accuracy["pruned"]["value"] < accuracy["retrained"]["value"]


def test_cycles_equal_their_formula_and_fall_with_the_density(finished):
    for network in finished[1]["networks"].values():
        dense = None
        for found in network["runs"]:
            assert all(layer["cycles"]["value"] == layer["formula_cycles"]["value"] for layer in found["layers"])
            cycles = sum(layer["cycles"]["value"] for layer in found["layers"])
            macs = sum(layer["macs"]["value"] for layer in found["layers"])
            assert found["cycles"]["value"] == cycles
            assert found["utilisation"]["value"] == pytest.approx(100 * macs / (16 * cycles))
            assert found["images_per_second"]["value"] == pytest.approx(40 * 250e6 / cycles)
            dense = found if found["pattern"] == "dense" else dense
            assert dense["design"] == found["design"]
            assert found["speedup"]["value"] == pytest.approx(dense["cycles"]["value"] / cycles)
    middle = [layer["speedup"]["value"] for run in runs_of(finished[1])[:5] for layer in run["layers"][1:2]]
    assert middle == pytest.approx([1, 2, 4, 1, 4], rel=0.01)
    # The first convolution has 9 products to a sum: one window, in which four results leave in four cycles at best.
    first = [run["layers"][0]["speedup"]["value"] for run in finished[1]["networks"]["cnn"]["runs"]]
    assert first == pytest.approx([1.0] * 10, rel=0.01)


def test_memory_is_counted_by_part(finished):
    """The second layer of the perceptron has 32 sums of 64 products: no padding."""
    kept = {"dense": 1, "2:4": 1 / 2, "1:4": 1 / 4, "4:16": 1 / 4}
    for found in finished[1]["networks"]["mlp"]["runs"]:
        if found["weights"] == "int8":
            memory = found["layers"][1]["memory"]
            weights = 32 * 64 * kept[found["pattern"]]
            place = {"dense": 0, "2:4": 2, "1:4": 2, "4:16": 4}[found["pattern"]]
            assert (memory["values"]["value"], memory["indices"]["value"]) == (8 * weights, place * weights)
            assert memory["whole"]["value"] == sum(
                memory[part]["value"] for part in ("values", "indices", "descriptors", "scales")
            )
            assert memory["bits_per_weight"]["value"] == pytest.approx(memory["whole"]["value"] / (32 * 64))
            # One row of A at a time: every image reads all weights.
            assert found["streamed"]["value"] == found["memory"]["whole"]["value"]


def test_memory_stands_beside_the_dense_form_on_the_same_design(finished):
    for network in finished[1]["networks"].values():
        dense = {found["design"]: found for found in network["runs"] if found["pattern"] == "dense"}
        for found in network["runs"]:
            whole = dense[found["design"]]["memory"]["whole"]["value"]
            assert found["memory_of_dense"]["value"] == pytest.approx(100 * found["memory"]["whole"]["value"] / whole)
        shares = [round(found["memory_of_dense"]["value"]) for found in network["runs"]]
        assert shares == pytest.approx([100, 62, 31, 100, 38, 100, 75, 38, 100, 50], abs=1)
        # A convolution reads its weights for each place of the picture.
        again = [found["streamed"]["value"] / found["memory"]["whole"]["value"] for found in network["runs"]]
        assert min(again) > (1 if network["title"] == "convolutional network" else 0.999)


def test_transformer_matrices_are_run_dense_and_pruned(finished):
    found = finished[1]["feed_forward"]
    assert (found["model"], found["pattern"], found["params"]["gemv"]) == ("random", "2:4", True)
    assert [tuple(matrix["shape"]) for matrix in found["matrices"]] == list(SHAPES.values())
    for matrix in found["matrices"]:
        dense, sparse = matrix["runs"]
        assert (dense["pattern"], sparse["pattern"]) == ("dense", "2:4")
        for each in (dense, sparse):
            assert each["outputs"]["value"] == each["equal"]["value"] == matrix["shape"][0]
            assert each["cycles"]["value"] == each["formula_cycles"]["value"]
        assert sparse["speedup"]["value"] == pytest.approx(2, abs=0.25)
        assert dense["error"]["rtl"]["value"] < matrix["pruning_error"]["value"] < 100
        assert sparse["error"]["rtl"]["value"] == pytest.approx(matrix["pruning_error"]["value"], rel=0.3)


def test_every_figure_has_unit_and_source(finished):
    check_figures(finished[1])


def test_the_picture_shows_something(finished):
    check_picture(finished[0])


def test_progress_goes_from_nothing_to_nearly_all(finished):
    told = finished[2]
    assert [done for _, done in told] == pytest.approx([at / len(told) for at in range(len(told))])
    texts = [text for text, _ in told]
    assert texts[:2] == ["mlp: training", "mlp 2:4: training"]
    assert "cnn 4:16 int4: conv2 on the chains" in texts
    assert texts[-2:] == ["feed forward out, 2:4 on the chains", "picture"]


def test_the_command_prints_tables(rtloom_command, tmp_path, finished, monkeypatch):
    asked = []
    monkeypatch.setattr(run, "demo", lambda *arguments: asked.append(arguments[:4]) or finished[1])
    monkeypatch.setenv("COLUMNS", "80")
    ran = rtloom_command("demo", "sparse", "--clock", 250, "--quick")
    assert (ran.status, ran.err) == (0, "")
    assert [(str(folder), *rest) for folder, *rest in asked] == [("demo-sparse", PRESET, 250e6, True)]
    assert "Handwritten digits with pruned weights on chains of small" in ran.out
    assert "42,400 of 42,400 layer outputs equal bit for bit" in ran.out
    assert "88 of 88 outputs equal the golden model bit for bit" in ran.out
    assert "…" not in ran.out
    ran = rtloom_command("demo", "sparse", "-o", tmp_path / "out", "--json")
    assert (ran.status, ran.err, json.loads(ran.out)) == (0, "", finished[1])


def test_without_a_transformer_the_rest_is_shown(finished, tmp_path):
    results = finished[1] | {"feed_forward": collect_feed_forward(Missing("some package must be installed"))}
    printed = io.StringIO()
    show(results, Console(file=printed, width=80))
    assert printed.getvalue().rstrip().endswith("Feed-forward matrices skipped: some package must be installed")
    draw(tmp_path / "picture.png", results)
    assert (tmp_path / "picture.png").stat().st_size > 10_000


def test_designs_differ_in_blocks_and_widths_alone():
    designs = layer_designs(PRESET)
    assert [(design.params.block, design.params.weight_bits) for design in designs] == [
        (4, "8"),
        (16, "8"),
        (4, "4"),
        (16, "4"),
    ]
    assert [[p.title for p in patterns_of(d)] for d in designs] == [["dense", "2:4", "1:4"], ["dense", "4:16"]] * 2
    first = designs[0].params
    for design in designs:
        assert {pattern.n for pattern in patterns_of(design)} <= set(design.params.kept)
        assert design.params.model_copy(update={"block": 4, "weight_bits": "8"}) == first
        assert (first.bias, first.requantize, first.activation) == (True, True, "relu")
    assert DEMOS["sparse"].spec == PRESET


def refused(rtloom_command, message, *arguments):
    ran = rtloom_command("demo", *arguments)
    assert (ran.status, ran.out, ran.err) == (2, "", f"rtloom: error: {message}\n")


def test_mistakes_are_one_clear_line(rtloom_command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused(rtloom_command, "Demo clock must be a frequency above 0 Hz, not -1000000.0", "sparse", "--clock", -1)
    specs = {
        "systolic-4x4-int8": "Demo spec must be of the family sparse, not 'systolic'",
        "sparse-4x16-w4-scaled": "Demo spec scale_bits must be null, not 4",
        "sparse-small": "Demo spec length must be a multiple of 16, not 8",
        "sparse-2x16-n16-int8": "Demo spec group must be length / 4 = 4, not 2",
    }
    for spec, message in specs.items():
        refused(rtloom_command, message, "sparse", "--spec", spec)
    (tmp_path / "file").write_text("kept")
    rule = "Output must be a folder that can be written (file exists), not 'file'"
    refused(rtloom_command, rule, "sparse", "--output", "file")
    changed = {"gemv": True, "bitmap": True, "a_format": "int4"}
    for name, value in changed.items():
        spec = tmp_path / f"{name}.json"
        spec.write_text(json.dumps(SMALL | {"params": {"rows": 2, name: value}}))
        needed = "int8, not 'int4'" if name == "a_format" else "false, not True"
        refused(rtloom_command, f"Demo spec {name} must be {needed}", "sparse", "--spec", spec)


def test_a_wrong_value_ends_the_demo_and_leaves_nothing(monkeypatch, tmp_path, rtloom_command):
    honest = goldens.compute

    def wrong(*arguments):
        result = honest(*arguments)
        result[3, 5] += 1
        return result

    monkeypatch.setattr(goldens, "compute", wrong)
    monkeypatch.setattr(run, "NETWORKS", tuple(replace(network, epochs=1) for network in SHORT))
    spec = tmp_path / "small.yaml"
    spec.write_text(json.dumps(SMALL))
    ran = rtloom_command("demo", "sparse", "--output", tmp_path / "out", "--spec", spec, "--quick")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("rtloom: error: ")
    assert ran.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == [spec]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPoolExecutor")]
