"""The float encoder: against plain loops, its invariants, and the published results of the real model."""

import math
import re

import numpy as np
import pytest

from rtloom import InputError
from rtloom.examples.transformer.encoder import (
    ACTIVATIONS,
    embed,
    embed_sentences,
    encode,
    layer_norm,
    run_layer,
    softmax,
    tokenize,
)
from rtloom.examples.transformer.names import MATRICES
from rtloom.examples.transformer.weights import load_model


def reference_layer(model, layer, hidden):
    """Compute a layer with float64 loops, token by token and head by head."""

    def linear(role, x):
        matrix, bias = model.matrix(layer, role)
        return [
            math.fsum(float(w) * v for w, v in zip(row, x, strict=True)) + float(b)
            for row, b in zip(matrix, bias, strict=True)
        ]

    def norm(role, x):
        factor, offset = model.norm(role, layer)
        mean = math.fsum(x) / len(x)
        spread = math.sqrt(math.fsum((v - mean) ** 2 for v in x) / len(x) + 1e-6)
        return [(v - mean) / spread * float(f) + float(o) for v, f, o in zip(x, factor, offset, strict=True)]

    query, key, value = ([linear(role, x) for x in hidden] for role in ("query", "key", "value"))
    size = model.width // model.heads
    outputs = []
    for q, x in zip(query, hidden, strict=True):
        context = []
        for begin in range(0, model.width, size):
            part = slice(begin, begin + size)
            scores = [sum(a * b for a, b in zip(q[part], k[part], strict=True)) for k in key]
            powers = [math.exp(score / math.sqrt(size)) for score in scores]
            shares = [power / sum(powers) for power in powers]
            context += [sum(s * v[at] for s, v in zip(shares, value, strict=True)) for at in range(begin, begin + size)]
        attended = norm("attention_norm", [a + b for a, b in zip(x, linear("attention_output", context), strict=True)])
        inner = [v * 0.5 * (1 + math.erf(v / math.sqrt(2))) for v in linear("feed_forward_in", attended)]
        leaving = [a + b for a, b in zip(attended, linear("feed_forward_out", inner), strict=True)]
        outputs.append(norm("feed_forward_norm", leaving))
    return np.array(outputs)


def test_a_layer_equals_plain_loops(small_bert):
    model = load_model(small_bert[0])
    traces = encode(model, [3, 1, 4, 1, 5])
    assert len(traces) == 2
    hidden = traces[0].hidden.astype(np.float64)
    for layer, trace in enumerate(traces):
        hidden = reference_layer(model, layer, hidden)
        assert trace.output.dtype == np.float32
        np.testing.assert_allclose(trace.output, hidden, atol=2e-5)
    assert np.array_equal(traces[1].hidden, traces[0].output)
    assert len(encode(model, [3, 1], layers=1)) == 1


def test_inputs_of_projections_give_their_outputs(small_bert):
    model = load_model(small_bert[0])
    (trace,) = encode(model, [2, 7, 1], layers=1)
    for role in MATRICES:
        assert trace.input_of(role).shape == (3, model.matrix(0, role)[0].shape[1])
    for role in ("query", "key", "value"):
        matrix, bias = model.matrix(0, role)
        np.testing.assert_allclose(getattr(trace, role), trace.input_of(role) @ matrix.T + bias, rtol=1e-5)
    matrix, bias = model.matrix(0, "feed_forward_in")
    inner = ACTIVATIONS["gelu"](trace.input_of("feed_forward_in") @ matrix.T + bias)
    np.testing.assert_allclose(trace.input_of("feed_forward_out"), inner, rtol=1e-4, atol=1e-6)
    matrix, bias = model.matrix(0, "attention_output")
    summed = trace.hidden + trace.input_of("attention_output") @ matrix.T + bias
    np.testing.assert_allclose(layer_norm(summed, *model.norm("attention_norm", 0), 1e-6), trace.attended, atol=1e-5)


def test_without_positions_the_order_of_tokens_does_not_matter(small_bert):
    model = load_model(small_bert[0])
    hidden = np.random.default_rng(1).standard_normal((6, 8)).astype(np.float32)
    order = [3, 0, 5, 1, 4, 2]
    straight = run_layer(model, 0, hidden).output
    np.testing.assert_allclose(run_layer(model, 0, hidden[order]).output, straight[order], atol=1e-5)


def test_norm_and_softmax():
    x = np.array([[1, 2, 3, 4], [-5, 5, 5, -5]], dtype=np.float32)
    factor, offset = np.full(4, 2, np.float32), np.full(4, 10, np.float32)
    y = layer_norm(x, factor, offset, 0.0)
    np.testing.assert_allclose(y.mean(axis=1), 10, rtol=1e-6)
    np.testing.assert_allclose(y.std(axis=1), 2, rtol=1e-6)
    np.testing.assert_allclose(layer_norm(x, factor, None, 0.0), y - 10, atol=1e-5)
    shares = softmax(np.array([[1000, 1000, -1000], [0, math.log(3), -np.inf]], dtype=np.float32))
    np.testing.assert_allclose(shares, [[0.5, 0.5, 0], [0.25, 0.75, 0]], rtol=1e-6)


def test_activations():
    x = np.array([-1, 0, 1, 3], dtype=np.float32)
    np.testing.assert_allclose(ACTIVATIONS["gelu"](x), [-0.15865526, 0, 0.8413447, 2.9959502], rtol=1e-6)
    np.testing.assert_allclose(ACTIVATIONS["gelu_new"](x), [-0.15880801, 0, 0.841192, 2.9963627], rtol=1e-6)
    assert ACTIVATIONS["relu"](x).tolist() == [0, 0, 1, 3]


def refused(message, call, *arguments):
    with pytest.raises(InputError, match=f"^{re.escape(message)}"):
        call(*arguments)


def test_wrong_models_and_sentences_are_one_clear_line(small_bert, save_model, tmp_path):
    pytest.importorskip("tokenizers")
    folder, tensors = small_bert
    model = load_model(folder)
    refused("Sentence must have between 1 and 7 tokens, not 8", embed, model, range(8))
    refused("Sentence must have between 1 and 7 tokens, not 0", embed, model, [])
    refused("Transformer weights must have a tokenizer.json beside them, not ", tokenize, model, ["word"])
    (folder / "tokenizer.json").write_text("{}")
    refused("Transformer tokenizer.json must be a readable description of a tokenizer, not ", tokenize, model, ["word"])
    other = load_model(save_model(tmp_path / "other", tensors, model_type="roberta"))
    refused("Transformer model_type must be bert for the float encoder, not 'roberta'", embed, other, [1])
    odd = load_model(save_model(tmp_path / "odd", tensors, hidden_act="swish", num_attention_heads=2))
    message = "Transformer hidden_act must be one of gelu, gelu_new, gelu_pytorch_tanh, relu, not 'swish'"
    refused(message, encode, odd, [1])


def test_the_real_model_gives_its_published_similarities(minilm):
    """The example of the model's makers: https://sbert.net, quickstart."""
    sentences = ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
    vectors = embed_sentences(minilm, sentences)
    expected = [[1.0000, 0.6660, 0.1046], [0.6660, 1.0000, 0.1411], [0.1046, 0.1411, 1.0000]]
    np.testing.assert_allclose(vectors @ vectors.T, expected, atol=1e-4)
    assert tokenize(minilm, ["A cat sat."]) == [[101, 1037, 4937, 2938, 1012, 102]]
