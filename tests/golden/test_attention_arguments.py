"""What the attention family's golden model refuses: one clear line for each mistake."""

import numpy as np
import pytest

from rtloom.errors import InputError
from rtloom.generators.attention.params import AttentionParams
from rtloom.verif.golden.attention import compute

SMALL = {"e": 4, "f": 6, "e_lanes": 2, "f_lanes": 3}
Q, K, V = np.ones((4, 3, 4), int), np.ones((2, 5, 4), int), np.ones((2, 5, 6), int)
GOOD = {"q": Q, "k": K, "v": V, "scale_multiplier": 1, "scale_shift": 0}
NAMES = (
    "q, k, v, scale_multiplier, scale_shift, causal, window, sink, length, position, "
    "k_scale, v_scale, offset, multiplier, shift, zero_point"
)
SCALED = {"kv_format": "int4", "kv_scale_bits": 7}
BATCH = {name: GOOD[name][np.newaxis] for name in "qkv"}
MATRICES = {name: GOOD[name][0] for name in "qkv"}
LOUD = {"q": Q * 127, "k": K * 127}


@pytest.mark.parametrize("operation", ["attention", "summary"])
@pytest.mark.parametrize(
    "change",
    [
        {},
        BATCH,
        MATRICES,
        {"length": 0},
        {"length": [5]},
        {"causal": 1, "position": -9},
        {"window": 1, "sink": 2**21 - 1, "position": 2**31 - 9},
        {"scale_shift": [0, 1, 63, 3]},
        {"scale_shift": np.ones((4, 3))},
        {**MATRICES, "scale_shift": [1]},
        {**MATRICES, "scale_shift": [1, 2, 3]},
        {**BATCH, "scale_shift": [0, 1, 63, 3], "length": [4], "position": [2]},
        {"window": None, "offset": None},
    ],
)
def test_what_is_fine(operation: str, change: dict) -> None:
    tensors = {**GOOD, **change}
    got = compute(AttentionParams.parse(SMALL), operation, **tensors)
    assert got.shape == (*np.shape(tensors["q"])[:-1], 6 if operation == "attention" else 2)


def test_the_largest_scale_is_taken() -> None:
    params = AttentionParams.parse({**SMALL, "logit_integer": 6})
    # Logits of 4 * 127 * 127 are 31 octaves less one unit, the most that there may be, with 31 * 1024 - 1 of them.
    q, k = np.array([[127, 127, 127, 127]]), np.array([[127, 127, 127, 127]])
    most = 31 * 1024 / (4 * 127 * 127)
    tensors = {"q": q, "k": k, "v": V[0, :1], "scale_shift": 15}
    compute(params, "attention", **tensors, scale_multiplier=int(most * 2**15))
    with pytest.raises(InputError, match=r"below 31 octaves, logit_integer=6, not 31$"):
        compute(params, "attention", **tensors, scale_multiplier=int(most * 2**15) + 1)


