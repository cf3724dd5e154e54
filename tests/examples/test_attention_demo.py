"""The attention demo as a user runs it: results, files, and its mistakes in one line with nothing left behind."""

import io
import json
import threading

import pytest
from rich.console import Console

from rtloom import ToolError
from rtloom.examples.attention import designs, digits_encoder, run
from rtloom.examples.attention import subject as subjects
from rtloom.examples.attention.layer import STAGES
from rtloom.examples.attention.results import show
from rtloom.examples.attention.run import demo, find_subject
from rtloom.examples.demos import DEMOS
from rtloom.hdl.manifest import Manifest
from rtloom.verif import goldens

from .checks import check_figures, check_picture

SMALL = {
    "family": "attention",
    "name": "small",
    "params": {"rows": 2, "e": 8, "f": 8, "e_lanes": 4, "f_lanes": 4, "mask": "stop"},
}
MISSING = "weights must be installed"
IMAGES = 10
NAMES = [
    "adder_int16",
    *(f"attention_2x{{}}_int8{end}" for end in ("", "_layer")),
    "gelu_int16",
    "layernorm_int16",
    "systolic_4x4_int16",
    "systolic_4x4_int8",
]
PAIRS = (("a b c", "a b d e"), ("f", "g h"), ("i j k", "a"))
SHOWN = ("a b c d", "e f g h", "i j k", "b d f h j")


@pytest.fixture(scope="module", autouse=True)
def _small():
    def no_model():
        raise ToolError(MISSING)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(designs, "SIZE", 4)
        patch.setattr(designs, "LANES", 2)
        patch.setattr(digits_encoder.train_encoder, "__defaults__", (4,))
        patch.setattr(run, "QUICK", IMAGES)
        patch.setattr(subjects, "load_model", no_model)
        yield


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """Run a quick demo where no transformer is installed; returns its folder, what it returned and what it told."""
    folder = tmp_path_factory.mktemp("demo") / "out"
    told = []
    results = demo(folder, SMALL, 250e6, quick=True, tell=lambda text, done: told.append((text, done)))
    return folder, results, told


@pytest.fixture(scope="module")
def sentences(tmp_path_factory, small_model):
    """Run a quick demo with a small transformer of two layers that knows eleven letters."""
    folder = tmp_path_factory.mktemp("demo") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subjects, "load_model", lambda: small_model)
        patch.setattr(subjects, "PAIRS", PAIRS)
        patch.setattr(subjects, "CALIBRATION", SHOWN)
        return folder, demo(folder, SMALL, 250e6, quick=True)


@pytest.mark.parametrize(("kind", "head"), [("digits", 32), ("sentences", 4)])
def test_files_are_written(kind, head, request):
    folder, results, *_ = request.getfixturevalue(kind)
    names = [name.format(head) for name in NAMES]
    files = [f"{name}.{suffix}" for name in names for suffix in ("core", "json", "v")]
    assert sorted(path.name for path in folder.iterdir()) == sorted([*files, "results.json", "results.png"])
    assert sorted(results["files"]) == sorted([*files, "results.json", "results.png"])
    assert json.loads((folder / "results.json").read_text()) == results
    for name in names:
        manifest = Manifest.load(folder / f"{name}.json")
        assert f"module {manifest.top}" in (folder / f"{name}.v").read_text()
    assert sorted(design.replace("-", "_") for design in results["designs"]) == sorted(names)


@pytest.mark.parametrize(
    ("kind", "tokens", "width", "inner", "heads"),
    [("digits", 8 * IMAGES, 64, 128, (IMAGES * 8, 64)), ("sentences", 7, 8, 16, (6 * 4, 8))],
)
def test_every_output_is_compared_and_equal(kind, tokens, width, inner, heads, request):
    results = request.getfixturevalue(kind)[1]
    assert results["heads"]["outputs"]["value"] == results["heads"]["equal"]["value"] == heads[0] * heads[1]
    layer = results["layer"]
    assert layer["tokens"] == tokens
    assert [stage["name"] for stage in layer["stages"]] == list(STAGES)
    for stage in layer["stages"]:
        size = inner if stage["name"].startswith("inner") else width
        assert stage["outputs"]["value"] == stage["equal"]["value"] == tokens * size
    assert layer["outputs"]["value"] == layer["equal"]["value"] == tokens * (10 * width + 2 * inner)


@pytest.mark.parametrize("kind", ["digits", "sentences"])
def test_cycles_equal_their_formula(kind, request):
    results = request.getfixturevalue(kind)[1]
    stages = results["layer"]["stages"]
    for each in (results["heads"], *stages):
        assert each["cycles"]["value"] == each["formula_cycles"]["value"]
        assert 0 < each["utilisation"]["value"] <= 100
    cycles = results["layer"]["cycles"]["value"]
    assert cycles == sum(stage["cycles"]["value"] for stage in stages)
    speed = results["layer"]["tokens_per_second"]["value"]
    assert speed == pytest.approx(results["layer"]["tokens"] * 250e6 / cycles)


@pytest.mark.parametrize("kind", ["digits", "sentences"])
def test_integers_are_near_float(kind, request):
    results = request.getfixturevalue(kind)[1]
    for head in results["heads"]["heads"]:
        assert head["cosine"]["value"] > 0.999
        assert head["rms_error"]["value"] < head["largest_error"]["value"] < head["rms"]["value"]
    assert 0 < results["heads"]["rms_own_error"]["value"] < results["heads"]["largest_own_error"]["value"] < 100 / 128
    least = results["layer"]["least_cosine"]["value"]
    assert 0.99 < least <= results["layer"]["cosine"]["value"] + 1e-3
    assert all(0.99 < figure["value"] < 1 for figure in results["each_layer"])


