"""The networks that come with the package, against what was published of them; layers, YAML files and their rules."""

import json

import pytest
import yaml

from rtloom.dse.workloads.files import read_workload, workload_names, write_workload
from rtloom.dse.workloads.layers import Attention, Conv2d, Gemm, Operands
from rtloom.dse.workloads.workload import parse_workload
from rtloom.errors import InputError

# Parameters are exact where a library counts them one by one. MACs: torchvision lists 4.089 and 17.564 G (its "GFLOPS"
# are MACs), the MobileNets paper 569 M in Table 8, calflops 11.17 G (of a BERT-base encoder and pooler, 128 words) and
# 850.00 G (LLaMA-2-7B, 128 words, no keys hidden); all of them count what our lists count.
PUBLISHED = {
    "resnet-50": (25_557_032, "torchvision.models, ResNet50_Weights"),
    "mobilenet-v1": (4_231_976, "MobileNets, Table 8: 4.2 M; with batch norm as trained, without its statistics"),
    "vit-b-16": (86_567_656, "torchvision.models, ViT_B_16_Weights"),
    "bert-base": (109_482_240, "transformers, BertModel of bert-base-uncased; the paper says 110 M"),
    "llama-2-7b-prefill": (6_738_415_616, "calflops and the model's card on the Hugging Face hub"),
    "llama-2-7b-decode": (6_738_415_616, "as above"),
}
VECTORS = {f"{name}-vectors" for name in ("bert-base", "llama-2-7b-decode", "llama-2-7b-prefill", "vit-b-16")}
"""Counted in test_vectors.py."""


def test_every_network_is_checked() -> None:
    assert set(workload_names()) == {*PUBLISHED, *VECTORS, "bitnet-3b-decode"}


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_are_those_published(name: str) -> None:
    assert read_workload(name).parameters == PUBLISHED[name][0], PUBLISHED[name][1]


def test_bitnet_has_the_published_parameters() -> None:
    """The hub says 3.32 B of 1bitLLM/bitnet_b1_58-3B: only with one matrix for words and head."""
    found = read_workload("bitnet-3b-decode")
    assert round(found.parameters / 1e9, 2) == 3.32
    assert round((found.parameters + found.layers[-1].n * found.layers[-1].k) / 1e9, 2) == 3.43


@pytest.mark.parametrize(
    ("name", "sizes", "macs", "unit"),
    [
        ("resnet-50", {}, 4.089, 1e9),
        ("mobilenet-v1", {}, 569, 1e6),
        ("vit-b-16", {}, 17.564, 1e9),
        ("bert-base", {"sequence": 128}, 11.17, 1e9),
    ],
)
def test_macs_are_those_published(name: str, sizes: dict[str, int], macs: float, unit: float) -> None:
    """To the last digit that was printed."""
    digits = len(str(macs).partition(".")[2])
    assert round(read_workload(name, sizes).macs / unit, digits) == macs


def test_macs_of_llama_are_those_published() -> None:
    """850.00 G counts the keys that causal attention hides: half of its square, less the diagonal."""
    found = read_workload("llama-2-7b-prefill", {"sequence": 128})
    hidden = 32 * 2 * 4096 * 128 * 127 // 2
    assert round((found.macs + hidden) / 1e9, 2) == 850.00


def test_decode_is_the_last_step_of_prefill() -> None:
    """The work of a prompt is that of its tokens one by one."""
    steps = [read_workload("llama-2-7b-decode", {"sequence": at}).macs for at in range(1, 6)]
    assert sum(steps) == read_workload("llama-2-7b-prefill", {"sequence": 5}).macs


@pytest.mark.parametrize("name", workload_names())
def test_work_grows_with_the_batch(name: str) -> None:
    one, three = read_workload(name), read_workload(name, {"batch": 3})
    assert three.macs == 3 * one.macs
    assert three.amount == 3 * one.amount
    assert three.parameters == one.parameters


@pytest.mark.parametrize("name", workload_names())
def test_a_written_workload_reads_the_same(name: str, tmp_path) -> None:
    found = read_workload(name)
    path = tmp_path / f"{name}.yaml"
    with path.open("wb") as file:
        write_workload(found, file)
    again = read_workload(path)
    assert again.to_dict() == found.to_dict() | {"name": name, "sizes": {}}
    assert path.read_text().count("\n- {name: ") == len(found.layers)


