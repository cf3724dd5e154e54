"""Pruning and the compressed form: what is kept, what comes back, and how many bits that takes."""

import re
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import rtloom
from rtloom.errors import InputError
from rtloom.generators.sparse.bits import join_bits, least_width, split_bits
from rtloom.generators.sparse.compress import bits_per_weight, compress, decompress
from rtloom.generators.sparse.family import SPARSE
from rtloom.generators.sparse.params import SparseParams
from rtloom.generators.sparse.prune import prune
from rtloom.generators.spec import presets
from rtloom.verif.golden.sparse import weights

PRESETS = [name for name, preset in presets().items() if preset.family is SPARSE]


@given(
    w=arrays(np.int8, st.tuples(st.integers(1, 3), st.integers(1, 20))),
    n=st.integers(0, 5),
    m=st.integers(1, 8),
)
def test_the_largest_magnitudes_of_each_block_are_kept(w: np.ndarray, n: int, m: int) -> None:
    """No pruned weight is larger than a kept one; of equal ones the earlier stay."""
    n = min(n, m)
    pruned = prune(w, n, m)
    assert pruned.dtype == w.dtype
    for row, left in zip(w.tolist(), pruned.tolist(), strict=True):
        for at in range(0, len(row), m):
            block = row[at : at + m]
            order = sorted(range(len(block)), key=lambda i: (-abs(block[i]), i))
            assert left[at : at + m] == [v if i in order[:n] else 0 for i, v in enumerate(block)]


def test_real_numbers_and_further_axes_are_pruned() -> None:
    assert prune([0.5, -0.75, 0.25, 0.0, 3.0], 1, 4).tolist() == [0, -0.75, 0, 0, 3]
    w = np.random.default_rng(1).normal(size=(2, 3, 16))
    np.testing.assert_array_equal(prune(w, 2, 4), np.stack([prune(part, 2, 4) for part in w]))
    assert prune(np.array([200, 100, 50, 250], dtype=np.uint8), 2, 4).tolist() == [200, 0, 0, 250]


BAD = [
    (([1, 2], 5, 4), "Sparse n must be an integer from 0 to m=4, not 5"),
    (([1, 2], True, 4), "Sparse n must be an integer from 0 to m=4, not True"),
    (([1, 2], 1, 0), "Sparse m must be an integer of at least 1, not 0"),
    (([1, np.nan], 1, 4), "Sparse w must hold finite numbers, not nan"),
    ((["a"], 1, 4), "Sparse w must hold numbers, not '<U1'"),
    (([[]], 1, 4), "Sparse w must have at least one axis and not be empty, not (1, 0)"),
]


