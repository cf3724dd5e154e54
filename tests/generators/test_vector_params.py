"""The vector family's parameters, widths and streams: what goes together, what follows, in what words it is refused."""

import re
from typing import Any

import numpy as np
import pytest

import rtloom
from rtloom.errors import InputError
from rtloom.generators.spec import families, presets
from rtloom.generators.vector.activation_shape import ActivationShape
from rtloom.generators.vector.family import VECTOR
from rtloom.generators.vector.norm_shape import NormShape
from rtloom.generators.vector.params import UNITS, USES, VectorParams
from rtloom.generators.vector.softmax_shape import SoftmaxShape
from rtloom.generators.vector.timing import cycles, latency, three_passes, tree_latency

PRESETS = [name for name, preset in presets().items() if preset.family is VECTOR]


def parse(unit: str, **raw: Any) -> VectorParams:
    return VectorParams.parse({"unit": unit, **raw})


WORDS = "softmax, layernorm, rmsnorm, gelu, silu or rope"
BAD = [
    ({"unit": "tanh"}, f"Vector unit must be {WORDS}, not 'tanh'"),
    ({"lanes": 0}, "Vector lanes must be an integer from 1 to 64, not 0"),
    ({"unit": "rope", "lanes": 3}, "Vector lanes must be even for rope, not 3"),
    ({"input_format": "uint8"}, "Vector input_format must be int4 to int16, not 'uint8'"),
    ({"input_format": "int3"}, "Vector input_format must be int4 to int16, not 'int3'"),
    ({"input_format": "ternary"}, "Vector input_format must be int4 to int16, not 'ternary'"),
    ({"unit": "rmsnorm", "gamma_format": "uint8"}, "Vector gamma_format must be int4 to int16, not 'uint8'"),
    ({"unit": "rope", "angle_format": "int2"}, "Vector angle_format must be int4 to int16, not 'int2'"),
    (
        {"output_format": "uint3"},
        "Vector output_format must be int4 to int16 or uint4 to uint16 for gelu, not 'uint3'",
    ),
    (
        {"unit": "softmax", "output_format": "int8"},
        "Vector output_format must be uint4 to uint16 for softmax, not 'int8'",
    ),
    (
        {"output_format": "bipolar"},
        "Vector output_format must be int4 to int16 or uint4 to uint16 for gelu, not 'bipolar'",
    ),
    ({"fraction_bits": 4, "table_bits": 5}, "Vector table_bits must be at most fraction_bits=4, not 5"),
    ({"fraction_bits": 21}, "Vector fraction_bits must be an integer from 4 to 20 or null, not 21"),
    ({"max_length": 64}, "Vector max_length must be left at 1024 for gelu, not 64"),
    ({"affine": "none"}, "Vector affine must be left at null for gelu, not 'none'"),
    ({"unit": "softmax", "gamma_format": "int4"}, "Vector gamma_format must be left at int8 for softmax, not 'int4'"),
    ({"unit": "softmax", "pairing": "halves"}, "Vector pairing must be left at adjacent for softmax, not 'halves'"),
    ({"unit": "rope", "table_bits": 4}, "Vector table_bits must be left at 5 for rope, not 4"),
    ({"unit": "rope", "fraction_bits": 9}, "Vector fraction_bits must be left at null for rope, not 9"),
]


