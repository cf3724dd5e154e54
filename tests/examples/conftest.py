"""Small transformers in safetensors files, and the real one where it is installed."""

import json

import numpy as np
import pytest

from rtloom import ToolError

WIDTH, INNER, HEADS, WORDS, POSITIONS = 8, 16, 2, 11, 7


def bert_tensors(layers=2, prefix=""):
    """Return the tensors of a small BERT with random weights."""
    rng = np.random.default_rng(5)
    tensors = {}

    def add(name, *shape, bias=True):
        tensors[f"{prefix}{name}.weight"] = rng.standard_normal(shape).astype(np.float32)
        if bias:
            tensors[f"{prefix}{name}.bias"] = rng.standard_normal(shape[0]).astype(np.float32)

    for name, entries in (("word", WORDS), ("position", POSITIONS), ("token_type", 2)):
        add(f"embeddings.{name}_embeddings", entries, WIDTH, bias=False)
    add("embeddings.LayerNorm", WIDTH)
    for layer in range(layers):
        at = f"encoder.layer.{layer}"
        for name in ("self.query", "self.key", "self.value", "output.dense"):
            add(f"{at}.attention.{name}", WIDTH, WIDTH)
        add(f"{at}.attention.output.LayerNorm", WIDTH)
        add(f"{at}.intermediate.dense", INNER, WIDTH)
        add(f"{at}.output.dense", WIDTH, INNER)
        add(f"{at}.output.LayerNorm", WIDTH)
    return tensors


@pytest.fixture(scope="session")
def save_model():
    """Return a function that writes tensors into a folder as ``model.safetensors``, with a configuration."""
    numpy_files = pytest.importorskip("safetensors.numpy")

    def save(folder, tensors, file="model.safetensors", **config):
        folder.mkdir(exist_ok=True)
        numpy_files.save_file(tensors, folder / file)
        if config:
            (folder / "config.json").write_text(json.dumps(config))
        return folder

    return save


CONFIG = {"model_type": "bert", "num_attention_heads": HEADS, "layer_norm_eps": 1e-6}


@pytest.fixture
def small_bert(tmp_path, save_model):
    """Return the folder of a small BERT and its tensors."""
    tensors = bert_tensors()
    return save_model(tmp_path / "bert", tensors, **CONFIG), tensors


@pytest.fixture(scope="session")
def small_model(tmp_path_factory, save_model):
    """Return a small BERT with a tokenizer that knows eleven letters; all other words count as the last one."""
    from rtloom.examples.transformer.weights import load_model

    tokenizers = pytest.importorskip("tokenizers")
    folder = save_model(tmp_path_factory.mktemp("model") / "bert", bert_tensors(), **CONFIG)
    words = tokenizers.models.WordLevel({letter: at for at, letter in enumerate("abcdefghijk")}, unk_token="k")
    tokenizer = tokenizers.Tokenizer(words)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    return load_model(folder)


@pytest.fixture(scope="session")
def minilm():
    """Return all-MiniLM-L6-v2, or skip where its package is not installed."""
    from rtloom.examples.transformer.weights import load_model

    pytest.importorskip("tokenizers")
    try:
        return load_model()
    except ToolError as error:
        pytest.skip(str(error))