def test_digits_are_read_as_in_float(digits):
    results = digits[1]
    assert (results["missing"], results["sequences"], results["layers"]) == (MISSING, IMAGES, 1)
    assert "similarity" not in results
    accuracy = {key: figure["value"] for key, figure in results["accuracy"].items()}
    # One image of ten; so little trained the network reads most.
    assert accuracy["golden"] == pytest.approx(accuracy["float"], abs=10)
    assert accuracy["float"] >= 50


def test_sentences_are_as_alike_as_in_float(sentences):
    results = sentences[1]
    assert (results["missing"], results["sequences"], results["layers"]) == (None, 6, 2)
    assert "accuracy" not in results
    found = results["similarity"]
    assert [(pair["first"], pair["second"]) for pair in found["pairs"]] == [
        *PAIRS,
        ("a b c", "g h"),
        ("f", "a"),
        ("i j k", "a b d e"),
    ]
    for pair in found["pairs"]:
        assert pair["integers"]["value"] == pytest.approx(pair["float"]["value"], abs=0.05)
    assert found["compared"]["value"] == 6 * 5 // 2
    assert 0 < found["rms_error"]["value"] < found["largest_error"]["value"] < 0.05


@pytest.mark.parametrize("kind", ["digits", "sentences"])
def test_every_figure_has_unit_and_source(kind, request):
    check_figures(request.getfixturevalue(kind)[1])


@pytest.mark.parametrize("kind", ["digits", "sentences"])
def test_the_picture_shows_something(kind, request):
    check_picture(request.getfixturevalue(kind)[0])


def test_progress_goes_from_nothing_to_nearly_all(digits):
    (first, begin), *told = digits[2]
    assert (first, begin) == ("sentences, or digits", 0.0)
    assert [done for _, done in told] == pytest.approx([at / len(told) for at in range(len(told))])
    texts = [text for text, _ in told]
    assert texts[:3] == ["float encoder", "layer 0 by golden models", "heads of layer 0 on the engine"]
    assert texts[-2:] == ["layer 0: output in Verilog", "picture"]


def test_the_command_prints_tables(rtloom_command, tmp_path, digits, sentences, monkeypatch):
    asked = []
    monkeypatch.setattr(run, "demo", lambda *arguments: asked.append(arguments[:4]) or digits[1])
    monkeypatch.setenv("COLUMNS", "80")
    ran = rtloom_command("demo", "attention", "--clock", 250, "--quick")
    assert (ran.status, ran.err) == (0, "")
    assert [(str(folder), *rest) for folder, *rest in asked] == [
        ("demo-attention", "attention-4x32-layer", 250e6, True)
    ]
    assert "small transformer on digits in integers on generated hardware" in ran.out
    assert f"stands in for a real one: {MISSING}" in ran.out
    assert "5,120 of 5,120 results equal the golden model" in ran.out
    assert "71,680 of 71,680 results equal the golden models" in ran.out
    assert "Digits read right" in ran.out
    assert "…" not in ran.out
    monkeypatch.setattr(run, "demo", lambda *_: sentences[1])
    ran = rtloom_command("demo", "attention", "-o", tmp_path / "out", "--json")
    assert (ran.status, ran.err, json.loads(ran.out)) == (0, "", sentences[1])
    printed = io.StringIO()
    show(sentences[1], Console(file=printed, width=80))
    assert "golden models of all 2 layers" in printed.getvalue()
    assert "stands in" not in printed.getvalue()
    assert "…" not in printed.getvalue()


def test_where_packages_are_absent_digits_stand_in(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "tokenizers", None)
    found = find_subject(quick=True)
    assert found.missing == "tokenizers must be installed for the demo: pip install 'rtloom[examples]'"
    assert found.measured.lengths == (8,) * IMAGES


def refused(rtloom_command, message, *arguments):
    ran = rtloom_command("demo", "attention", *arguments)
    assert (ran.status, ran.out, ran.err) == (2, "", f"rtloom: error: {message}\n")


def test_mistakes_are_one_clear_line(rtloom_command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused(rtloom_command, "Demo clock must be a frequency above 0 Hz, not -1000000.0", "--clock", -1)
    message = "Demo spec must be of the family attention, not 'systolic'"
    refused(rtloom_command, message, "--spec", "systolic-4x4-int8")
    (tmp_path / "file").write_text("kept")
    rule = "Output must be a folder that can be written (file exists), not 'file'"
    refused(rtloom_command, rule, "--output", "file")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert DEMOS["attention"].show is show


@pytest.mark.parametrize("family", ["attention", "vector"])
def test_a_wrong_value_ends_the_demo_and_leaves_nothing(family, monkeypatch, tmp_path, rtloom_command):
    honest = goldens.compute

    def wrong(of, *arguments):
        result = honest(of, *arguments)
        result.flat[5] ^= of.name == family
        return result

    monkeypatch.setattr(goldens, "compute", wrong)
    spec = tmp_path / "small.yaml"
    spec.write_text(json.dumps(SMALL))
    ran = rtloom_command("demo", "attention", "--output", tmp_path / "out", "--spec", spec, "--quick")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("rtloom: error: ")
    assert ran.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == [spec]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPoolExecutor")]
