"""The attention family's golden model, bit for bit against one key after the other in plain integers."""

import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest

from rtloom.generators.attention.params import AttentionParams
from rtloom.hdl.piecewise_shape import PiecewiseShape
from rtloom.verif.golden import attention_rows
from rtloom.verif.golden.attention import compute, framing

SMALL = {"e": 4, "f": 3, "e_lanes": 4, "f_lanes": 3}
FORMS = {
    "default": {},
    "coarse": {"exponential_accuracy": 6, "weight_bits": 8, "logit_fraction": 4, "output_fraction": 0},
    "fine": {"exponential_accuracy": 15, "weight_bits": 20, "logit_fraction": 12, "output_fraction": 8},
    "polynomial": {"exponential": "polynomial", "exponential_accuracy": 9, "logit_integer": 7},
    "short": {"max_length": 256, "weight_bits": 8, "exponential_accuracy": 8, "output_fraction": 8},
    "narrow": {"q_format": "int4", "kv_format": "int2", "scale_bits": 5, "logit_integer": 4, "output_fraction": 3},
}
SOFTMAX = ("online", "unified_max", "three_pass")


def design(**raw) -> AttentionParams:
    return AttentionParams.parse({**SMALL, **raw})


def widest_scale(params, q, k) -> dict[str, int]:
    """Return the largest scale that no score can saturate with."""
    reach = int(np.abs(q).sum(axis=-1).max()) * int(np.abs(k).max())
    limit = ((1 << (params.logit_integer - 1)) - 1) << params.logit_fraction
    multiplier, shift = params.scale_format.hi, 0
    while reach * multiplier >> shift >= limit:
        shift += 1
    return {"scale_multiplier": multiplier, "scale_shift": shift}


def evaluate(shape, x: int) -> int:
    if isinstance(shape, PiecewiseShape):
        segment, rest = divmod(x, 2**shape.rest_bits)
        return (shape.base[segment] + shape.slope[segment] * rest) // 2**shape.guard_bits
    total = 0
    for coefficient in reversed(shape.coefficients):
        total = total * x // 2**shape.x_bits + coefficient
    return total // 16