def test_every_file_says_where_it_is_from() -> None:
    for name in workload_names():
        found = read_workload(name)
        assert "arXiv" in found.source
        assert found.not_counted


def test_counts_of_layers() -> None:
    gemm = Gemm(name="g", m=2, k=3, n=5, batch=7)
    assert (gemm.macs, gemm.parameters, gemm.operands) == (210, 105, Operands(42, 105, 70))
    product = gemm.replace(weights="none")
    assert (product.macs, product.parameters, product.operands) == (210, 0, Operands(147, 0, 70))
    assert gemm.replace(weights="shared").parameters == 0
    depthwise = Conv2d(name="c", height=5, width=4, channels=6, outputs=12, kernel=3, padding=1, groups=6)
    assert (depthwise.macs, depthwise.parameters) == (5 * 4 * 9 * 12, 9 * 12)
    assert depthwise.operands == Operands(120, 108, 240)
    shared = Attention(name="a", batch=2, heads=6, kv_heads=2, head_dim=4, queries=3, keys=5, causal=True)
    assert (shared.pairs, shared.macs) == (3 + 4 + 5, 2 * 2 * 6 * 12 * 4)
    assert shared.operands == Operands(2 * 4 * (6 * 3 + 2 * 2 * 5), 0, 2 * 4 * 6 * 3)


def test_a_layer_is_a_value() -> None:
    """Equal and hashable, with geometry as lists or tuples; two notations of one geometry compute alike."""
    raw = {
        "name": "c",
        "height": 5,
        "width": 4,
        "channels": 1,
        "outputs": 1,
        "kernel": [3, 1],
        "padding": [[1, 0], [0, 0]],
    }
    first, second = Conv2d.parse(raw), Conv2d.parse(raw | {"kernel": (3, 1)})
    assert len({first, second}) == 1
    assert json.loads(json.dumps(first.document()))["padding"] == [[1, 0], [0, 0]]


GEMM = {"name": "fc", "type": "gemm", "m": "batch * 4", "k": 8, "n": 2}
CONV = {"name": "c1", "type": "conv2d", "height": 3, "width": 3, "channels": 4, "outputs": 4, "kernel": 3}
ATTENTION = {"name": "at", "type": "attention", "heads": 4, "head_dim": 8, "queries": 4, "keys": 4}

KEYS = "keys must be name, description, source, sizes, layers, other_parameters or not_counted, not 'layer'"
SIZE = "an integer from 1 to 16777216"


