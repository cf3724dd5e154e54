"""The attention engine's blocks alone: the exponential for every exponent, the normaliser."""

from typing import Any

import numpy as np
import pytest

from rtloom.generators.attention.exponential import Exponential
from rtloom.generators.attention.functions import RECIPROCAL_BITS
from rtloom.generators.attention.latency import exponential_latency
from rtloom.generators.attention.normalize import Normalizer
from rtloom.generators.attention.params import AttentionParams

from ..hdl.bench import clocked

KINDS = [
    {},
    {"exponential_accuracy": 6, "weight_bits": 8, "logit_fraction": 4, "logit_integer": 4},
    {"exponential": "polynomial", "exponential_accuracy": 15, "weight_bits": 20, "logit_fraction": 7},
    {"exponential": "polynomial", "exponential_accuracy": 9, "logit_fraction": 8, "logit_integer": 12},
]


def engine(**options: Any) -> AttentionParams:
    return AttentionParams.parse({"rows": 1, "e": 4, "f": 2, "e_lanes": 4, "f_lanes": 2} | options)


@pytest.mark.parametrize("options", KINDS, ids=lambda options: "-".join(map(str, options.values())) or "default")
def test_the_exponential_for_every_fraction_of_every_octave(options: dict[str, Any]) -> None:
    params = engine(**options)
    unit, late = Exponential(params), exponential_latency(params) + 1
    fraction = 1 << params.logit_fraction
    octaves = [
        n
        for n in (*range(params.weight_bits + 3), 31, 32, 63, 512, 1023)
        if n << params.logit_fraction < 1 << len(unit.x)
    ]
    x = (np.array(octaves)[:, np.newaxis] * fraction + np.arange(0, fraction, max(fraction // 64, 1))).reshape(-1)
    power = params.exponential_shape.evaluate(x % fraction)
    halvings = np.minimum(x // fraction, 40)
    expected = (power + ((1 << halvings) >> 1)) >> halvings
    counts = np.arange(len(x)) % 7 != 3
    seen: list[int] = []

    async def bench(ctx: Any) -> None:
        ctx.set(unit.en, 1)
        for cycle in range(len(x) + late):
            if cycle < len(x):
                ctx.set(unit.x, int(x[cycle]))
                ctx.set(unit.counts, int(counts[cycle]))
            if cycle >= late:
                seen.append(ctx.get(unit.o))
            await ctx.tick()

    clocked(unit, bench)
    assert seen == np.where(counts, expected, 0).tolist()
    # A whole octave more halves the weight, so that this bounds the error of every weight.
    real = 2.0 ** (params.weight_bits - x / fraction)
    assert np.abs(expected - real).max() <= 2.0 ** (params.weight_bits - params.exponential_accuracy + 1)


@pytest.mark.parametrize("options", [{}, {"max_length": 1, "weight_bits": 8}, {"output_fraction": 0, "max_length": 5}])
def test_the_normaliser_divides(options: dict[str, Any]) -> None:
    params = engine(**{"exponential_accuracy": 8} | options)
    unit, rng = Normalizer(params), np.random.default_rng(1)
    most = params.largest_weight * params.max_length
    sums = [
        1,
        2,
        3,
        most,
        *rng.integers(1, most + 1, 40).tolist(),
        *(2.0 ** rng.uniform(0, np.log2(most), 40)).astype(int).tolist(),
    ]

    async def bench(ctx: Any) -> None:
        ctx.set(unit.en, 1)
        for total in sums:
            values = [int(rng.integers(-128 * total, 127 * total + 1)) for _ in range(params.f_lanes)]
            lane = (1 << params.accumulator_bits) - 1
            ctx.set(unit.sum, total)
            ctx.set(unit.sums, sum((value & lane) << (i * params.accumulator_bits) for i, value in enumerate(values)))
            for _ in range(8):
                await ctx.tick()
            for i, value in enumerate(values):
                bits = params.mean_format.bits
                code = (ctx.get(unit.o) >> (i * bits)) & ((1 << bits) - 1)
                mean = code - (1 << bits) if code >> (bits - 1) else code
                assert mean == expected(params, total, value)
                assert (
                    abs(mean / 2**params.output_fraction - value / total) <= 2.0 ** -(params.output_fraction + 1) + 0.04
                )

    clocked(unit, bench)


def expected(params: AttentionParams, total: int, value: int) -> int:
    """Return the mean by the rule, in Python's integers."""
    shape, bits = params.reciprocal_shape, params.sum_bits
    up = bits - total.bit_length()
    x = ((total << up << shape.x_bits) >> (bits - 1)) - (1 << shape.x_bits)
    reciprocal = int(shape.evaluate(np.array([x]))[0])
    dropped = bits - 1 - params.normal_fraction
    normal = value << up >> dropped if dropped >= 0 else value << up << -dropped
    places = params.normal_fraction + RECIPROCAL_BITS - params.output_fraction
    return (normal * reciprocal + (1 << (places - 1))) >> places
