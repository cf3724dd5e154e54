"""The command ``rtloom workload``."""

import json

import pytest
import yaml

from rtloom.dse.workloads.files import workload_names


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_without_a_name_it_lists(rtloom_command):
    ran = rtloom_command("workload")
    assert ran.status == 0
    assert [line.split()[0] for line in ran.out.splitlines()] == workload_names()
    content = json.loads(rtloom_command("workload", "--json").out)
    assert content["resnet-50"]["parameters"] == 25_557_032


def test_a_table(rtloom_command):
    ran = rtloom_command("workload", "bert-base", "--sequence", 64, "--batch", 2)
    lines = ran.out.splitlines()
    assert (ran.status, lines[0].split()) == (0, ["layer", "type", "sizes", "times", "MACs", "parameters"])
    assert " ".join(lines[1].split()) == "query gemm (128, 768) x (768, 768) 12 905,969,664 7,077,888"
    assert lines[-1] == "bert-base: 11.02 GMAC, 109.5 M parameters"
    assert "Sizes: batch 2, sequence 64." in lines


def test_on_a_design(rtloom_command):
    ran = rtloom_command("workload", "bert-base", "--on", "lut-m2n64k4-w2a8", "-p", "m=4", "--json")
    content = json.loads(ran.out)
    assert content["design"] == "lut-m2n64k4-w2a8-m-4"
    layers = {layer["name"]: layer for layer in content["layers"]}
    assert layers["attention"]["reason"] == "LUT w must be weights, not activations"
    assert content["cycles"]["value"] == sum(
        layer["repeat"] * layer["cycles"]["value"] for layer in layers.values() if layer["cycles"]
    )
    text = rtloom_command("workload", "bert-base", "--on", "lut-m2n64k4-w2a8").out
    assert "Cannot run attention: LUT w must be weights, not activations." in text
    assert "cannot run" in text


def test_vectors_on_a_unit(rtloom_command):
    """Shares are of elements where there are no multiply-accumulates."""
    ran = rtloom_command("workload", "bert-base-vectors", "--on", "vector-gelu")
    assert " ".join(ran.out.splitlines()[4].split()) == "gelu vector gelu, 128 x 3072 12 0 0 2,359,452 100.0 %"
    assert ran.out.splitlines()[-1].endswith("; without 4 of 5 layers, 50.5 % of the elements")
    content = json.loads(rtloom_command("workload", "bert-base-vectors", "--on", "vector-gelu", "--json").out)
    assert content["covered"] == pytest.approx(48 / 97)
    ran = rtloom_command("estimate", "vector-gelu", "--workload", "bert-base-vectors")
    assert (ran.status, "cycles       2,359,452 cycles [exact]" in ran.out) == (0, True)
    assert ran.out.splitlines()[-1] == "note: 4 of 5 layers, 50.5 % of the elements, left out"


def test_a_file_of_ones_own(rtloom_command, tmp_path):
    """Written by hand, by expressions; what is written out reads the same, in numbers."""
    (tmp_path / "mine.yaml").write_text("sizes: {n: 3}\nlayers:\n  - {name: a, type: gemm, m: n * 2, k: 4, n: 5}\n")
    ran = rtloom_command("workload", "mine.yaml", "--size", "n=7", "--write", "out.yaml")
    assert ran.out.splitlines()[-1] == "mine: 280 MAC, 20 parameters"
    assert yaml.safe_load((tmp_path / "out.yaml").read_text())["layers"] == [
        {"name": "a", "type": "gemm", "m": 14, "k": 4, "n": 5}
    ]
    layer, *_, sums = ran.out.splitlines()[1:]
    assert rtloom_command("workload", "out.yaml").out.splitlines()[1:] == [layer, sums]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bert"], "Workload must be a YAML, ONNX or config.json file, or one of bert-base, "),
        (["--on", "systolic-4x4-int8"], "Option --on must be given with a workload, not 'systolic-4x4-int8'"),
        (["bert-base", "-p", "m=4"], "Option --param must be left out without --on, not ['m=4']"),
        (["bert-base", "--kept", 2], "Option --kept must be left out without --on, not 2"),
        (["bert-base", "--size", "batch"], "Size must be given as name=number, not 'batch'"),
        (["bert-base", "--batch", 2, "--size", "batch=3"], "Size batch must be given once, not 2 and 3"),
        (["bert-base", "--size", "heads=3"], "Workload bert-base has no size 'heads'; it has batch, sequence"),
        (["bert-base", "--decode"], "Option --decode must be left out unless the workload is a model's config.json"),
        (["bert-base", "--on", "nothing"], "Spec must be a YAML file or one of the presets "),
        (["bert-base", "--write", "no/out.yaml"], "Output must be a file that can be written (no such file"),
    ],
)  # fmt: skip
def test_mistakes_are_one_line(rtloom_command, arguments, message):
    ran = rtloom_command("workload", *arguments)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith(f"rtloom: error: {message}")
    assert ran.err.count("\n") == 1
