"""The attention family's parameters and streams: what goes together, what follows, in what words it is refused."""

import math
import re
from typing import Any

import numpy as np
import pytest

import rtloom
from rtloom.errors import InputError
from rtloom.generators.attention import params as params_module
from rtloom.generators.attention.family import ATTENTION
from rtloom.generators.attention.params import AttentionParams
from rtloom.generators.spec import families, presets

PRESETS = [name for name, preset in presets().items() if preset.family is ATTENTION]


def parse(raw: dict[str, Any]) -> AttentionParams:
    return AttentionParams.parse(raw)


BAD = [
    ({"rows": 0}, "rows must be an integer from 1 to 256, not 0"),
    ({"e": 1}, "e must be an integer from 2 to 256, not 1"),
    ({"max_length": 0}, "max_length must be an integer from 1 to 1048576, not 0"),
    ({"max_length": (1 << 20) + 1}, "max_length must be an integer from 1 to 1048576, not 1048577"),
    ({"e_lanes": 5}, "e_lanes must divide e=64, not 5"),
    ({"f": 24}, "f_lanes must divide f=24, not 16"),
    ({"kv_scale_bits": 4, "kv_group": 5}, "kv_group must divide e_lanes=16, f_lanes=16, not 5"),
    ({"kv_scale_bits": 4, "kv_group": 16, "f_lanes": 8}, "kv_group must divide e_lanes=16, f_lanes=8, not 16"),
    ({"q_format": "uint8"}, "q_format must be int2 to int8, not 'uint8'"),
    ({"q_format": "int9"}, "q_format must be int2 to int8, not 'int9'"),
    ({"kv_format": "ternary"}, "kv_format must be int2 to int8, not 'ternary'"),
    ({"softmax": "two_pass"}, "softmax must be online, unified_max or three_pass, not 'two_pass'"),
    ({"mask": "none"}, "mask must be stop, window or sink, not 'none'"),
    ({"exponential": "cordic"}, "exponential must be table or polynomial, not 'cordic'"),
    ({"exponential_accuracy": 16}, "exponential_accuracy must be an integer from 6 to 15, not 16"),
    ({"weight_bits": 10}, "exponential_accuracy must be at most weight_bits=10, not 12"),
    ({"requantize": True, "output_format": "bipolar"}, "output_format must be an integer format, not 'bipolar'"),
    ({"kv_group": 8}, "kv_group must be left at 0 in a design without kv_scale_bits, not 8"),
    ({"slack_bits": 5}, "slack_bits must be left at null in a design without softmax=unified_max, not 5"),
    ({"output_format": "int4"}, "output_format must be left at int8 in a design without requantize, not 'int4'"),
    ({"multiplier_bits": 8}, "multiplier_bits must be left at 16 in a design without requantize, not 8"),
]


@pytest.mark.parametrize(("raw", "message"), BAD)
def test_combinations_that_cannot_be_are_one_line(raw: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"^Attention {re.escape(message)}$"):
        parse(raw)