@pytest.mark.parametrize(("raw", "message"), BAD)
def test_what_cannot_be_is_one_line(raw: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        VectorParams.parse(raw)


def test_every_parameter_changes_the_streams_or_the_hardware_of_the_units_that_take_it() -> None:
    """None is taken and ignored: the units that have a use for it are those of `USES`, or all."""
    everywhere = {"unit", "lanes", "input_format", "output_format", "multiplier_bits"}
    assert set(VectorParams.model_fields) == everywhere | set(USES)
    assert {unit for units in USES.values() for unit in units} == set(UNITS)


STREAMS = [
    ("gelu", {}, {"x": 32, "scale": 16 + 6 + 16 + 16 + 6 + 8, "o": 32}),
    ("silu", {"lanes": 1, "output_format": "uint4"}, {"x": 8, "scale": 16 + 6 + 16 + 16 + 6 + 4, "o": 4}),
    ("rope", {"angle_format": "int12"}, {"x": 32, "scale": 16 + 6 + 8, "angles": 2 * 2 * 12, "o": 32}),
    ("softmax", {}, {"x": 32 + 3, "scale": 22, "o": 32}),
    ("softmax", {"lanes": 1, "multiplier_bits": 9}, {"x": 8, "scale": 15, "o": 8}),
    ("layernorm", {"affine": "none"}, {"x": 35, "scale": 35 + 16 + 6 + 8, "o": 32}),
    ("rmsnorm", {}, {"x": 35, "scale": 35 + 16 + 6 + 8, "affine": 32, "o": 32}),
    ("layernorm", {}, {"x": 35, "scale": 35 + 16 + 6 + 8, "affine": 4 * (8 + 17 + 8), "o": 32}),
]


@pytest.mark.parametrize(("unit", "raw", "widths"), STREAMS)
def test_streams_follow_from_the_parameters(unit: str, raw: dict[str, Any], widths: dict[str, int]) -> None:
    ports = VECTOR.ports(parse(unit, **raw))
    assert {port.name: port.width for port in ports} == widths
    assert [port.name for port in ports if port.last] == ["x", "o"]


def test_tables_are_as_small_as_published() -> None:
    """GELU: 177 knots a 32nd apart up to 5.5 (Edge-MoE, ICCAD 2023), and an error below 1e-4."""
    shape = ActivationShape(parse("gelu"))
    assert shape.table.segments + 1 == 177
    assert shape.reach == 5.5 * 2**shape.params.fraction
    assert ActivationShape(parse("silu")).table.segments == 12 * 32


@pytest.mark.parametrize("length", [1, 5, 64, 1000, 16384])
@pytest.mark.parametrize("x", ["int4", "int8", "int16"])
def test_the_widths_of_norms_hold_the_largest_vectors(length: int, x: str) -> None:
    """Every element at an end of its range gives the largest sums, spreads and deviations."""
    shape = NormShape(parse("layernorm", max_length=length, input_format=x))
    lo, hi = shape.params.x_format.lo, shape.params.x_format.hi
    halves = np.array([lo] * (length // 2) + [hi] * (length - length // 2), dtype=object)
    for vector in (np.full(length, lo, dtype=object), np.full(length, hi, dtype=object), halves):
        total, squares = int(vector.sum()), int((vector * vector).sum())
        assert shape.sum_format.lo <= total <= shape.sum_format.hi
        assert squares < 1 << shape.square_bits
        assert length * squares < 1 << shape.spread_bits
        deviations = length * vector - total
        assert shape.deviation.lo <= deviations.min() <= deviations.max() <= shape.deviation.hi
    assert shape.epsilon.bits + 1 <= 62
    assert shape.normal.hi >= length**0.5 * 2**shape.params.fraction


@pytest.mark.parametrize("raw", [{}, {"output_format": "uint16", "input_format": "int16", "max_length": 16384}])
def test_the_sum_of_powers_holds_a_vector_of_ones(raw: dict[str, Any]) -> None:
    shape = SoftmaxShape(parse("softmax", **raw))
    assert shape.power_table.y_range[1] <= 1 << shape.table_result_bits
    assert shape.params.max_length << shape.power_bits < 1 << shape.sum_bits
    assert shape.sum_bits + shape.held_bits < 128
    assert shape.reciprocal_table.y_range[1] < 1 << shape.reciprocal_width
    assert 0 < shape.longest_shift < 64


@pytest.mark.parametrize(("lanes", "expected"), [(1, 0), (2, 1), (3, 1), (4, 1), (5, 2), (16, 2), (17, 3), (64, 3)])
def test_two_levels_of_a_tree_take_a_cycle(lanes: int, expected: int) -> None:
    assert tree_latency(lanes) == expected


def test_one_pass_takes_a_third_of_the_beats_of_three() -> None:
    params = parse("softmax")
    assert cycles(params, 64, 128) - latency(params) == 64 * 128 + 126
    assert 2.9 < three_passes(params, 64, 128) / cycles(params, 64, 128) < 3


def test_the_presets_are_what_their_names_say() -> None:
    assert {name.removeprefix("vector-") for name in PRESETS} == set(UNITS)
    for name in PRESETS:
        assert rtloom.load(name).params.unit == name.removeprefix("vector-")
    assert families()["vector"] is VECTOR


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_has_one_operation_its_own(unit: str) -> None:
    params = parse(unit)
    assert VECTOR.operations_of(params) == (unit,)
    assert VECTOR.peak(params) == params.lanes * params.products
