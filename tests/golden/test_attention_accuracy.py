"""The attention family's golden model against real numbers: error, its documented bound, and what must not matter."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtloom.generators.attention.params import AttentionParams
from rtloom.generators.attention.scales import logit_scale
from rtloom.verif.golden.attention import compute
from rtloom.verif.golden.attention_bound import error_bound, exponential_error, reciprocal_error
from rtloom.verif.golden.attention_real import real_attention

from .attention_data import KINDS, lost_weights, measure

SOFTMAX = ("online", "unified_max", "three_pass")
SMALL = {"e": 16, "f": 8, "f_lanes": 8}
BAR = 2**-7
"""Largest error that is good enough, as a share of V's range."""


def design(**raw) -> AttentionParams:
    return AttentionParams.parse({**SMALL, **raw})


@pytest.mark.parametrize("softmax", SOFTMAX)
@pytest.mark.parametrize("kind", KINDS)
def test_errors_of_many_rows_are_below_the_bar_and_the_bound(kind: str, softmax: str) -> None:
    params, rng, rows = design(softmax=softmax), np.random.default_rng(1), 0
    for keys in (1, 2, 17, 128, 300):
        found = measure(params, KINDS[kind](params, rng, 140, keys))
        rows += found.rows
        # In a head with a single key V may have hardly any range.
        assert found.range_share <= BAR or (keys == 1 and found.element <= 255 * BAR)
        assert found.bound_share <= 1
    assert rows * len(KINDS) * len(SOFTMAX) >= 10_000


@pytest.mark.parametrize("softmax", SOFTMAX)
@pytest.mark.parametrize("kind", KINDS)
def test_long_rows(kind: str, softmax: str) -> None:
    # Rounded small weights of equal keys add up, the more the longer a row is: that takes more bits of a weight.
    params = design(softmax=softmax, weight_bits=20)
    found = measure(params, KINDS[kind](params, np.random.default_rng(2), 2, 2000 if kind == "rising" else 1 << 16))
    assert found.range_share <= BAR
    assert found.bound_share <= 1