def test_an_accumulator_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The widest that the ranges allow is just within the limit, so that a lower one has to stand in for it."""
    widest = {"weight_bits": 20, "exponential_accuracy": 15}
    assert parse(widest).accumulator_bits == params_module.WIDEST_SUM
    monkeypatch.setattr(params_module, "WIDEST_SUM", 47)
    message = "Attention weight_bits must give an accumulator of at most 47 bits, not 20"
    with pytest.raises(InputError, match=f"^{message}$"):
        parse(widest)
    parse(widest | {"max_length": 1 << 19})


@pytest.mark.parametrize("kind", ["table", "polynomial"])
@pytest.mark.parametrize(("weight_bits", "accuracy"), [(8, 6), (12, 12), (16, 12), (20, 15)])
@pytest.mark.parametrize("max_length", [1, 1000, 1 << 20])
@pytest.mark.parametrize("kv", ["int8", "int3"])
def test_sums_hold_the_largest_and_not_more(
    kind: str, weight_bits: int, accuracy: int, max_length: int, kv: str
) -> None:
    """The largest sum of weights and of weighted values, of keys that all have the same logit."""
    params = parse(
        {
            "exponential": kind,
            "weight_bits": weight_bits,
            "exponential_accuracy": accuracy,
            "max_length": max_length,
            "kv_format": kv,
        }
    )
    weight = int(params.exponential_shape.evaluate(np.arange(1 << params.logit_fraction)).max())
    assert params.largest_weight == weight < 1 << weight_bits
    assert (weight * max_length).bit_length() == params.sum_bits
    least = -weight * max_length << params.kv_format.bits - 1
    assert -(1 << params.accumulator_bits - 1) <= least < -(1 << params.accumulator_bits - 2)


@pytest.mark.parametrize(
    ("raw", "derived"),
    [
        (
            {},
            {
                "key_beats": 4, "value_beats": 4, "slot": 4, "multipliers": 512, "score_bits": 22, "no_key": -512,
                "key_bits": 20, "normal_fraction": 10,
            },
        ),
        ({"e_lanes": 32, "f_lanes": 8}, {"key_beats": 2, "value_beats": 8, "slot": 8, "multipliers": 640}),
        ({"e": 2, "e_lanes": 1, "q_format": "int2", "kv_format": "int3"}, {"score_bits": 6, "slot": 4}),
        ({"kv_format": "int4", "kv_scale_bits": 3}, {"score_bits": 22}),
        ({"max_length": 1, "logit_integer": 4}, {"key_bits": 1, "no_key": -8}),
    ],
)  # fmt: skip
def test_what_follows_from_the_parameters(raw: dict[str, Any], derived: dict[str, int]) -> None:
    params = parse(raw)
    assert {name: getattr(params, name) for name in derived} == derived


@pytest.mark.parametrize(
    ("raw", "names"),
    [
        ({}, {"logit_format": "int20", "maximum_format": "int11", "mean_format": "int15", "o_format": "int16"}),
        ({"kv_format": "int2", "output_fraction": 0}, {"mean_format": "int3", "o_format": "int8"}),
        ({"kv_format": "int4", "kv_scale_bits": 2}, {"operand_format": "int8", "kv_scale_format": "uint2"}),
        ({"requantize": True, "output_format": "uint4"}, {"o_format": "uint4", "multiplier_format": "uint16"}),
        ({"max_length": 4095}, {"bound_format": "uint12"}),
        ({"max_length": 4096}, {"bound_format": "uint13"}),
    ],
)
def test_formats_follow_from_the_parameters(raw: dict[str, Any], names: dict[str, str]) -> None:
    params = parse(raw)
    assert {name: getattr(params, name).name for name in names} == names


@pytest.mark.parametrize("kind", ["table", "polynomial"])
@pytest.mark.parametrize("fraction", [6, 10, 12])
def test_the_exponential_is_as_accurate_as_asked(kind: str, fraction: int) -> None:
    """Over every x, beside the rounding of the result; a scale a little below 1 is taken out by normalisation."""
    x = np.arange(1 << fraction)
    for accuracy in range(6, 16):
        raw = {"exponential": kind, "exponential_accuracy": accuracy, "weight_bits": 20, "logit_fraction": fraction}
        shape = parse(raw).exponential_shape
        most = (1 << 20) - 1 - (1 << 20 - accuracy - 1)
        error = np.abs(shape.evaluate(x) - most * 2.0 ** (-x / (1 << fraction))).max()
        assert error <= 2.0 ** (20 - accuracy) + 1
        assert 0 <= shape.y_range[0] <= shape.y_range[1] < 1 << 20


def test_the_reciprocal_is_that_of_one_to_two() -> None:
    shape = parse({}).reciprocal_shape
    x = np.arange(1 << shape.x_bits)
    error = np.abs(shape.evaluate(x) / (1 << 16) - 1 / (1 + x / len(x))).max()
    assert error < 2.0**-14
    assert math.log2(len(x)) == 14


STREAMS = [
    ({}, ["tiles", "rows", "q", "k", "v", "o", "summary"], {
        "tiles": 20 + 5 + 1, "rows": 3 * 21 + 16 + 6, "q": 128, "k": 128, "v": 128, "o": 256, "summary": 12,
    }),
    ({"mask": "stop", "key_tile": 1}, ["tiles", "rows", "q", "k", "v", "o", "summary"], {"tiles": 22, "rows": 43}),
    ({"mask": "window"}, ["tiles", "rows", "q", "k", "v", "o", "summary"], {"rows": 64}),
    ({"softmax": "three_pass"}, ["tiles", "rows", "q", "k", "v", "o", "summary"], {"tiles": 28}),
    ({"softmax": "unified_max"}, ["tiles", "rows", "q", "k", "v", "o", "summary"], {"rows": 96, "summary": 13}),
    (
        {"kv_format": "int4", "kv_scale_bits": 3, "kv_group": 8, "e_lanes": 32},
        ["tiles", "rows", "q", "k", "v", "o", "summary"],
        {"q": 256, "k": 32 * 4 + 4 * 3, "v": 16 * 4 + 2 * 3},
    ),
    (
        {"requantize": True, "output_format": "int4"},
        ["tiles", "rows", "q", "k", "v", "epilogue", "o", "summary"],
        {"epilogue": 16 + 6 + 4, "o": 64},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "names", "widths"), STREAMS)
def test_streams_follow_from_the_parameters(raw: dict[str, Any], names: list[str], widths: dict[str, int]) -> None:
    ports = {port.name: port for port in ATTENTION.ports(parse(raw))}
    assert list(ports) == names
    assert {name: ports[name].width for name in widths} == widths
    assert [name for name, port in ports.items() if port.last] == ["tiles", "o", "summary"]


def test_the_presets_are_what_their_names_say() -> None:
    assert rtloom.load("attention-16x64-int8").params == parse({})
    for name in PRESETS:
        found = re.match(r"attention-(\d+)x(\d+)-", name)
        params = rtloom.load(name).params
        if found:
            assert (params.rows, params.e, params.f) == (int(found[1]), int(found[2]), int(found[2]))
    kinds = {name: rtloom.load(f"attention-{name}").params.softmax for name in ("unified-max", "three-pass", "small")}
    assert kinds == {"unified-max": "unified_max", "three-pass": "three_pass", "small": "online"}
    assert rtloom.load("attention-8x64-kv4").params.kv_format.name == "int4"
    assert rtloom.load("attention-4x32-layer").params.o_format.name == "int8"
    assert families()["attention"] is ATTENTION


@pytest.mark.parametrize(("name", "peak"), [("attention-16x64-int8", 512), ("attention-small", 8)])
def test_peak_is_the_number_of_products(name: str, peak: int) -> None:
    assert ATTENTION.peak(rtloom.load(name).params) == peak
