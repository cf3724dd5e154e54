"""The sparse family's parameters and streams: what goes together, what follows from it, in what words it is refused."""

import re
from typing import Any

import pytest

import rtloom
from rtloom.errors import InputError
from rtloom.generators.sparse.family import SPARSE
from rtloom.generators.sparse.params import SparseParams
from rtloom.generators.spec import families, presets

PRESETS = [name for name, preset in presets().items() if preset.family is SPARSE]


def parse(raw: dict[str, Any]) -> SparseParams:
    return SparseParams.parse(raw)


BAD = [
    ({"rows": 0}, "Sparse rows must be an integer from 1 to 16, not 0"),
    ({"block": 6}, "Sparse block must be 4, 8 or 16, not 6"),
    ({"a_format": "uint8"}, "Sparse a_format must be int2 to int8, not 'uint8'"),
    ({"a_format": "int9"}, "Sparse a_format must be int2 to int8, not 'int9'"),
    ({"a_format": "ternary"}, "Sparse a_format must be int2 to int8, not 'ternary'"),
    ({"weight_bits": "3"}, "Sparse weight_bits must be 8, 4, 2, 4,8, 2,4,8 or 2,3,4,8, not '3'"),
    ({"length": 18}, "Sparse length must be a multiple of block=4, not 18"),
    ({"group": 5}, "Sparse group must divide length=16 by a power of two, not 5"),
    ({"length": 24, "group": 8}, "Sparse group must divide length=24 by a power of two, not 8"),
    ({"length": 32}, "Sparse group must be at least length / block = 8, not 4"),
    ({"rows": 3, "packing": 1}, "Sparse rows must be even with packing, not 3"),
    ({"packing": 8}, "Sparse packing must divide group=4, not 8"),
    ({"length": 12, "group": 6, "packing": 4}, "Sparse packing must divide group=6, not 4"),
    ({"zero_points": True}, "Sparse zero_points must be false without scale_bits, not True"),
    ({"activation": "relu"}, "Sparse activation must be left at none in a design without requantize, not 'relu'"),
    (
        {"multiplier_bits": 8},
        "Sparse multiplier_bits must be left at 16 in a design without requantize, not 8",
    ),
    (
        {"output_format": "int4"},
        "Sparse output_format must be left at int8 in a design without requantize, not 'int4'",
    ),
    (
        {"requantize": True, "output_format": "ternary"},
        "Sparse output_format must be an integer format, not 'ternary'",
    ),
]


@pytest.mark.parametrize(("raw", "message"), BAD)
def test_combinations_that_cannot_be_are_one_line(raw: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        parse(raw)


@pytest.mark.parametrize(
    ("raw", "kept", "panel_rows"),
    [
        ({}, (0, 1, 2, 4), 4),
        ({"block": 16, "group": 2}, (0, 2, 4, 8, 16), 8),
        ({"block": 16, "group": 1}, (0, 1, 2, 4, 8, 16), 16),
        ({"block": 8, "group": 8}, (0, 4, 8), 2),
        ({"group": 16}, (0, 4), 1),
    ],
)
def test_group_decides_which_n_there_are(raw: dict[str, Any], kept: tuple[int, ...], panel_rows: int) -> None:
    """A group is what the least N above 0 needs of a window; N doubles up to the whole block."""
    params = parse(raw)
    assert (params.kept, params.panel_rows) == (kept, panel_rows)
    assert all(n * params.length == params.block * params.group << level for level, n in enumerate(kept[1:]))


@pytest.mark.parametrize(("bits", "a_name"), [("8", "int8"), ("2", "int2"), ("2,4,8", "int5")])
@pytest.mark.parametrize("scale_bits", [None, 4])
def test_the_accumulator_holds_the_largest_sum_and_not_less(bits: str, a_name: str, scale_bits: int | None) -> None:
    params = parse({"weight_bits": bits, "a_format": a_name, "scale_bits": scale_bits, "max_reduction": 1000})
    lo = 1 << params.a_format.bits - 1
    most = lo * (1 << params.weight_format.bits - 1) * 1000
    assert params.weight_format.bits == (int(bits.rsplit(",", maxsplit=1)[-1]) if scale_bits is None else 8)
    assert most < 1 << params.sum_bits - 1 <= 2 * most


STREAMS = [
    ({}, ["panels", "a", "w", "index", "o"], {"w": 512, "index": 128, "a": 256, "panels": 2, "o": 256}),
    ({"group": 16}, ["panels", "a", "w", "o"], {"panels": 1}),
    ({"weight_bits": "2,4,8"}, ["panels", "a", "w", "index", "o"], {"w": 512, "panels": 4}),
    ({"weight_bits": "4", "scale_bits": 3}, ["panels", "a", "w", "index", "scales", "o"], {"w": 256, "scales": 48}),
    (
        {"weight_bits": "4", "scale_bits": 3, "zero_points": True},
        ["panels", "a", "w", "index", "scales", "o"],
        {"scales": 16 * 7, "panels": 3},
    ),
    ({"gemv": True}, ["panels", "a", "w", "index", "o"], {"w": 1024, "index": 256, "a": 256, "o": 256, "panels": 3}),
    ({"bias": True}, ["panels", "a", "w", "index", "epilogue", "o"], {"epilogue": 4 * 30}),
    (
        {"requantize": True, "activation": "relu"},
        ["panels", "a", "w", "index", "epilogue", "o"],
        {"epilogue": 4 * (16 + 6) + 8 + 1, "o": 64},
    ),
]


@pytest.mark.parametrize(("raw", "names", "widths"), STREAMS)
def test_streams_follow_from_the_parameters(raw: dict[str, Any], names: list[str], widths: dict[str, int]) -> None:
    ports = {port.name: port for port in SPARSE.ports(parse(raw))}
    assert list(ports) == names
    assert {name: ports[name].width for name in widths} == widths
    assert [name for name, port in ports.items() if port.last] == ["panels", "o"]


def test_the_presets_are_what_their_names_say() -> None:
    named = ("4x16-int8", "2x16-n16-int8", "4x16-w4-scaled", "4x16-mixed", "4x16-int8-packed", "2x64-int8")
    assert set(PRESETS) >= {f"sparse-{name}" for name in (*named, "layer", "small")}
    for name in PRESETS:
        params = rtloom.load(name).params
        found = re.match(r"sparse-(\d+)x(\d+)-", name)
        if found:
            assert (params.chains, params.length) == tuple(map(int, found.groups()))
    assert rtloom.load("sparse-4x16-int8").params == parse({})
    assert rtloom.load("sparse-2x16-n16-int8").params.kept == (0, 2, 4, 8, 16)
    assert families()["sparse"] is SPARSE


@pytest.mark.parametrize(("name", "peak"), [("sparse-4x16-int8", 128), ("sparse-small", 8), ("sparse-2x64-int8", 256)])
def test_peak_is_the_number_of_products(name: str, peak: int) -> None:
    assert SPARSE.peak(rtloom.load(name).params) == peak
