"""A transformer's matrices on the LUT tile: equal to golden, near to float, and mistakes in one clear line."""

import io
import json
import re

import numpy as np
import pytest
from rich.console import Console

from rtloom import CheckError, InputError, load
from rtloom.examples.transformer import gemv
from rtloom.examples.transformer.encoder import encode, tokenize
from rtloom.examples.transformer.gemv import SENTENCE, SPEC, TOKEN, gemv_spec, run_gemv, transformer_gemv
from rtloom.examples.transformer.gemv_results import collect, show_gemv
from rtloom.examples.transformer.names import MATRICES
from rtloom.examples.transformer.operands import GemvOperands
from rtloom.hdl.formats import Integer
from rtloom.verif import goldens

INT8 = Integer(8)
SMALL = load({"family": "lut", "name": "lut-small", "params": {"m": 1, "n": 4, "k": 1}})


def quantized(bits, rows=6, k=48, group=16, seed=0):
    rng = np.random.default_rng(seed)
    return GemvOperands.quantize(rng.standard_normal((rows, k)), rng.standard_normal(k), bits, group, 8, INT8)


@pytest.mark.parametrize("bits", [1, 1.58, 2, 4, 8])
def test_operands_stand_for_the_float_product(bits):
    operands = quantized(bits, rows=64, k=128)
    assert set(operands.tensors) == {"a", "w", "weight_scale", *(["weight_zero"] if bits >= 2 else [])}
    zeros = 0 if operands.weights.zeros is None else np.repeat(operands.weights.zeros, 16, axis=1)
    whole = (operands.weights.values - zeros) * np.repeat(operands.scales, 16, axis=1) @ operands.activations
    np.testing.assert_allclose(operands.real(whole), operands.by_operands, rtol=1e-12)
    limits = {1: 0.8, 1.58: 0.7, 2: 0.6, 4: 0.15, 8: 0.02}
    for product in (operands.by_weights, operands.by_operands):
        assert np.linalg.norm(product - operands.exact) < limits[bits] * np.linalg.norm(operands.exact)


def test_rows_of_small_weights_keep_exact_scales():
    rng = np.random.default_rng(1)
    matrix = np.repeat(rng.standard_normal((1, 32)), 2, axis=0) * [[1], [2.0**-20]]
    operands = GemvOperands.quantize(matrix, rng.standard_normal(32), 4, 8, 8, INT8)
    assert np.array_equal(operands.scales[0], operands.scales[1])
    assert operands.scales[0].max() == 255
    assert operands.by_operands[1] == operands.by_operands[0] * 2.0**-20


@pytest.mark.parametrize(("bits", "expected"), [(4, 4 + (8 + 4) / 16 + 32 / 48), (1.58, 2 + 8 / 16 + 32 / 48)])
def test_scales_zeros_and_units_count_as_memory(bits, expected):
    assert quantized(bits).bits_per_weight(8) == pytest.approx(expected)