@pytest.mark.parametrize(("given", "message"), BAD)
def test_bad_pruning_gets_one_line(given: tuple[Any, ...], message: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        prune(*given)


@given(
    widths=st.lists(st.sampled_from([2, 3, 4, 8]), min_size=1, max_size=30),
    seed=st.integers(0, 99),
    cut=st.floats(0, 1),
)
def test_bits_come_back(widths: list[int], seed: int, cut: float) -> None:
    """Codes of any widths, in two tiles with an empty one between them, take the fewest beats and come back."""
    first = int(len(widths) * cut)
    tile = np.array([0] * first + [2] * (len(widths) - first))
    rng = np.random.default_rng(seed)
    codes = np.stack([rng.integers(-(1 << w - 1), 1 << w - 1, 3) for w in widths]).astype(np.int8)
    beats, counts = join_bits(codes, np.array(widths), tile, 3)
    assert counts.tolist() == [-(-sum(widths[:first]) // 8), 0, -(-sum(widths[first:]) // 8)]
    np.testing.assert_array_equal(split_bits(beats, np.array(widths), tile, 3), codes)


def test_the_least_width_holds_both_extremes() -> None:
    low, high = np.array([0, -2, -2, -3, -4, 0, -5, -9, -128]), np.array([0, 1, 2, 0, 3, 4, 7, 0, 127])
    assert least_width((2, 3, 4, 8), low, high).tolist() == [0, 0, 1, 1, 1, 2, 2, 3, 3]


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("size", ["small", "ragged", "corner"])
@pytest.mark.parametrize("n", [None, 1, 2])
def test_a_compressed_matrix_comes_back(name: str, size: str, n: int | None) -> None:
    """What the multipliers see is in the beats, pruned where that was asked for; the parts' bits are the beats'."""
    params = rtloom.load(name).params
    _, tensors = SPARSE.example(params, size, 3)
    scales = {name: tensors[name] for name in ("weight_scale", "weight_zero", "scale_group") if name in tensors}
    packed = compress(params, tensors["w"], n, **scales)
    effective = weights(params, tensors["w"], **scales)
    expected = effective if n is None else prune(effective, n, params.block)
    np.testing.assert_array_equal(decompress(packed), expected)
    report = packed.report
    assert report.density == np.count_nonzero(expected) / expected.size
    ports = {port.name: port for port in SPARSE.ports(params)}
    raw = {name: ports[name].pack(beats).nbytes for name, beats in packed.streams.items()}
    assert report.bits["values"] <= 8 * raw["w"]
    assert report.bits["scales"] <= 8 * raw.get("scales", 0)
    if n is None:
        job = SPARSE.lower(params, "gemm", **tensors | {"a": np.ones(expected.shape[1])})
        for stream, beats in packed.streams.items():
            assert all(np.array_equal(job.inputs[stream][field], values) for field, values in beats.items())


def test_compressing_keeps_scaled_magnitudes() -> None:
    """What counts is how large a weight is when scaled; a pruned one has the code of its zero point."""
    params = SparseParams.parse({"weight_bits": "4", "scale_bits": 4, "zero_points": True})
    packed = compress(params, [[5, 6, 7, -1]], 1, weight_scale=2, weight_zero=6)
    assert decompress(packed).tolist() == [[0, 0, 0, -14]]
    assert packed.report.nonzero == 1


MIXED = {"weight_bits": "2,3,4,8", "scale_bits": 4, "zero_points": True}


@pytest.mark.parametrize("raw", [{}, {"gemv": True}, {"block": 16, "group": 2}, {"group": 16}, MIXED])
def test_bits_per_weight_are_those_of_a_large_matrix(raw: dict[str, Any]) -> None:
    """The formula equals what compressing counts, for every density and width."""
    params = SparseParams.parse(raw)
    rng = np.random.default_rng(1)
    shape = (2 * params.weight_rows * params.channels, 128)
    for n in params.kept:
        for bits in params.widths:
            w = prune(rng.choice([-(1 << bits - 1), (1 << bits - 1) - 1], shape), n, params.block)
            scales = {} if params.scale_bits is None else {"weight_scale": np.ones((shape[0], 2)), "scale_group": 64}
            report = compress(params, w, **scales).report
            got = bits_per_weight(params, n, bits, 64 if scales else None)
            if n:
                assert report.bits_per_weight == pytest.approx(got, abs=1e-12)
                assert report.panels[n] == 16
            else:
                # Of a tile without any weight a descriptor is left.
                assert report.bits_per_weight - got <= 2 * 8 / w.size
                assert report.panels[0] == 16


def test_two_of_four_at_four_bits_take_less_than_three_and_a_quarter() -> None:
    """Indices, descriptors and scales for each 128 of a row included."""
    params = rtloom.load("sparse-4x16-w4-scaled").params
    rng = np.random.default_rng(2)
    w = rng.integers(-7, 8, (256, 512))
    report = compress(params, w, 2, weight_scale=rng.integers(1, 16, (256, 4)), scale_group=128).report
    assert report.bits_per_weight == bits_per_weight(params, 2, 4, 128) <= 3.25
    assert str(report).startswith("131072 weights, density ")
    assert "3.051 bits per weight (values 2.000, indices 1.000, descriptors 0.020, scales 0.031; exact)" in str(report)
    assert report.to_dict()["bits_per_weight"]["value"] == report.bits_per_weight


def test_windows_that_are_not_sent_cost_one_bit() -> None:
    params = SparseParams.parse({"rows": 1, "chains": 1, "length": 8, "group": 2})
    w = np.zeros((8, 80), dtype=int)
    w[:, 3] = 1
    report = compress(params, w).report
    assert report.panels == {0: 18, 1: 2, 2: 0, 4: 0}
    assert report.bits == {"values": 2 * 8 * 8, "indices": 2 * 8 * 2, "descriptors": 2 * 3 + 20, "scales": 0}
    assert np.array_equal(decompress(compress(params, 0 * w)), 0 * w)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: compress(p, [1, 2]), "Sparse w must have 2 axes, (N, K), not (2,)"),
        (lambda p: compress(p, [[200]]), "Sparse w must hold int8 values, -128 to 127, not 200"),
        (lambda p: compress(p, [[1]], 5), "Sparse n must be an integer from 0 to m=4, not 5"),
        (
            lambda p: compress(p, [[1]], weight_scale=1),
            "Sparse weight_scale must be left out: the design was built without scale_bits",
        ),
        (
            lambda p: compress(p, [[1]], scale=1),
            "Sparse compress has no argument 'scale'; it has w, n, weight_scale, weight_zero, scale_group",
        ),
        (lambda p: bits_per_weight(p, 3), "Sparse n must be one of 0, 1, 2, 4, not 3"),
        (lambda p: bits_per_weight(p, 2, 4), "Sparse bits must be one of 8, not 4"),
    ],
)
def test_bad_compression_gets_one_line(call: Any, message: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        call(SparseParams.parse({}))


def test_large_matrices_are_compressed_in_seconds() -> None:
    params = SparseParams.parse({})
    w = np.random.default_rng(0).integers(-128, 128, (2048, 4096), dtype=np.int8)
    began = time.process_time()
    packed = compress(params, w, 2)
    assert time.process_time() - began < 20
    assert packed.report.panels == {0: 0, 1: 0, 2: 128 * 256, 4: 0}