FORMS = [
    {"exponential": "polynomial", "exponential_accuracy": 6},
    {"exponential_accuracy": 6, "weight_bits": 8, "logit_fraction": 4, "output_fraction": 0},
    {"exponential_accuracy": 15, "weight_bits": 20, "logit_fraction": 12, "output_fraction": 8},
    {"softmax": "three_pass", "weight_bits": 8, "exponential_accuracy": 8, "output_fraction": 8},
    {"softmax": "unified_max", "weight_bits": 18, "slack_bits": 3, "exponential": "polynomial"},
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_bound_holds_for_every_design(kind: str, form: dict) -> None:
    params, rng = design(**form), np.random.default_rng(3)
    assert max(measure(params, KINDS[kind](params, rng, 50, keys)).bound_share for keys in (1, 5, 60, 400)) <= 1


@pytest.mark.parametrize("softmax", SOFTMAX)
@pytest.mark.parametrize("bits", [8, 12, 16, 20])
def test_lost_weights_come_close_to_the_bound(bits: int, softmax: str) -> None:
    above = min(4, bits - 7) if softmax == "unified_max" else 0
    offset = above or None
    params = design(softmax=softmax, weight_bits=bits, exponential_accuracy=min(bits, 12), slack_bits=above or None)
    for keys in (1 << 6, 1 << 10, 1 << 14):
        found = measure(params, lost_weights(params, keys, above), offset)
        assert found.bound_share <= 1
        # Half of what the bound allows: the largest weight is 1, not 1/2, and so is the whole sum.
        lost = keys / 2 ** (bits + 1 - above)
        if 2**-6 < lost < 2**-2:  # else other errors matter, or the bound says that nothing is certain
            assert found.bound_share > 0.3
            assert found.element == pytest.approx(255 * lost / (1 + lost), rel=0.1)


def test_as_many_bits_as_the_bound_asks_for_are_enough() -> None:
    for keys in (256, 1024, 4096):
        params = design(weight_bits=8 + math.ceil(math.log2(keys)))
        assert measure(params, lost_weights(params, keys)).range_share < 2**-8
        assert error_bound(params, keys, 255, 128) < 255 * BAR


def test_the_bound_grows_with_what_it_is_about() -> None:
    params = design()
    base = error_bound(params, 100, 255, 128)
    assert base < error_bound(params, 101, 255, 128)
    assert base > error_bound(params, 100, 255, 128, mass=2)
    assert error_bound(params, 100, 0, 128) < error_bound(params, 100, 1, 128)
    assert error_bound(params, [1, 2], 255, [[1], [2], [3]]).shape == (3, 2)
    assert error_bound(params, 1 << 20, 255, 128) <= 256 + 0.1


@pytest.mark.parametrize("kind", ["table", "polynomial"])
def test_errors_of_the_functions(kind: str) -> None:
    for accuracy in range(6, 16):
        params = design(exponential=kind, exponential_accuracy=accuracy, weight_bits=20)
        f = np.arange(1 << params.logit_fraction)
        ratio = params.exponential_shape.evaluate(f) * 2.0 ** (f / len(f))
        middle = (ratio.max() + ratio.min()) / 2
        assert exponential_error(params) == pytest.approx(np.abs(ratio / middle - 1).max())
        assert exponential_error(params) <= 2.0 ** (1 - accuracy)
    x = np.linspace(0, 1, 100_001)[:-1]
    y = params.reciprocal_shape.evaluate(np.floor(x * 2**14).astype(np.int64)) / 2**16
    found = np.abs(y * (1 + x) - 1).max()
    assert found <= reciprocal_error(params) < found * 1.1
    assert reciprocal_error(params) < 2**-13


def natural(params, q, k, spread: float) -> dict[str, np.ndarray]:
    """Return the scale with which the largest logit of a row may be so many octaves."""
    multiplier, shift = logit_scale(params, spread * math.log(2) / max(int(np.abs(q).sum(axis=-1).max()) * 128, 1))
    return {"scale_multiplier": multiplier, "scale_shift": shift}


def drawn(data, params) -> tuple[np.random.Generator, np.ndarray, np.ndarray, np.ndarray, dict]:
    """Draw rows, keys, values and how far logits are apart."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    keys = data.draw(st.integers(1, 200))
    q, k, v = (rng.integers(-128, 128, shape) for shape in ((3, params.e), (keys, params.e), (keys, params.f)))
    return rng, q, k, v, natural(params, q, k, data.draw(st.sampled_from([0.1, 3, 40, 400])))


@given(st.data())
def test_the_order_of_keys_hardly_matters(data) -> None:
    online, baseline = design(), design(softmax="three_pass")
    rng, q, k, v, scale = drawn(data, online)
    order = rng.permutation(len(k))
    results = [compute(params, "attention", q=q, k=k, v=v, **scale) for params in (online, baseline)]
    moved = [compute(params, "attention", q=q, k=k[order], v=v[order], **scale) for params in (online, baseline)]
    np.testing.assert_array_equal(moved[1], results[1])
    bound = 2 * error_bound(online, len(k), 255, 128) * 2**online.output_fraction
    assert np.abs(moved[0] - results[0]).max() <= bound
    assert np.abs(results[1] - results[0]).max() <= bound
    # In fact a unit or two, as long as the sequence is not long.
    assert np.abs(moved[0] - results[0]).max() <= 3


@given(st.data())
def test_a_constant_comes_back(data) -> None:
    constant = data.draw(st.integers(-128, 127))
    for softmax in ("online", "three_pass"):
        params = design(softmax=softmax)
        _, q, k, v, scale = drawn(data, params)
        got = compute(params, "attention", q=q, k=k, v=np.full_like(v, constant), **scale)
        assert np.abs(got - (constant << params.output_fraction)).max() <= 1


@settings(max_examples=40)
@given(st.data())
def test_masked_keys_might_as_well_not_be_there(data) -> None:
    for softmax in SOFTMAX:
        params = design(softmax=softmax)
        rng, q, k, v, scale = drawn(data, params)
        offset = {"offset": 1} if softmax == "unified_max" else {}
        masks = {
            "causal": data.draw(st.booleans()),
            "window": data.draw(st.none() | st.integers(1, 250)),
            "sink": data.draw(st.none() | st.integers(0, 250)),
            "length": int(rng.integers(len(k) + 1)),
            "position": data.draw(st.none() | st.integers(-3, 250)),
        }
        got = compute(params, "attention", q=q, k=k, v=v, **scale, **offset, **masks)
        flags = compute(params, "summary", q=q, k=k, v=v, **scale, **offset, **masks)
        for row in range(3):
            seen = seen_by(row, len(k), len(q), **masks)
            if not seen:
                assert got[row].tolist() == [0] * params.f
                assert flags[row, :2].tolist() == [params.no_key, 1]
                continue
            alone = {"q": q[row : row + 1], "k": k[seen], "v": v[seen], **scale, **offset}
            np.testing.assert_array_equal(compute(params, "attention", **alone)[0], got[row])
            np.testing.assert_array_equal(compute(params, "summary", **alone)[0], flags[row])


def seen_by(row, keys, rows, *, causal, window, sink, length, position) -> list[int]:
    """Return the keys that a row sees, said again in words of its own."""
    ordered = causal or window is not None
    if position is None:
        position = length - rows if ordered else 0
    here = position + row
    recent = [j for j in range(keys) if window is None or here - window < j <= here]
    first = range(min(sink or 0, keys))
    return [j for j in range(keys) if (j in recent or j in first) and j < length and (j <= here or not ordered)]


@given(st.data())
def test_the_second_pass_has_the_right_maximum(data) -> None:
    params = design(softmax="unified_max", slack_bits=data.draw(st.integers(1, 6)))
    _, q, k, v, scale = drawn(data, params)
    offset = data.draw(st.integers(-80, 80))
    maximum, _, redo = compute(params, "summary", q=q, k=k, v=v, **scale, offset=offset).T
    np.testing.assert_array_equal(redo, (maximum > offset) | (maximum < offset - params.slack))
    got = compute(params, "attention", q=q, k=k, v=v, **scale, offset=offset)
    used = np.where(redo, maximum, offset)
    np.testing.assert_array_equal(got, compute(params, "attention", q=q, k=k, v=v, **scale, offset=used))
    assert not compute(params, "summary", q=q, k=k, v=v, **scale, offset=used)[:, 2].any()
    exact = compute(design(softmax="three_pass"), "attention", q=q, k=k, v=v, **scale)
    np.testing.assert_array_equal(got[redo > 0], exact[redo > 0])


def test_scaled_int4_keys_and_values_against_real_numbers() -> None:
    rng = np.random.default_rng(8)
    params = design(kv_format="int4", kv_scale_bits=4, kv_group=8)
    q, k, v = rng.integers(-128, 128, (4, 50, 16)), rng.integers(-8, 8, (2, 90, 16)), rng.integers(-8, 8, (2, 90, 8))
    k_scale, v_scale = rng.integers(1, 16, (2, 90, 2)), rng.integers(1, 16, (2, 90, 1))
    multiplier, shift = logit_scale(params, 1e-3)
    scale = {"scale_multiplier": multiplier, "scale_shift": shift, "k_scale": k_scale, "v_scale": v_scale}
    allowed = np.arange(90) <= np.arange(40, 90)[:, np.newaxis]
    unit = multiplier * 2.0 ** -(shift + params.logit_fraction) * math.log(2)
    whole = [k * np.repeat(k_scale, 8, axis=2), v * np.repeat(v_scale, 8, axis=2)]
    expected, mass = real_attention(q, *whole, unit, allowed)
    got = compute(params, "attention", q=q, k=k, v=v, causal=True, **scale) / 2**params.output_fraction
    spread = int(whole[1].max() - whole[1].min())
    assert np.abs(got - expected).max() <= BAR * spread
    assert (np.abs(got - expected).max(axis=-1) <= error_bound(params, 90, spread, 120, mass)).all()


def test_the_yardstick_is_the_softmax() -> None:
    rng = np.random.default_rng(9)
    q, k, v = rng.normal(size=(4, 3, 5)), rng.normal(size=(2, 7, 5)), rng.normal(size=(2, 7, 6))
    allowed = rng.random((4, 3, 7)) < 0.5
    allowed[1, 1] = False
    got, mass = real_attention(q, k, v, np.full((4, 3), 0.5), allowed)
    for h, i in np.ndindex(4, 3):
        weights = [math.exp(0.5 * (q[h, i] @ k[h // 2, j])) if allowed[h, i, j] else 0 for j in range(7)]
        total = sum(weights)
        row = sum(w * v[h // 2, j] for j, w in enumerate(weights)) / total if total else np.zeros(6)
        np.testing.assert_allclose(got[h, i], row, atol=1e-12)
        assert mass[h, i] == pytest.approx(total / max(weights) if total else 0)
