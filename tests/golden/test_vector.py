"""The vector family's golden model against float64: every input of the activations, many vectors of the others."""

import itertools
import subprocess
import sys
from math import erf, pi
from typing import Any

import numpy as np
import pytest

from rtloom.generators.vector import scales
from rtloom.generators.vector.params import VectorParams
from rtloom.generators.vector.tables import correction
from rtloom.verif.golden.vector import compute, framing

SOFTMAX_BOUND = 0.7
NORM_BOUND = 0.7
ACTIVATION_BOUND = 0.6
"""Units of the last place, as docs/vector.md has them for results of 8 bits."""


def parse(unit: str, **raw: Any) -> VectorParams:
    return VectorParams.parse({"unit": unit, **raw})


def gelu(x: np.ndarray) -> np.ndarray:
    return x * (1 + np.vectorize(erf)(x / np.sqrt(2))) / 2


def silu(x: np.ndarray) -> np.ndarray:
    return x / (1 + np.exp(-np.maximum(x, -700)))


REAL = {"gelu": gelu, "silu": silu}


def test_imports_no_hardware() -> None:
    code = "import rtloom.verif.golden.vector, sys; assert not {'amaranth', 'cocotb'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def every(params: VectorParams) -> np.ndarray:
    return np.arange(params.x_format.lo, params.x_format.hi + 1)


@pytest.mark.parametrize("unit", REAL)
@pytest.mark.parametrize("x_scale", [0.01, 0.043, 0.1, 0.77, 3.0, 40.0, 1e4])
@pytest.mark.parametrize("zero_point", [0, -7])
def test_every_int8_at_any_usual_scale(unit: str, x_scale: float, zero_point: int) -> None:
    """Where the result's scale is that of x, and half of it, so that the largest ones are clipped."""
    params = parse(unit)
    x = every(params)
    for o_scale in (x_scale, x_scale / 2):
        y = compute(params, unit, x=x, **scales.activation_scales(params, x_scale, o_scale, zero_point))
        real = np.clip(REAL[unit](x * x_scale) / o_scale + zero_point, -128, 127)
        assert np.abs(y - real).max() <= ACTIVATION_BOUND


@pytest.mark.parametrize("unit", REAL)
@pytest.mark.parametrize("x_scale", [1e-4, 4e-4, 1e-3])
def test_small_scales_need_more_bits(unit: str, x_scale: float) -> None:
    params = parse(unit, fraction_bits=17, table_bits=8)
    x = every(params)
    y = compute(params, unit, x=x, **scales.activation_scales(params, x_scale, x_scale / 2))
    assert np.abs(y - np.clip(REAL[unit](x * x_scale) * 2 / x_scale, -128, 127)).max() <= ACTIVATION_BOUND


@pytest.mark.parametrize("unit", REAL)
@pytest.mark.parametrize("reach", [0.6, 3.0, 7.3, 31.0])
def test_every_int16_at_scales_that_are_no_powers_of_two(unit: str, reach: float) -> None:
    params = parse(unit, input_format="int16", output_format="int16", multiplier_bits=20, table_bits=8)
    x, scale = every(params), reach / 2**15
    y = compute(params, unit, x=x, **scales.activation_scales(params, scale, scale))
    # Beyond 12 SiLU is taken for ReLU.
    assert np.abs(y - REAL[unit](x * scale) / scale).max() <= 1 + 7.4e-5 / scale * (unit == "silu")


@pytest.mark.parametrize("unit", REAL)
@pytest.mark.parametrize("bits", [11, 12, 13])
def test_every_int16_is_within_1e_4_and_half_a_unit(unit: str, bits: int) -> None:
    params = parse(unit, input_format="int16", output_format="int16", fraction_bits=bits)
    x, scale = every(params), 2.0**-bits
    y = compute(params, unit, x=x, **scales.activation_scales(params, scale, scale))
    assert np.abs(y * scale - REAL[unit](x * scale)).max() <= 1e-4 + scale / 2


@pytest.mark.parametrize("unit", REAL)
def test_within_1e_4_in_all_with_a_unit_of_a_16384th(unit: str) -> None:
    params = parse(unit, input_format="int16", output_format="int16", fraction_bits=13)
    x, o_scale = every(params), 2.0**-14
    for x_scale in (2.0**-13, 2.0**-12):
        y = compute(params, unit, x=x, **scales.activation_scales(params, x_scale, o_scale))
        real = REAL[unit](x * x_scale)
        inside = np.abs(real) < 2 - o_scale
        assert np.abs(y * o_scale - real)[inside].max() <= 1e-4


