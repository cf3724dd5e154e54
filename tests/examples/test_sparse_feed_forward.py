"""A transformer's feed-forward matrices with group scales: what the integers stand for, and real ones on the chains."""

import numpy as np
import pytest

from rtloom import CheckError, ToolError, load
from rtloom.examples.sparse import feed_forward
from rtloom.examples.sparse.feed_forward import (
    GROUP,
    LAYER,
    PATTERN,
    ROLES,
    FeedForward,
    Missing,
    ScaledWeights,
    feed_forward_spec,
    find_feed_forward,
    study_matrix,
)
from rtloom.examples.sparse.feed_forward_results import FeedForwardRuns, collect_feed_forward
from rtloom.examples.transformer.gemv import TOKEN
from rtloom.generators.sparse.prune import prune
from rtloom.verif import goldens

PARAMS = load(feed_forward.SPEC).params


def test_integers_stand_for_the_matrix():
    real = np.random.default_rng(1).standard_normal((12, 3 * GROUP - 8))
    weights = ScaledWeights.quantize(real, PARAMS)
    assert weights.codes.shape == real.shape
    assert weights.scales.shape == (12, 3)
    assert -8 <= weights.codes.min() < 0 < weights.codes.max() <= 7
    assert (weights.scales.max(axis=1) == 15).all()
    steps = np.repeat(weights.scales * weights.units[:, np.newaxis], GROUP, axis=1)[:, : real.shape[1]]
    np.testing.assert_allclose(weights.dequantize(), weights.codes * steps)
    inside = np.abs(real / steps) < 7.4
    assert (np.abs(weights.dequantize() - real)[inside] <= 0.5001 * steps[inside]).all()
    assert np.linalg.norm(weights.dequantize() - real) < 0.12 * np.linalg.norm(real)


def test_zeros_stay_zeros():
    real = prune(np.random.default_rng(2).standard_normal((8, 2 * GROUP)), PATTERN.n, PATTERN.m)
    real[3] = 0
    weights = ScaledWeights.quantize(real, PARAMS)
    assert not weights.codes[real == 0].any()
    assert np.isfinite(weights.dequantize()).all()


def test_what_is_not_installed_is_said(monkeypatch):
    def absent():
        raise ToolError("the model must be installed")

    monkeypatch.setattr(feed_forward, "load_model", absent)
    assert find_feed_forward() == Missing("the model must be installed")
    assert collect_feed_forward(Missing("the model must be installed")) == {"skipped": "the model must be installed"}


def test_a_wrong_value_is_found(monkeypatch):
    monkeypatch.setattr(feed_forward, "SPEC", small_spec())
    honest = goldens.compute
    monkeypatch.setattr(goldens, "compute", lambda *arguments: honest(*arguments) + 1)
    rng = np.random.default_rng(4)
    with pytest.raises(CheckError):
        study_matrix(feed_forward_spec(), "any", rng.standard_normal((9, 40)), rng.standard_normal(40), str)


def small_spec():
    params = {"rows": 2, "chains": 1, "length": 8, "group": 2, "weight_bits": "4", "scale_bits": 4}
    return {"family": "sparse", "name": "scaled", "params": params}


def test_products_by_hand(monkeypatch):
    """Weights that 4 bits hold exactly: nothing but pruning changes the product."""
    monkeypatch.setattr(feed_forward, "SPEC", small_spec())
    codes = np.tile([7, 1, -3, 2], (6, 8))
    vector = np.tile([127, -5, 64, 1], 8)
    study = study_matrix(feed_forward_spec(), "any", codes * 0.5, vector * 0.25, str)
    # Kept of each block: 7 and -3.
    assert study.exact.tolist() == [8 * (7 * 127 - 5 - 3 * 64 + 2) / 8] * 6
    assert study.pruned.tolist() == [8 * (7 * 127 - 3 * 64) / 8] * 6
    np.testing.assert_allclose(study.dense.result, study.exact)
    np.testing.assert_allclose(study.sparse.result, study.pruned)
    np.testing.assert_allclose(study.sparse.by_weights, study.pruned)
    assert (study.dense.report.macs, study.sparse.report.macs) == (6 * 32, 6 * 16)


def test_a_real_matrix_is_half_the_cycles_and_three_bits(minilm, monkeypatch):
    monkeypatch.setattr(feed_forward, "SPEC", small_spec())
    found = find_feed_forward()
    assert isinstance(found, FeedForward)
    role = ROLES[0]
    matrix = found.weights.matrix(LAYER, role)[0][:128]
    study = study_matrix(feed_forward_spec(), role, matrix, found.trace.input_of(role)[TOKEN], str)
    results = collect_feed_forward(FeedForwardRuns(minilm.title, feed_forward_spec(), [study]))["matrices"][0]
    dense, sparse = results["runs"]
    assert sparse["outputs"]["value"] == sparse["equal"]["value"] == 128
    assert sparse["speedup"]["value"] > 1.98
    assert sparse["memory"]["bits_per_weight"]["value"] <= 3.25
    assert dense["error"]["rtl"]["value"] < 15
    assert dense["error"]["rtl"]["value"] < results["pruning_error"]["value"] < 40
    assert abs(sparse["error"]["rtl"]["value"] - results["pruning_error"]["value"]) < 5
