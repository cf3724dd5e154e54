"""The float arithmetic of a BERT encoder in NumPy: what a layer sees, does and passes on."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from rtloom.errors import must

from ..packages import require
from .tensors import EXTRA, FloatArray
from .weights import TransformerWeights

__all__ = [
    "EncoderWeights",
    "LayerTrace",
    "embed",
    "embed_sentences",
    "encode",
    "epsilon",
    "layer_norm",
    "run_layer",
    "softmax",
    "tokenize",
]


class EncoderWeights(Protocol):
    """What the float arithmetic of a layer needs; `TransformerWeights` has it, and says what each gives."""

    @property
    def heads(self) -> int:
        """Attention heads."""

    @property
    def config(self) -> Mapping[str, Any]:
        """Of ``config.json``: ``hidden_act`` and ``layer_norm_eps``, where they are not the usual."""

    def matrix(self, layer: int, role: str) -> tuple[FloatArray, FloatArray | None]:
        """Return a projection's weights (N, K) and its bias (N,) if it has one."""

    def norm(self, role: str, layer: int | None = None) -> tuple[FloatArray, FloatArray | None]:
        """Return a normalisation's factors and offsets."""


@dataclass(frozen=True)
class LayerTrace:
    """What goes through one encoder layer for T tokens, of one sentence or of several one after the other.

    Parameters
    ----------
    hidden
        ``(T, width)``: what enters; queries, keys and values are made of it.
    query, key, value
        ``(T, width)``: the heads side by side.
    context
        ``(T, width)``: what attention gives, before its output projection.
    attention_sum
        ``(T, width)``: after that projection and the addition of `hidden`.
    attended
        ``(T, width)``: `attention_sum` normalised.
    inner_input, inner
        ``(T, inner width)``: the feed-forward network before and after its activation.
    output_sum
        ``(T, width)``: after its second projection and the addition of `attended`.
    output
        ``(T, width)``: what leaves, `output_sum` normalised.
    """

    hidden: FloatArray
    query: FloatArray
    key: FloatArray
    value: FloatArray
    context: FloatArray
    attention_sum: FloatArray
    attended: FloatArray
    inner_input: FloatArray
    inner: FloatArray
    output_sum: FloatArray
    output: FloatArray

    def input_of(self, role: str) -> FloatArray:
        """Return what a projection is given, (T, K); `role` as in `names.MATRICES`."""
        inputs = {"attention_output": self.context, "feed_forward_in": self.attended, "feed_forward_out": self.inner}
        return inputs.get(role, self.hidden)


def tokenize(weights: TransformerWeights, sentences: Sequence[str]) -> list[list[int]]:
    """Return the tokens of each sentence, special ones included, by the ``tokenizer.json`` beside the weights.

    Raises
    ------
    InputError
        Where there is no such file.
    ToolError
        Where the package tokenizers is not installed.
    """
    path = weights.folder / "tokenizer.json"
    tokenizers = require("tokenizers", EXTRA)
    if not path.is_file():
        raise must("Transformer weights", "have a tokenizer.json beside them", str(path))
    try:
        tokenizer = tokenizers.Tokenizer.from_file(str(path))
    except Exception as error:  # the package raises no narrower one
        raise must("Transformer tokenizer.json", "be a readable description of a tokenizer", str(path)) from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return [list(tokenizer.encode(sentence).ids) for sentence in sentences]


def embed(weights: TransformerWeights, tokens: Sequence[int]) -> FloatArray:
    """Return what enters layer 0, (T, width), for tokens of one sentence.

    Raises
    ------
    InputError
        Where the model is no BERT, or there are more tokens than it has positions.
    """
    kind = weights.config.get("model_type", "bert")
    if weights.names.title != "bert" or kind != "bert":
        raise must("Transformer model_type", "be bert for the float encoder", kind)
    positions = weights.embedding("position_embedding")
    if not 1 <= len(tokens) <= len(positions):
        raise must("Sentence", f"have between 1 and {len(positions)} tokens", len(tokens))
    words = weights.embedding("word_embedding")[np.asarray(tokens)]
    hidden = words + positions[: len(tokens)] + weights.embedding("type_embedding")[0]
    return layer_norm(hidden, *weights.norm("embedding_norm"), epsilon(weights))