@pytest.mark.parametrize("unit", REAL)
def test_the_table_alone_is_within_1e_4(unit: str) -> None:
    """All arguments at the default accuracy, and what lies beyond the table."""
    table = correction(unit, 11, 14, 5)
    x = np.arange(table.segments << table.rest_bits)
    real = np.maximum(x / 2**11, 0) - REAL[unit](x / 2**11)
    assert np.abs(table.evaluate(x) / 2**14 - real).max() <= 1e-4
    beyond = np.arange(len(x), 2 * len(x)) / 2**11
    assert np.abs(beyond - REAL[unit](beyond)).max() <= 1e-4


def softmax(x: np.ndarray, scale: float) -> np.ndarray:
    powers = np.exp((x - x.max(axis=-1, keepdims=True)) * scale)
    return powers / powers.sum(axis=-1, keepdims=True)


def vectors(rng: np.random.Generator, length: int) -> np.ndarray:
    """Draw vectors, and those that strain sums: level, rising, falling, one large, one small, alternating."""
    x = rng.integers(-128, 128, (12, length))
    x[0], x[1], x[2] = -128, np.sort(x[1]), np.sort(x[2])[::-1]
    x[3], x[4] = -128, 127
    x[3, rng.integers(length)], x[4, rng.integers(length)] = 127, -128
    x[5] = np.where(np.arange(length) % 2, -128, 127)
    x[6] = rng.integers(0, 2, length)
    return x


@pytest.mark.parametrize(("output", "table_bits", "bound"), [("uint8", 5, SOFTMAX_BOUND), ("uint16", 8, 1.0)])
@pytest.mark.parametrize("lanes", [1, 3, 16])
def test_softmax_is_near_float64(output: str, table_bits: int, bound: float, lanes: int) -> None:
    params = parse("softmax", lanes=lanes, output_format=output, table_bits=table_bits)
    rng = np.random.default_rng(lanes)
    for length, scale in itertools.product((1, 2, 7, 64, 1024), (1e-3, 0.02, 0.1, 0.5, 3.0, 1e3)):
        x = vectors(rng, length)
        o = compute(params, "softmax", x=x, **scales.softmax_scales(params, scale))
        real = np.minimum(softmax(x, scale) * 2**params.o_format.bits, params.o_format.hi)
        assert np.abs(o - real).max() <= bound


def test_softmax_of_thousands_of_small_ones_beside_a_large_one() -> None:
    """Each small one is far below a unit of the result, all together they are half of the sum."""
    params = parse("softmax", max_length=16384, input_format="int16")
    x = np.zeros((2, 16384), dtype=int)
    x[0, 0], x[1, -1] = 9704, 9704
    o = compute(params, "softmax", x=x, **scales.softmax_scales(params, 1e-3))
    assert o[0, 0] == o[1, -1] == round(256 * softmax(x[0], 1e-3)[0])
    assert 100 < o[0, 0] < 156


@pytest.mark.parametrize("unit", ["layernorm", "rmsnorm"])
@pytest.mark.parametrize("epsilon", [0.0, 1e-5, 1.0])
def test_norms_are_near_float64(unit: str, epsilon: float) -> None:
    params = parse(unit, affine="gamma_beta")
    rng = np.random.default_rng(5)
    for length, x_scale, reach in itertools.product((1, 2, 7, 384, 1024), (0.01, 1.0), (1.5, 8.0)):
        x = vectors(rng, length)
        gamma, beta = rng.uniform(-1.5, 1.5, length), rng.normal(size=length)
        given = scales.norm_scales(
            params, length, x_scale, reach / 127, gamma=gamma, beta=beta, epsilon=epsilon, zero_point=3
        )
        o = compute(params, unit, x=x, **given)
        if epsilon == 1e-5 and length < 384:
            continue  # a unit of epsilon is a unit of x, squared, over length squared: too coarse here
        # The mean of level vectors is exact in integers alone.
        mean = x.sum(axis=-1, keepdims=True) if unit == "layernorm" else 0
        real = (length * x - mean) / length * x_scale
        spread = (real * real).mean(axis=-1, keepdims=True) + epsilon
        kept = given["gamma"] * np.abs(gamma).max() / 127
        normal = np.divide(real, np.sqrt(spread), out=np.zeros_like(real), where=spread > 0) * kept + beta
        assert np.abs(o - np.clip(normal * 127 / reach + 3, -128, 127)).max() <= NORM_BOUND