def plain_row(params, q, k, v, multiplier, shift, allowed, offset=None):
    """Return mean, maximum, empty and redo of a row: a key after the other, in Python's integers."""
    unit, lowest = 2**params.logit_fraction, -(2 ** (params.logit_integer - 1))
    logits = {}
    for j in np.flatnonzero(allowed).tolist():
        score = sum(int(a) * int(b) for a, b in zip(q, k[j], strict=True))
        logits[j] = round(Fraction(score * int(multiplier), 2 ** int(shift)))
        assert abs(logits[j]) < (2 ** (params.logit_integer - 1) - 1) * unit
    ceilings = {j: -(-s // unit) for j, s in logits.items()}
    maximum = max(ceilings.values(), default=lowest)
    m = {"online": lowest, "three_pass": maximum, "unified_max": offset}[params.softmax]
    total, sums = 0, [0] * v.shape[1]
    for j, s in logits.items():
        if params.softmax == "online" and ceilings[j] > m:
            drop = min(ceilings[j] - m, 63)
            total, sums, m = total >> drop, [a >> drop for a in sums], ceilings[j]
        octaves, x = divmod(max(m * unit - s, 0), unit)
        octaves = min(octaves, 31)
        weight = (evaluate(params.exponential_shape, x) + 2**octaves // 2) >> octaves
        total, sums = total + weight, [a + weight * int(b) for a, b in zip(sums, v[j], strict=True)]
    redo = params.softmax == "unified_max" and bool(logits) and not maximum <= offset <= maximum + params.slack
    return plain_mean(params, total, sums), maximum, int(not logits), int(redo)


def plain_mean(params, total, sums):
    if total == 0:
        return [0] * len(sums)
    bits, guard = params.sum_bits, params.output_fraction + 4
    places = bits - total.bit_length()
    x = (total << places) * 2**14 // 2 ** (bits - 1) - 2**14
    factor = evaluate(params.reciprocal_shape, x)
    rest = guard + 16 - params.output_fraction
    normal = [int(Fraction((a << places) * 2**guard, 2 ** (bits - 1)).__floor__()) for a in sums]
    return [(a * factor + 2 ** (rest - 1)) >> rest for a in normal]


def operands(params, rng, heads, kv_heads, queries, keys, batch=2):
    q = params.q_format.random(rng, (batch, heads, queries, params.e))
    k = params.kv_format.random(rng, (batch, kv_heads, keys, params.e))
    return q, k, params.kv_format.random(rng, (batch, kv_heads, keys, params.f))


def test_imports_no_hardware() -> None:
    code = "import rtloom.verif.golden.attention, sys; assert not {'amaranth', 'cocotb'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("softmax", SOFTMAX)
@pytest.mark.parametrize("form", FORMS)
def test_rows_equal_one_key_after_the_other(softmax: str, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Several chunks of rows and blocks of keys, the last ones short.
    monkeypatch.setattr(attention_rows, "CHUNK", 500)
    monkeypatch.setattr(attention_rows, "FEW", 1)
    params, rng = design(softmax=softmax, **FORMS[form]), np.random.default_rng(1)
    q, k, v = operands(params, rng, 4, 2, 3, 150)
    k[:, :, :100] = np.sort(k[:, :, :100], axis=2)  # keys that rise, for rows of positive elements
    q[:, 0] = np.abs(np.maximum(q[:, 0], params.q_format.lo + 1))
    wide = widest_scale(params, q, k)
    shift = np.minimum(wide["scale_shift"] + rng.integers(0, 9, q.shape[:-1]), 63)
    scale = {"scale_multiplier": wide["scale_multiplier"], "scale_shift": shift}
    length, position = np.array([150, 97]), np.array([100, -1])
    masks = {"causal": True, "window": 90, "sink": 5, "length": length, "position": position}
    if softmax == "unified_max":
        scale["offset"] = rng.integers(-3, 12, q.shape[:-1])
    got = compute(params, "attention", q=q, k=k, v=v, **scale, **masks)
    summary = compute(params, "summary", q=q, k=k, v=v, **scale, **masks)
    assert got.dtype == summary.dtype == np.int64
    for b, h, i in np.ndindex(*q.shape[:-1]):
        at = position[b] + i
        key = np.arange(150)
        allowed = (key < min(length[b], at + 1)) & ((key > at - 90) | (key < 5))
        row = (params, q[b, h, i], k[b, h // 2], v[b, h // 2], wide["scale_multiplier"], shift[b, h, i], allowed)
        offset = int(scale["offset"][b, h, i]) if softmax == "unified_max" else None
        mean, maximum, empty, redo = plain_row(*row, offset)
        assert summary[b, h, i].tolist() == [maximum, empty, redo][: summary.shape[-1]]
        if redo:
            mean = plain_row(*row, maximum)[0]
        assert got[b, h, i].tolist() == mean
    if softmax == "unified_max":
        assert 0 < summary[..., 2].mean() < 1
    assert 0 < summary[..., 1].mean() < 1


def test_maxima_that_rise_with_every_key_at_every_length() -> None:
    params = design()
    key = np.arange(150)
    k, v = np.zeros((150, 4), int), np.random.default_rng(2).integers(-128, 128, (150, 3))
    k[:, 0] = key - 75
    q = np.array([[100, 0, 0, 0]])
    scale = {"scale_multiplier": 3 << 9, "scale_shift": 6}  # 37.5 octaves a key at most
    for length in (1, 2, 63, 64, 65, 128, 129, 150):
        got = compute(params, "attention", q=q, k=k, v=v, length=length, **scale)
        assert got[0].tolist() == plain_row(params, q[0], k, v, 3 << 9, 6, key < length)[0]


def test_sums_of_fewer_bits_than_a_normal_one_has() -> None:
    params, rng = (
        design(max_length=8, weight_bits=8, exponential_accuracy=8, output_fraction=8),
        np.random.default_rng(2),
    )
    assert params.sum_bits - 1 < params.normal_fraction
    q, k, v = (tensor[0, 0] for tensor in operands(params, rng, 1, 1, 5, 8))
    scale = widest_scale(params, q, k)
    multiplier, shift = scale["scale_multiplier"], scale["scale_shift"] + 7
    for length in range(1, 9):
        tensors = {"q": q, "k": k, "v": v, "scale_multiplier": multiplier, "scale_shift": shift, "length": length}
        expected = [plain_row(params, row, k, v, multiplier, shift, np.arange(8) < length)[0] for row in q]
        assert compute(params, "attention", **tensors).tolist() == expected


def test_weights_of_nothing_give_zero() -> None:
    # The expected maximum is above by so much that the first pass has no weight at all: the second has it.
    params = design(softmax="unified_max", weight_bits=8, exponential_accuracy=8)
    q, k, v = np.full((1, 4), 1), np.full((3, 4), 1), np.full((3, 3), 77)
    tensors = {"q": q, "k": k, "v": v, "scale_multiplier": 1, "scale_shift": 0}
    assert plain_row(params, q[0], k, v, 1, 0, [1, 1, 1], 60)[0] == [0, 0, 0]
    assert compute(params, "summary", **tensors, offset=60).tolist() == [[1, 0, 1]]
    assert abs(compute(params, "attention", **tensors, offset=60) - 77 * 64).max() <= 1


def test_axes_of_heads_and_batches_may_be_left_out() -> None:
    params, rng = design(), np.random.default_rng(3)
    q, k, v = operands(params, rng, 2, 1, 3, 9)
    scale = widest_scale(params, q, k)
    full = compute(params, "attention", q=q, k=k, v=v, **scale)
    assert full.shape == (2, 2, 3, 3)
    for h in range(2):
        one = compute(params, "attention", q=q[1], k=k[1], v=v[1], **scale)
        np.testing.assert_array_equal(one, full[1])
        rows = compute(params, "attention", q=q[1, h], k=k[1, 0], v=v[1, 0], **scale)
        np.testing.assert_array_equal(rows, full[1, h])
        np.testing.assert_array_equal(
            compute(params, "summary", q=q[1, h], k=k[1, 0], v=v[1, 0], **scale).shape, (3, 2)
        )


@pytest.mark.parametrize("kv_heads", [1, 2, 6])
def test_shared_heads_are_repeated_ones(kv_heads: int) -> None:
    params, rng = design(), np.random.default_rng(4)
    q, k, v = operands(params, rng, 6, kv_heads, 3, 20)
    scale = widest_scale(params, q, k)
    repeated = (np.repeat(tensor, 6 // kv_heads, axis=1) for tensor in (k, v))
    expected = compute(params, "attention", q=q, **dict(zip("kv", repeated, strict=True)), **scale)
    np.testing.assert_array_equal(compute(params, "attention", q=q, k=k, v=v, **scale), expected)


def test_numbers_for_a_head_and_for_a_row() -> None:
    params, rng = design(softmax="unified_max", requantize=True, output_format="int4"), np.random.default_rng(5)
    q, k, v = operands(params, rng, 2, 1, 3, 9)
    widest = widest_scale(params, q, k)
    per_head = {
        "scale_multiplier": np.array([widest["scale_multiplier"], 9]),
        "scale_shift": np.array([widest["scale_shift"], widest["scale_shift"] - 1]),
        "offset": np.array([3, 50]),
        "multiplier": np.array([7, 50]),
        "shift": np.array([8, 12]),
    }
    per_row = {name: np.broadcast_to(value[:, np.newaxis], (2, 2, 3)) for name, value in per_head.items()}
    got = compute(params, "attention", q=q, k=k, v=v, **per_head, zero_point=1)
    np.testing.assert_array_equal(got, compute(params, "attention", q=q, k=k, v=v, **per_row, zero_point=1))
    for h in range(2):
        alone = {name: value[h] for name, value in per_head.items()}
        each = compute(params, "attention", q=q[:, h : h + 1], k=k, v=v, **alone, zero_point=1)
        np.testing.assert_array_equal(got[:, h : h + 1], each)


def test_results_are_requantized_means() -> None:
    raw, rng = {"output_fraction": 4}, np.random.default_rng(6)
    plain, params = design(**raw), design(**raw, requantize=True, output_format="uint5")
    q, k, v = operands(params, rng, 2, 2, 4, 9)
    scale = widest_scale(params, q, k)
    means = compute(plain, "attention", q=q, k=k, v=v, **scale)
    expected = [min(max(round(Fraction(x * 11, 2**9)) + 9, 0), 31) for x in means.ravel().tolist()]
    got = compute(params, "attention", q=q, k=k, v=v, **scale, multiplier=11, shift=9, zero_point=9)
    assert got.ravel().tolist() == expected
    assert len(set(expected)) > 15
    summaries = [compute(plain, "summary", q=q, k=k, v=v, **scale)]
    summaries.append(compute(params, "summary", q=q, k=k, v=v, **scale, multiplier=11, shift=9))
    np.testing.assert_array_equal(*summaries)


def test_scaled_keys_and_values_are_their_products() -> None:
    wide = {"e": 8, "f": 4, "e_lanes": 4, "f_lanes": 4}
    rng, whole = np.random.default_rng(7), design(**wide)
    for group, groups in ((0, (2, 1)), (2, (4, 2)), (1, (8, 4))):
        params = design(**wide, kv_format="int4", kv_scale_bits=4, kv_group=group)
        q, k, v = operands(params, rng, 2, 2, 3, 11)
        scales = [rng.integers(1, 16, (*k.shape[:-1], count)) for count in groups]
        scaled = [
            tensor * np.repeat(s, tensor.shape[-1] // s.shape[-1], axis=-1)
            for tensor, s in zip((k, v), scales, strict=True)
        ]
        scale = widest_scale(params, q, scaled[0])
        got = compute(params, "attention", q=q, k=k, v=v, k_scale=scales[0], v_scale=scales[1], **scale)
        np.testing.assert_array_equal(got, compute(whole, "attention", q=q, k=scaled[0], v=scaled[1], **scale))
        one = compute(params, "attention", q=q, k=k, v=v, k_scale=3, v_scale=15, **scale)
        np.testing.assert_array_equal(one, compute(whole, "attention", q=q, k=k * 3, v=v * 15, **scale))


@pytest.mark.parametrize("softmax", SOFTMAX)
def test_last_comes_with_the_last_beat_of_each_task(softmax: str) -> None:
    params = design(softmax=softmax, rows=2, f=6)
    tiles = {"last": np.array([False, True, True, True] * 3)}
    if softmax == "three_pass":
        tiles["stage"] = np.repeat(np.arange(3), 4)[:, np.newaxis]
    got = framing(params, {"tiles": tiles})
    tasks = 3 if softmax == "three_pass" else 9
    assert sorted(got) == ["o", "summary"]
    assert got["o"].tolist() == [False, False, False, True] * tasks
    assert got["summary"].tolist() == [False, True] * tasks