def run_layer(
    weights: EncoderWeights, layer: int, hidden: FloatArray, lengths: Sequence[int] | None = None
) -> LayerTrace:
    """Return what goes through a layer.

    Parameters
    ----------
    weights
        The model.
    layer
        Which of its layers.
    hidden
        ``(T, width)``: what enters.
    lengths
        Tokens of each sentence, where `hidden` holds several one after the other; by default they are all of one.
    """

    def project(role: str, x: FloatArray) -> FloatArray:
        matrix, bias = weights.matrix(layer, role)
        y: FloatArray = x @ matrix.T
        return y if bias is None else y + bias

    def norm(role: str, x: FloatArray) -> FloatArray:
        return layer_norm(x, *weights.norm(role, layer), epsilon(weights))

    query, key, value = (project(role, hidden) for role in ("query", "key", "value"))
    ends = np.cumsum([len(hidden)] if lengths is None else lengths)[:-1]
    sentences = zip(*(np.split(x, ends) for x in (query, key, value)), strict=True)
    context = np.concatenate([_attend(q, k, v, weights.heads) for q, k, v in sentences])
    attention_sum = hidden + project("attention_output", context)
    attended = norm("attention_norm", attention_sum)
    inner_input = project("feed_forward_in", attended)
    inner = _activation(weights)(inner_input)
    output_sum = attended + project("feed_forward_out", inner)
    output = norm("feed_forward_norm", output_sum)
    between = (attention_sum, attended, inner_input, inner, output_sum)
    return LayerTrace(hidden, query, key, value, context, *between, output)


def encode(weights: TransformerWeights, tokens: Sequence[int], layers: int | None = None) -> list[LayerTrace]:
    """Return the traces of the first `layers` layers (by default all) for tokens of one sentence."""
    hidden = embed(weights, tokens)
    traces: list[LayerTrace] = []
    for layer in range(weights.layers if layers is None else layers):
        traces.append(run_layer(weights, layer, hidden))
        hidden = traces[-1].output
    return traces


def embed_sentences(weights: TransformerWeights, sentences: Sequence[str]) -> FloatArray:
    """Return one vector of length 1 for each sentence: the mean over its tokens of the last layer's output."""
    means = [encode(weights, tokens)[-1].output.mean(axis=0) for tokens in tokenize(weights, sentences)]
    vectors = np.stack(means)
    unit: FloatArray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def layer_norm(x: FloatArray, factor: FloatArray, offset: FloatArray | None, epsilon: float) -> FloatArray:
    """Return each row of (T, width) with mean 0 and variance 1, then scaled and moved."""
    centred = x - x.mean(axis=-1, keepdims=True)
    spread = np.sqrt(np.mean(centred * centred, axis=-1, keepdims=True) + np.float32(epsilon))
    y: FloatArray = centred / spread * factor
    return y if offset is None else y + offset


def softmax(scores: FloatArray) -> FloatArray:
    """Return scores as shares that add up to 1 along the last axis."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares: FloatArray = powers / powers.sum(axis=-1, keepdims=True)
    return shares


def _attend(query: FloatArray, key: FloatArray, value: FloatArray, heads: int) -> FloatArray:
    """Let every token see all of its sentence, each head its own part of the width."""
    tokens, width = query.shape
    q, k, v = (x.reshape(tokens, heads, -1).transpose(1, 0, 2) for x in (query, key, value))
    shares = softmax(q @ k.transpose(0, 2, 1) / np.float32(math.sqrt(width // heads)))
    context: FloatArray = (shares @ v).transpose(1, 0, 2).reshape(tokens, width)
    return context


def _gelu(x: FloatArray) -> FloatArray:
    """Return x times the share of a normal distribution below x."""
    y: FloatArray = (x * 0.5 * (1 + _erf(x / math.sqrt(2)))).astype(np.float32)
    return y


def _gelu_tanh(x: FloatArray) -> FloatArray:
    """Return the approximation of GELU that some models were trained with."""
    y: FloatArray = (0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))).astype(np.float32)
    return y


def _relu(x: FloatArray) -> FloatArray:
    return np.maximum(x, np.float32(0))


_erf = np.vectorize(math.erf, otypes=[np.float64])
ACTIVATIONS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "gelu": _gelu,
    "gelu_new": _gelu_tanh,
    "gelu_pytorch_tanh": _gelu_tanh,
    "relu": _relu,
}


def _activation(weights: EncoderWeights) -> Callable[[FloatArray], FloatArray]:
    name = weights.config.get("hidden_act", "gelu")
    if name not in ACTIVATIONS:
        raise must("Transformer hidden_act", f"be one of {', '.join(ACTIVATIONS)}", name)
    return ACTIVATIONS[name]


def epsilon(weights: EncoderWeights) -> float:
    """Return what keeps a normalisation from dividing by zero."""
    return float(weights.config.get("layer_norm_eps", 1e-12))