BAD = [
    ({}, {"q": Q[..., :3]}, r"q must have e=4 elements a row, not \(4, 3, 3\)"),
    ({}, {"q": Q[0, 0]}, r"q must have 2, 3 or 4 axes, not \(4,\)"),
    ({}, {"q": Q[np.newaxis, np.newaxis]}, r"q must have 2, 3 or 4 axes, not \(1, 1, 4, 3, 4\)"),
    ({}, {"q": Q * 128}, r"q must hold int8 values, -128 to 127, not 128"),
    ({"q_format": "int4"}, {"q": Q * 8}, r"q must hold int4 values, -8 to 7, not 8"),
    ({"kv_format": "int4"}, {"k": K * -9}, r"k must hold int4 values, -8 to 7, not -9"),
    ({"kv_format": "int2"}, {"v": V * 2}, r"v must hold int2 values, -2 to 1, not 2"),
    ({}, {"k": np.ones((2, 0, 4))}, r"k must not be empty, not \(2, 0, 4\)"),
    ({}, {"k": K[0]}, r"k must have shape \(Hkv, Lk, 4\), not \(5, 4\)"),
    ({}, {"k": K[..., :3]}, r"k must have shape \(Hkv, Lk, 4\), not \(2, 5, 3\)"),
    ({}, {"q": Q[0]}, r"k must have shape \(Lk, 4\), not \(2, 5, 4\)"),
    (
        {},
        {**BATCH, "k": np.ones((2, 2, 5, 4))},
        r"k must have shape \(1, Hkv, Lk, 4\), not \(2, 2, 5, 4\)",
    ),
    ({}, {"v": V[:, :4]}, r"v must have shape \(2, 5, 6\), not \(2, 4, 6\)"),
    ({}, {"v": V[..., :4]}, r"v must have shape \(2, 5, 6\), not \(2, 5, 4\)"),
    ({}, {"q": Q[:3]}, r"k must have a number of heads that divides the 3 of q, not 2"),
    ({"max_length": 4}, {}, r"k must have at most max_length=4 keys, not 5"),
    ({}, {"scale_multiplier": 0}, r"scale_multiplier must be at least 1, not 0"),
    ({"scale_bits": 4}, {"scale_multiplier": 16}, r"scale_multiplier must hold uint4 values, 0 to 15, not 16"),
    ({}, {"scale_multiplier": float("nan")}, r"scale_multiplier must hold integers, not nan"),
    ({}, {"scale_shift": 64}, r"scale_shift must hold uint6 values, 0 to 63, not 64"),
    (
        {},
        {"scale_shift": [1, 2]},
        r"scale_shift must be one number or have shape \(4,\) or \(4, 3\), not \(2,\)",
    ),
    (
        {},
        {**LOUD, "scale_multiplier": 64},
        r"scale_multiplier must keep every logit below 511 octaves, logit_integer=10, not 4032",
    ),
    ({}, {"length": 6}, r"length must be at most the 5 keys of k, not 6"),
    ({}, {"length": -1}, r"length must hold uint21 values, 0 to 2097151, not -1"),
    ({}, {"length": [1, 2]}, r"length must be one number or have shape \(1,\), not \(2,\)"),
    ({}, {"causal": 2}, r"causal must hold uint1 values, 0 to 1, not 2"),
    ({}, {"causal": [0, 1]}, r"causal must be one number, not \(2,\)"),
    ({}, {"position": 0.5}, r"position must hold integers, not 0.5"),
    ({}, {"position": [0, 1]}, r"position must be one number or have shape \(1,\), not \(2,\)"),
    ({}, {"window": 0}, r"window must be at least 1, not 0"),
    ({}, {"window": 2**31}, r"window must hold int32 values, .*, not 2147483648"),
    ({}, {"sink": -1}, r"sink must hold uint21 values, 0 to 2097151, not -1"),
    ({"mask": "stop"}, {"window": 2}, r"window must be left out: .* without mask=window or mask=sink"),
    ({"mask": "window"}, {"sink": 2}, r"sink must be left out: the design was built without mask=sink"),
    ({}, {"offset": 2}, r"offset must be left out: the design was built without softmax=unified_max"),
    ({}, {"k_scale": 2}, r"k_scale must be left out: the design was built without kv_scale_bits"),
    ({}, {"zero_point": 2}, r"zero_point must be left out: the design was built without requantize"),
    ({"softmax": "unified_max"}, {}, r"offset must be given: the design has softmax=unified_max"),
    ({"softmax": "unified_max"}, {"offset": 1024}, r"offset must hold int11 values, -1024 to 1023, not 1024"),
    ({"requantize": True}, {"shift": 2}, r"multiplier must be given: the design requantizes"),
    (
        {"requantize": True},
        {"shift": 2, "multiplier": 1, "zero_point": [1, 2]},
        r"zero_point must be one number, not \(2,\)",
    ),
    (SCALED, {"k_scale": 1}, r"v_scale must be given: the design was built with kv_scale_bits"),
    (SCALED, {"k_scale": 0, "v_scale": 1}, r"k_scale must be at least 1, not 0"),
    (SCALED, {"k_scale": 128, "v_scale": 1}, r"k_scale must hold uint7 values, 0 to 127, not 128"),
    (
        SCALED,
        {"k_scale": np.ones((2, 5, 1)), "v_scale": 1},
        r"k_scale must be one number or have shape \(2, 5, 2\), not \(2, 5, 1\)",
    ),
    (
        SCALED,
        {"k_scale": 1, "v_scale": 127, "v": V * 2},
        r"v must give values of int8, -128 to 127, when scaled, not 254",
    ),
]


@pytest.mark.parametrize(("raw", "change", "message"), BAD)
def test_bad_input_is_one_line(raw: dict, change: dict, message: str) -> None:
    params = AttentionParams.parse({**SMALL, **raw})
    for operation in ("attention", "summary"):
        with pytest.raises(InputError, match=f"^Attention {message}$"):
            compute(params, operation, **{**GOOD, **change})


def test_names() -> None:
    params = AttentionParams.parse(SMALL)
    with pytest.raises(InputError, match=r"^Attention operation must be attention or summary, not 'gemm'$"):
        compute(params, "gemm", **GOOD)
    with pytest.raises(InputError, match=rf"^Attention summary has no argument 'mask'; it has {NAMES}$"):
        compute(params, "summary", **GOOD, mask=1)
    needed = "q, k, v, scale_multiplier, scale_shift"
    with pytest.raises(InputError, match=rf"^Attention attention must be given {needed}; scale_shift is missing$"):
        compute(params, "attention", **{**GOOD, "scale_shift": None})