def look(value, path="results"):
    """Assert that every number that was found has a unit and a source."""
    if isinstance(value, dict) and "value" in value:
        assert set(value) == {"value", "unit", "source"}, path
        assert value["unit"], path
        assert value["source"], path
    elif isinstance(value, dict):
        for key, inner in value.items():
            look(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            look(inner, f"{path}[{at}]")
    else:
        assert not isinstance(value, float), path


def test_all_projections_run_and_equal_golden(small_model):
    told = []
    results = transformer_gemv(
        small_model,
        layer=1,
        bits=(4,),
        group=8,
        sentence="c a b",
        token=2,
        spec=SMALL,
        tell=lambda text, done: told.append((text, done)),
    )
    assert json.loads(json.dumps(results)) == results
    assert told[1] == ("bert: key, weights of 4 bits", 1 / 6)
    assert [results[key] for key in ("model", "layer", "token", "tokens", "group")] == ["bert", 1, 2, 3, 8]
    (design,) = results["designs"]
    assert design["spec"] == "lut-m1n4k4-uint4-int8-g8"
    assert [matrix["role"] for matrix in design["matrices"]] == list(MATRICES)
    assert [matrix["shape"] for matrix in design["matrices"]] == [[8, 8]] * 4 + [[16, 8], [8, 16]]
    for name, each in (("equal", [8, 8, 8, 8, 16, 8]), ("outputs", [8, 8, 8, 8, 16, 8])):
        assert [matrix[name]["value"] for matrix in design["matrices"]] == each
        assert design[name]["value"] == sum(each)
    for matrix in design["matrices"]:
        assert matrix["cycles"]["value"] == matrix["formula_cycles"]["value"]
        assert matrix["error"]["arithmetic"]["value"] < 1e-9
        assert 0 < matrix["error"]["operands"]["value"] < 5
        assert matrix["error"]["tile"]["value"] < 30
        assert matrix["cosine"]["tile"]["value"] > 0.95
    cycles = sum(matrix["cycles"]["value"] for matrix in design["matrices"])
    assert design["cycles"]["value"] == cycles
    assert design["utilisation"]["value"] == pytest.approx(100 * 512 / (cycles * 4 * 4 / 4))
    look({**results, "designs": [{**design, "params": None, "bits": None}]})


def test_vectors_are_those_of_the_token(small_model, monkeypatch):
    asked = []
    monkeypatch.setattr(gemv, "run_gemv", lambda *arguments: asked.append(arguments))
    monkeypatch.setattr(gemv, "collect", lambda spec, bits, runs: (spec.name, bits, len(runs)))
    results = transformer_gemv(small_model, bits=(2, 4), group=8, sentence="c a b", token=1, spec=SMALL)
    assert results["designs"] == [("lut-m1n4k4-uint2-int8-g8", 2, 6), ("lut-m1n4k4-uint4-int8-g8", 4, 6)]
    (trace,) = encode(small_model, [2, 0, 1], 1)
    for at, (spec, role, matrix, vector, bits) in enumerate(asked):
        assert (role, bits) == (MATRICES[at % 6], (2, 4)[at // 6])
        assert str(spec.params.weight_format) == f"uint{bits}"
        assert np.array_equal(matrix, small_model.matrix(0, role)[0])
        assert np.array_equal(vector, trace.input_of(role)[1])


def test_only_the_projections_that_are_wanted_run(small_model, monkeypatch):
    asked = []
    monkeypatch.setattr(gemv, "run_gemv", lambda _spec, role, *_: asked.append(role))
    monkeypatch.setattr(gemv, "collect", lambda *_: None)
    transformer_gemv(small_model, roles=("key", "query"), bits=(4,), sentence="c a b", token=1, spec=SMALL)
    assert asked == ["key", "query"]
    message = f"Transformer roles must be some of {', '.join(MATRICES)}, not "
    for roles in ((), ("querry", "key")):
        refused(f"{message}'{', '.join(roles)}'", transformer_gemv, small_model, roles=roles)


def test_the_table_fits_the_page():
    operands = quantized(4, rows=8, k=16, group=8)
    spec = gemv_spec(SMALL, 4, 8)
    run = run_gemv(spec, "feed_forward_out", operands.matrix, operands.vector, 4)
    results = {"model": "m", "layer": 0, "sentence": "a b", "token": 1, "tokens": 4, "group": 8}
    console = Console(width=80, no_color=True, file=io.StringIO())
    show_gemv({**results, "designs": [collect(spec, 4, [run])]}, console)
    text = console.file.getvalue()
    assert "token 1 of 4 in 'a b', groups of 8" in text
    assert re.search(r"│ feed forward out │ +8x16 │ +\d+ │ +\d+\.\d % │ +\d+\.\d\d % │ +\d+\.\d\d % │", text)
    assert "8 of 8 outputs equal the golden model bit for bit" in text
    assert re.search(r"activations and integer scales: up to \d\.\d\d %\n", text)
    assert "the tile's own arithmetic: none" in text
    assert "…" not in text


def refused(message, call, *arguments, kind=InputError, **named):
    with pytest.raises(kind, match=f"^{re.escape(message)}"):
        call(*arguments, **named)


def test_wrong_designs_are_refused():
    refused("Transformer spec must be of the family lut, not 'systolic'", gemv_spec, "systolic-4x4-int8", 2, 64)
    message = (
        "Transformer spec must give the sums as they are, without requantize and addend, not 'lut-small-addend-bias'"
    )
    refused(message, gemv_spec, SMALL.replace(addend="bias"), 2, 64)
    refused("Transformer spec a_format must be signed, not 'uint8'", gemv_spec, SMALL.replace(a_format="uint8"), 2, 64)
    refused("Transformer bits must be 1, 1.58 or 2 to 8, not 9", gemv_spec, SPEC, 9, 64)
    refused("LUT group must be a multiple of k * lookup = 4, not 6", gemv_spec, SMALL, 2, 6)


def test_other_units_are_switched_off():
    changed = {
        "activation_scales": True,
        "weight_format": "ternary",
        "packed_ternary": True,
        "planes": 2,
        "table": "half",
        "group": 8,
    }
    params = gemv_spec(SMALL.replace(**changed), 2, 16).params
    assert (params.activation_scales, params.packed_ternary, params.zero_points, params.group) == (
        False,
        False,
        True,
        16,
    )
    assert not gemv_spec(SMALL, 1.58, 16).params.zero_points


def test_wrong_places_are_refused(small_model):
    message = "Transformer token must be between 0 and 2 in this sentence, not 3"
    refused(message, transformer_gemv, small_model, group=8, sentence="a b c", token=3, spec=SMALL)
    message = "Transformer layer must be between 0 and 1, not 2"
    refused(message, transformer_gemv, small_model, group=8, sentence="a b c", token=0, layer=2, spec=SMALL)


def test_a_wrong_value_is_found(monkeypatch):
    honest = goldens.compute

    def wrong(*arguments):
        result = honest(*arguments)
        result[5] += 1
        return result

    monkeypatch.setattr(goldens, "compute", wrong)
    operands = quantized(4, rows=8, k=16, group=8)
    with pytest.raises(CheckError):
        run_gemv(gemv_spec(SMALL, 4, 8), "query", operands.matrix, operands.vector, 4)


@pytest.mark.parametrize(("bits", "error", "cosine"), [(2, 0.55, 0.85), (4, 0.15, 0.98)])
def test_real_matrices_stay_near_float(minilm, bits, error, cosine):
    (trace,) = encode(minilm, tokenize(minilm, [SENTENCE])[0], 1)
    params = gemv_spec(SPEC, bits, 64).params
    for role in MATRICES:
        operands = GemvOperands.quantize(minilm.matrix(0, role)[0], trace.input_of(role)[TOKEN], bits, 64, 8, INT8)
        tile = operands.real(goldens.compute(load(SPEC).family, params, "gemm", operands.tensors))
        length = np.linalg.norm(operands.exact)
        np.testing.assert_allclose(tile, operands.by_operands, atol=1e-9 * length)
        assert np.linalg.norm(tile - operands.by_weights) < 0.06 * length
        assert np.linalg.norm(tile - operands.exact) < error * length
        assert tile @ operands.exact > cosine * np.linalg.norm(tile) * length


def test_a_real_matrix_runs_on_the_tile(minilm):
    (trace,) = encode(minilm, tokenize(minilm, [SENTENCE])[0], 1)
    run = run_gemv(gemv_spec(SMALL, 4, 64), "key", minilm.matrix(0, "key")[0], trace.input_of("key")[TOKEN], 4)
    assert (run.equal, run.result.size, run.report.cycles) == (384, 384, run.report.formula_cycles)
    assert run.report.utilisation > 0.99