def test_expressions_are_of_sizes() -> None:
    raw = {"sizes": {"batch": 2, "image": 33}, "layers": [GEMM | {"m": "batch * (image // 16) * (image - 1 + 2)"}]}
    assert parse_workload(raw, "x", "Workload x").layers[0].m == 2 * 2 * 34


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ([], "must hold keys and values, layers among them, not []"),
        ({}, "layers must be a list of at least one layer, not None"),
        ({"layers": []}, "layers must be a list of at least one layer, not []"),
        ({"layer": 1}, KEYS),
        ({"layers": [3]}, "layer 1 must hold keys and values, name and type among them, not 3"),
        ({"layers": [GEMM, GEMM]}, "layers must have names of their own, each once, not 'fc'"),
        ({"layers": [GEMM | {"type": "pool"}]}, "layer fc type must be gemm, conv2d, attention or vector, not 'pool'"),
        ({"layers": [GEMM | {"m": 0}]}, f"layer fc: Gemm m must be {SIZE}, not 0"),
        ({"layers": [GEMM | {"m": True}]}, f"layer fc: Gemm m must be {SIZE}, not True"),
        ({"layers": [GEMM | {"m": "batch - 9"}]}, f"layer fc: Gemm m must be {SIZE}, not -7"),
        ({"layers": [GEMM | {"m": "tokens"}]}, "layer fc m must use the sizes batch, not 'tokens'"),
        ({"layers": [GEMM | {"m": "batch ** 9"}]},
         "layer fc m must be a number, or + - * // of numbers and sizes, not 'batch ** 9'"),
        ({"layers": [GEMM | {"m": "batch // 0"}]},
         "layer fc m must be a number, or + - * // of numbers and sizes, not 'batch // 0'"),
        ({"layers": [GEMM | {"m": "1.5"}]},
         "layer fc m must be a number, or + - * // of numbers and sizes, not '1.5'"),
        ({"layers": [{"type": "gemm", "m": 1, "k": 1, "n": 1}]},
         "layer 1: Gemm name must be given: a text of 1 to 200 characters"),
        ({"layers": [{"name": "fc", "type": "gemm", "m": 1, "k": 1}]},
         f"layer fc: Gemm n must be given: {SIZE}"),
        ({"layers": [GEMM | {"rows": 1}]},
         "layer fc: Gemm has no parameter 'rows'; it has name, repeat, m, k, n, batch, weights"),
        ({"layers": [GEMM | {"weights": "mine"}]},
         "layer fc: Gemm weights must be own, shared or none, not 'mine'"),
        ({"layers": [CONV | {"kernel": 4}]},
         "layer c1: Convolution w must be no larger than the padded image, 3x3, not (4, 4)"),
        ({"layers": [CONV | {"kernel": "same"}]},
         "layer c1: Conv2d kernel must be an integer of at least 1, or two: vertical, horizontal, not 'same'"),
        ({"layers": [CONV | {"groups": 3}]}, "layer c1: Convolution groups must divide the 4 input channels, not 3"),
        ({"layers": [CONV | {"stride": 0}]},
         "layer c1: Convolution stride must be an integer of at least 1, or two: vertical, horizontal, not 0"),
        ({"layers": [ATTENTION | {"kv_heads": 3}]}, "layer at: Attention kv_heads must divide heads=4, not 3"),
        ({"layers": [ATTENTION | {"causal": True, "queries": 5}]},
         "layer at: Attention queries must be at most keys=4 with causal, not 5"),
        ({"sizes": {"batch": 0}, "layers": [GEMM]}, "size batch must be an integer of at least 1, not 0"),
        ({"sizes": [1], "layers": [GEMM]}, "sizes must hold names and numbers, not [1]"),
        ({"layers": [GEMM], "other_parameters": {"bias": -1}},
         "other_parameters bias must be an integer of at least 0, not -1"),
        ({"layers": [GEMM], "not_counted": "pooling"}, "not_counted must be a list of texts, not 'pooling'"),
        ({"layers": [GEMM], "name": 3}, "name must be a text, not 3"),
    ],
)  # fmt: skip
def test_mistakes_are_one_line_with_file_and_layer(raw, message: str, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    whole = {"sizes": {"batch": 2}} | raw if isinstance(raw, dict) else raw
    (tmp_path / "w.yaml").write_text(yaml.safe_dump(whole))
    with pytest.raises(InputError) as caught:
        read_workload("w.yaml")
    assert str(caught.value) == f"Workload w.yaml {message}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"layers: [", "Workload w.yaml must be YAML, but has a mistake in line 1: "),
        (b"\xff\xfe", "Workload must be a YAML file in UTF-8, not 'w.yaml'"),
    ],
)
def test_files_that_are_none(text: bytes, message: str, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "w.yaml").write_bytes(text)
    with pytest.raises(InputError) as caught:
        read_workload("w.yaml")
    assert str(caught.value).startswith(message)


def test_names_that_are_none() -> None:
    with pytest.raises(
        InputError, match=r"^Workload must be a YAML, ONNX or config.json file, or one of .*'resnet-50'"
    ):
        read_workload("resnet50")
    with pytest.raises(InputError, match=r"^Workload must be an existing file, not 'none.yaml'$"):
        read_workload("none.yaml")
    with pytest.raises(InputError, match=r"^Workload vit-b-16 has no size 'sequence'; it has batch$"):
        read_workload("vit-b-16", {"sequence": 2})
    with pytest.raises(InputError, match=r"^Option --decode must be left out unless .*, not 'bert-base'$"):
        read_workload("bert-base", decode=True)
