"""A transformer's ``config.json``, as model hubs store it, to a workload: decoders like LLaMA, BERT and ViT."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ...errors import InputError, must
from ...generators.spec import read_text
from .workload import Workload, parse_workload

__all__ = ["read_config"]

Document = dict[str, Any]
"""A workload as its YAML holds it."""

_LONGEST = 2048
"""Sequence that decoders are counted for unless another one is chosen, if they are made for so many."""


class _Config:
    """The numbers of a configuration, checked when they are asked for."""

    def __init__(self, raw: Mapping[str, Any], thing: str) -> None:
        self.raw, self.thing = raw, thing

    def number(self, key: str, default: int | None = None) -> int:
        """Return a positive integer, or its default where there is none."""
        value = self.raw.get(key)
        value = default if value is None else value
        if type(value) is not int or value < 1:
            raise must(f"{self.thing} {key}", "be an integer of at least 1", value)
        return value

    def flag(self, key: str, default: bool = False) -> bool:
        """Return a switch, or its default where there is none."""
        value = self.raw.get(key, default)
        if not isinstance(value, bool):
            raise must(f"{self.thing} {key}", "be true or false", value)
        return value

    @property
    def labels(self) -> int:
        """Classes of a head; 0 where none are named."""
        named = self.raw.get("id2label")
        if named is not None and not isinstance(named, Mapping):
            raise must(f"{self.thing} id2label", "hold numbers and names", named)
        if named:
            return len(named)
        return self.number("num_labels") if "num_labels" in self.raw else 0

    @property
    def architectures(self) -> list[str]:
        """Names of the classes that the model was saved from."""
        names = self.raw.get("architectures") or []
        if not isinstance(names, list):
            raise must(f"{self.thing} architectures", "be a list", names)
        return [str(name) for name in names]

    @property
    def head_dim(self) -> int:
        """Elements of a head: said, or the hidden ones shared out."""
        hidden, heads = self.number("hidden_size"), self.number("num_attention_heads")
        if self.raw.get("head_dim") is None and hidden % heads:
            raise must(f"{self.thing} num_attention_heads", f"divide hidden_size={hidden}", heads)
        return self.number("head_dim", hidden // heads)


def read_config(path: Path, sizes: Mapping[str, int] | None = None, *, decode: bool = False) -> Workload:
    """Return the workload of a model's configuration.

    Parameters
    ----------
    path
        A ``config.json`` with `model_type` llama, mistral, qwen2, bitnet, bert, roberta or vit.
    sizes
        Values to use instead of the defaults of batch and sequence.
    decode
        Of a decoder: one token after ``sequence - 1`` others, instead of all of a sequence at once.

    Raises
    ------
    InputError
        Where the file is no such configuration.
    """
    thing = f"Config {path}"
    try:
        raw = json.loads(read_text(path, "Config", "JSON"))
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"{thing} must be JSON, but has a mistake: {error}") from None
    kind = raw.get("model_type") if isinstance(raw, Mapping) else None
    if not isinstance(kind, str) or kind not in _KINDS:
        raise must(f"{thing} model_type", f"be one of {', '.join(_KINDS)}", kind)
    if decode and _KINDS[kind] is not _decoder:
        raise must("Option --decode", "be left out for a model that is no decoder", kind)
    document = _KINDS[kind](_Config(raw, thing), decode)
    name = path.parent.resolve().name if path.stem == "config" else path.stem
    return parse_workload(document | {"source": f"{path.name}, model_type {kind}"}, name, thing, sizes)


def _decoder(config: _Config, decode: bool) -> Document:
    """Describe a decoder with gated feed-forward layers, as LLaMA is."""
    hidden, layers, heads = (config.number(key) for key in ("hidden_size", "num_hidden_layers", "num_attention_heads"))
    inner, words, head_dim = config.number("intermediate_size"), config.number("vocab_size"), config.head_dim
    kv_heads = config.number("num_key_value_heads", heads)
    rows, queries = ("batch", 1) if decode else ("batch * sequence", "sequence")
    block = _Block(rows, layers, gated=True)
    q, kv = heads * head_dim, kv_heads * head_dim
    attention = {"heads": heads, "head_dim": head_dim, "queries": queries, "keys": "sequence", "causal": True}
    if kv_heads != heads:
        attention["kv_heads"] = kv_heads
    tied = config.flag("tie_word_embeddings")
    return {
        "description": "decoder, one token after `sequence - 1` others" if decode else "decoder, a prompt at once",
        "sizes": {"batch": 1, "sequence": min(_LONGEST, config.number("max_position_embeddings", _LONGEST))},
        "layers": [
            block.gemm("query", hidden, q),
            block.gemm("key", hidden, kv),
            block.gemm("value", hidden, kv),
            block.attention(attention),
            block.gemm("attention_output", q, hidden),
            block.gemm("feed_forward_gate", hidden, inner),
            block.gemm("feed_forward_in", hidden, inner),
            block.gemm("feed_forward_out", inner, hidden),
            _gemm("head", rows, hidden, words) | ({"weights": "shared"} if tied else {}),
        ],
        "other_parameters": _decoder_parameters(config, q, kv),
        "not_counted": [
            "embedding look-ups, norms, rotary positions, softmax, the gate's activation and product",
            "residual additions",
            *_window(config),
        ],
    }


def _decoder_parameters(config: _Config, q: int, kv: int) -> dict[str, int]:
    """Return what a decoder has besides the weights of its layers."""
    hidden, inner, layers = (config.number(key) for key in ("hidden_size", "intermediate_size", "num_hidden_layers"))
    kind = config.raw["model_type"]
    inside = kind == "bitnet" or any(name.lower().startswith("bitnet") for name in config.architectures)
    biases = 0
    if kind == "qwen2" or config.flag("attention_bias"):
        biases += q + 2 * kv + (hidden if kind != "qwen2" else 0)
    if config.flag("mlp_bias"):
        biases += 2 * inner + hidden
    norms = layers * (2 * hidden + (hidden + inner) * inside) + hidden
    found = {"word embedding": config.number("vocab_size") * hidden, "norms": norms}
    return found | ({"biases": layers * biases} if biases else {})


def _window(config: _Config) -> list[str]:
    """Say where keys are counted that a sliding window leaves out."""
    if config.raw.get("sliding_window") is None or not config.flag("use_sliding_window", default=True):
        return []
    return [f"a sliding window of {config.number('sliding_window')} keys: attention is counted on all keys"]


def _encoder(config: _Config, _decode: bool) -> Document:
    """Describe an encoder of words with its pooler, as BERT is."""
    hidden, layers, inner = (config.number(key) for key in ("hidden_size", "num_hidden_layers", "intermediate_size"))
    block = _Block("batch * sequence", layers)
    return {
        "description": "encoder with its pooler, one pass over a sequence",
        "sizes": {"batch": 1, "sequence": min(128, config.number("max_position_embeddings"))},
        "layers": [*_encoder_block(config, block, "sequence"), _gemm("pooler", "batch", hidden, hidden)],
        "other_parameters": {
            "word embedding": config.number("vocab_size") * hidden,
            "position embedding": config.number("max_position_embeddings") * hidden,
            "type embedding": config.number("type_vocab_size") * hidden,
            "layer norms": (2 * layers + 1) * 2 * hidden,
            "biases": layers * (5 * hidden + inner) + hidden,
        },
        "not_counted": ["embedding look-ups, layer norms, softmax, activations, additions"],
    }


def _image_encoder(config: _Config, _decode: bool) -> Document:
    """Describe an encoder of images, as ViT is; with a head where the configuration names labels."""
    hidden, layers, inner = (config.number(key) for key in ("hidden_size", "num_hidden_layers", "intermediate_size"))
    image, patch, channels = config.number("image_size"), config.number("patch_size"), config.number("num_channels", 3)
    tokens = (image // patch) ** 2 + 1
    block = _Block(f"batch * {tokens}", layers, "patches")
    labels = config.labels
    patches = {"name": "patches", "type": "conv2d", "batch": "batch", "height": image, "width": image}
    patches |= {"channels": channels, "outputs": hidden, "kernel": patch, "stride": patch}
    inside = layers * ((5 if config.flag("qkv_bias", default=True) else 2) * hidden + inner)
    return {
        "description": f"encoder of images of {image}x{image} in patches of {patch}x{patch}",
        "sizes": {"batch": 1},
        "layers": [
            patches,
            *_encoder_block(config, block, tokens),
            *([_gemm("head", "batch", hidden, labels)] if labels else []),
        ],
        "other_parameters": {
            "class token": hidden,
            "position embedding": tokens * hidden,
            "layer norms": (2 * layers + 1) * 2 * hidden,
            "biases": hidden + inside + labels,
        },
        "not_counted": ["layer norms, softmax, activations, additions"]
        + ([] if labels else ["a head: the configuration names no labels"]),
    }


_LAST = "last"
"""Stands for the last layer of the block before."""

_WIRES: dict[str, dict[str, list[str]]] = {
    **{name: {"inputs": [_LAST]} for name in ("query", "key", "value")},
    "attention": {"inputs": ["query", "key", "value"]},
    "attention_output": {"merges": [_LAST]},
    "feed_forward_out": {"merges": ["attention_output"]},
}
"""What layers of a transformer's block read, as a workload says it: the residual additions."""

