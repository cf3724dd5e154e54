"""A model's config.json gives the layers of the YAML that was written from the paper."""

import json
from typing import Any

import pytest

from rtloom.dse.workloads.files import read_workload
from rtloom.errors import InputError

LLAMA = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 32,
    "vocab_size": 32000,
    "max_position_embeddings": 4096,
    "tie_word_embeddings": False,
}
BITNET = {
    "architectures": ["BitnetForCausalLM"],
    "model_type": "llama",
    "hidden_size": 3200,
    "intermediate_size": 8640,
    "num_hidden_layers": 26,
    "num_attention_heads": 32,
    "vocab_size": 32002,
    "max_position_embeddings": 2048,
    "tie_word_embeddings": True,
}
BERT = {
    "model_type": "bert",
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "vocab_size": 30522,
    "max_position_embeddings": 512,
    "type_vocab_size": 2,
}
VIT = {
    "model_type": "vit",
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "image_size": 224,
    "patch_size": 16,
    "id2label": {str(at): "label" for at in range(1000)},
}


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Return a function that reads a configuration, given as a dictionary."""
    monkeypatch.chdir(tmp_path)

    def reading(config: Any, sizes=None, **options):
        (tmp_path / "config.json").write_text(json.dumps(config))
        return read_workload("config.json", sizes, **options)

    return reading


@pytest.mark.parametrize(
    ("config", "name", "decode"),
    [
        (LLAMA, "llama-2-7b-prefill", False),
        (LLAMA, "llama-2-7b-decode", True),
        (BITNET, "bitnet-3b-decode", True),
        (BERT, "bert-base", False),
        (VIT, "vit-b-16", False),
    ],
)
def test_a_configuration_gives_the_published_layers(read, config, name: str, decode: bool) -> None:
    found, written = read(config, decode=decode), read_workload(name)
    assert found.layers == written.layers
    assert found.other_parameters == written.other_parameters
    assert found.sizes == written.sizes


@pytest.mark.parametrize(
    ("config", "parameters"),
    [
        # Mistral-7B-v0.1, Qwen2-0.5B, roberta-base: what their cards on the hub say, to the parameter.
        (
            LLAMA
            | {"model_type": "mistral", "intermediate_size": 14336, "num_key_value_heads": 8, "sliding_window": 4096},
            7_241_732_096,
        ),
        (
            {
                "model_type": "qwen2",
                "hidden_size": 896,
                "intermediate_size": 4864,
                "num_hidden_layers": 24,
                "num_attention_heads": 14,
                "num_key_value_heads": 2,
                "vocab_size": 151936,
                "tie_word_embeddings": True,
            },
            494_032_768,
        ),
        (
            BERT | {"model_type": "roberta", "vocab_size": 50265, "max_position_embeddings": 514, "type_vocab_size": 1},
            124_645_632,
        ),
    ],
)
def test_other_models_have_their_parameters(read, config, parameters: int) -> None:
    assert read(config).parameters == parameters


def test_what_is_not_counted_is_said(read) -> None:
    assert (
        "a sliding window of 4096 keys: attention is counted on all keys"
        in read(LLAMA | {"model_type": "mistral", "sliding_window": 4096}).not_counted
    )
    assert "a head: the configuration names no labels" in read(VIT | {"id2label": None}).not_counted


def test_sizes_and_name(read, tmp_path) -> None:
    found = read(LLAMA | {"max_position_embeddings": 1024}, {"batch": 3})
    assert found.sizes == {"batch": 3, "sequence": 1024}
    assert found.name == tmp_path.name
    assert found.layers[0].m == 3 * 1024


@pytest.mark.parametrize(
    ("config", "options", "message"),
    [
        ([], {}, "model_type must be one of llama, mistral, qwen2, bitnet, bert, roberta, vit, not None"),
        (LLAMA | {"model_type": "mamba"}, {}, "model_type must be one of llama, .*, not 'mamba'"),
        (LLAMA | {"hidden_size": "4096"}, {}, "hidden_size must be an integer of at least 1, not '4096'"),
        (LLAMA | {"hidden_size": 4095}, {}, "num_attention_heads must divide hidden_size=4095, not 32"),
        (LLAMA | {"tie_word_embeddings": 1}, {}, "tie_word_embeddings must be true or false, not 1"),
        (LLAMA | {"num_key_value_heads": 5}, {}, "layer attention: Attention kv_heads must divide heads=32, not 5"),
        (VIT | {"id2label": 3}, {}, "id2label must hold numbers and names, not 3"),
        (LLAMA | {"architectures": 3}, {}, "architectures must be a list, not 3"),
        (BERT, {"decode": True}, "Option --decode must be left out for a model that is no decoder, not 'bert'"),
        (LLAMA, {"sizes": {"image": 1}}, "has no size 'image'; it has batch, sequence"),
    ],
)  # fmt: skip
def test_mistakes(read, config, options, message: str) -> None:
    thing = "" if message.startswith("Option") else "Config config.json "
    with pytest.raises(InputError, match=f"^{thing}{message}$"):
        read(config, **options)


def test_no_json(tmp_path) -> None:
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(InputError, match="must be JSON, but has a mistake: Expecting property name"):
        read_workload(tmp_path / "config.json")