def test_norms_without_gamma_and_beta() -> None:
    x = np.array([[3, -1, 5, 100], [0, 0, 0, 0]])
    for unit in ("layernorm", "rmsnorm"):
        params = parse(unit, affine="none")
        o = compute(params, unit, x=x, **scales.norm_scales(params, 4, 1.0, 1 / 64))
        real = x - x.mean(axis=1, keepdims=True) * (unit == "layernorm")
        normal = real[0] / np.sqrt((real[0] ** 2).mean())
        assert np.abs(o[0] - np.clip(64 * normal, -128, 127)).max() <= NORM_BOUND
        assert (o[1] == 0).all()


def test_the_real_scale_of_x_is_no_matter_to_a_norm_without_epsilon() -> None:
    params = parse("layernorm")
    x = np.random.default_rng(1).integers(-128, 128, (3, 50))
    made = [scales.norm_scales(params, 50, s, 0.03, gamma=0.5, beta=0.1) for s in (1e-6, 3.0)]
    np.testing.assert_array_equal(*(compute(params, "layernorm", x=x, **given) for given in made))


@pytest.mark.parametrize("pairing", ["adjacent", "halves"])
def test_rope_turns_complex_numbers(pairing: str) -> None:
    params = parse("rope", pairing=pairing)
    rng, length = np.random.default_rng(2), 64
    x, positions = rng.integers(-128, 128, (2, 3, 40, length)), rng.integers(0, 4096, 40)
    given = scales.rope_angles(params, positions, length) | scales.rope_scales(params, 1.0, 1.5)
    o = compute(params, "rope", x=x, **given)

    def pairs(values: np.ndarray) -> np.ndarray:
        if pairing == "adjacent":
            return values[..., 0::2] + 1j * values[..., 1::2]
        return values[..., : length // 2] + 1j * values[..., length // 2 :]

    angle = positions[:, np.newaxis] * 10000.0 ** (-2 * np.arange(length // 2) / length)
    off = pairs(o) - pairs(x) * np.exp(1j * angle) / 1.5
    assert np.abs([off.real, off.imag]).max() <= 0.51


def test_rope_is_exact_where_nothing_is_rounded() -> None:
    params = parse("rope", output_format="int16", angle_format="int4", multiplier_bits=2)
    rng = np.random.default_rng(3)
    x, cos, sin = rng.integers(-128, 128, (9, 8)), rng.integers(-8, 8, (9, 4)), rng.integers(-8, 8, 4)
    o = compute(params, "rope", x=x, cos=cos, sin=sin, multiplier=1, shift=0, zero_point=2)
    assert (o[:, 0::2] == x[:, 0::2] * cos - x[:, 1::2] * sin + 2).all()
    assert (o[:, 1::2] == x[:, 0::2] * sin + x[:, 1::2] * cos + 2).all()


def test_angles_are_those_of_the_paper() -> None:
    """RoFormer, arXiv 2104.09864, section 3.2.2: the i-th pair turns by position * 10000**(-2 i / N)."""
    params = parse("rope")
    made = scales.rope_angles(params, [0, 1], 4)
    one = 2**14
    assert made["cos"].tolist() == [[one, one], [round(one * np.cos(1)), round(one * np.cos(0.01))]]
    assert made["sin"].tolist() == [[0, 0], [round(one * np.sin(1)), round(one * np.sin(0.01))]]
    quarter = scales.rope_angles(params, pi / 2, 2, base=5.0)
    assert (quarter["cos"].tolist(), quarter["sin"].tolist()) == ([0], [one])


def test_each_vector_has_scales_of_its_own() -> None:
    params = parse("gelu")
    x = np.random.default_rng(4).integers(-128, 128, (2, 3, 10))
    own = np.array([[0.01, 0.1, 1.0], [0.02, 0.2, 2.0]])
    together = compute(params, "gelu", x=x, **scales.activation_scales(params, own, own))
    for i, j in itertools.product(range(2), range(3)):
        alone = compute(params, "gelu", x=x[i, j], **scales.activation_scales(params, own[i, j], own[i, j]))
        np.testing.assert_array_equal(together[i, j], alone)


def test_results_end_where_vectors_do() -> None:
    last = np.array([False, True, True])
    assert framing(parse("gelu"), {"x": {"last": last}})["o"].tolist() == last.tolist()