_GATED: dict[str, dict[str, list[str]]] = {
    "feed_forward_gate": {"inputs": ["attention_output"]},
    "feed_forward_in": {"inputs": ["attention_output"], "merges": ["feed_forward_gate"]},
}


class _Block:
    """Layers that come again in every block of a transformer, `before` being the layer that stands before the first."""

    def __init__(self, rows: str, repeat: int, before: str = "input", *, gated: bool = False) -> None:
        self.rows, self.repeat, self.before = rows, repeat, before
        self.wires = {**_WIRES, **(_GATED if gated else {})}

    def gemm(self, name: str, inputs: int, outputs: int) -> Document:
        """Describe a fully connected layer of all rows."""
        return _gemm(name, self.rows, inputs, outputs) | {"repeat": self.repeat} | self.wired(name)

    def wired(self, name: str) -> Document:
        """Return what a layer reads; a single block has none before it, whose results it could name."""
        place = "feed_forward_out" if self.repeat > 1 else self.before
        found = self.wires.get(name, {})
        return {key: [place if word == _LAST else word for word in words] for key, words in found.items()}

    def attention(self, fields: Document) -> Document:
        """Describe the attention."""
        found = {"name": "attention", "type": "attention", "batch": "batch", **fields, "repeat": self.repeat}
        return found | self.wired("attention")


def _encoder_block(config: _Config, block: _Block, tokens: str | int) -> list[Document]:
    """Describe the blocks of an encoder, in which all tokens see each other."""
    hidden, inner = config.number("hidden_size"), config.number("intermediate_size")
    heads = {"heads": config.number("num_attention_heads"), "head_dim": config.head_dim}
    return [
        *(block.gemm(name, hidden, hidden) for name in ("query", "key", "value")),
        block.attention({**heads, "queries": tokens, "keys": tokens}),
        block.gemm("attention_output", hidden, hidden),
        block.gemm("feed_forward_in", hidden, inner),
        block.gemm("feed_forward_out", inner, hidden),
    ]


def _gemm(name: str, rows: str, inputs: int, outputs: int) -> Document:
    """Describe a fully connected layer."""
    return {"name": name, "type": "gemm", "m": rows, "k": inputs, "n": outputs}


_KINDS: dict[str, Callable[[_Config, bool], Document]] = {
    **dict.fromkeys(("llama", "mistral", "qwen2", "bitnet"), _decoder),
    **dict.fromkeys(("bert", "roberta"), _encoder),
    "vit": _image_encoder,
}
