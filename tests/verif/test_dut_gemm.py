"""Matrix units of other hands, known by a manifest alone: ours and hand-written ones, right and broken."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rtloom.errors import InputError
from rtloom.generators.design import emit_design
from rtloom.generators.spec import load
from rtloom.verif.dut.gemm_golden import compute, framing
from rtloom.verif.dut.gemm_manifest import read_gemm
from rtloom.verif.dut.gemm_tiles import GemmTiles
from rtloom.verif.dut.gemm_walk import steps
from rtloom.verif.dut.kind import verify_kind
from rtloom.verif.jobs import jobs_of
from rtloom.verif.vectors import make_vectors

HERE = Path(__file__).parent / "gemm"
FREE = ["small_free_flow", "ragged_free_flow", "minimum_free_flow"]
FEW = [*FREE, "ragged_back_pressure", "ragged_freeze", "ragged_slow_output", "reset_halfway"]
MAC: dict[str, Any] = json.loads((HERE / "mac.json").read_text())
OUTER: dict[str, Any] = json.loads((HERE / "outer.json").read_text())
OUTPUT_STATIONARY = {
    "m": 2,
    "n": 2,
    "a": {"beats": ["m_tile", "n_tile", "k"], "lanes": ["m"], "last": "k"},
    "b": {"beats": ["m_tile", "n_tile", "k"], "lanes": ["n"]},
    "c": {"beats": ["m_tile", "n_tile", "m"], "lanes": ["n"], "last": "m"},
}
WEIGHT_STATIONARY = {
    "n": 2,
    "k": 2,
    "max_m": 5,
    "a": {"beats": ["n_tile", "k_tile", "m"], "lanes": ["k"], "last": "m"},
    "b": {"beats": ["n_tile", "k_tile", "k"], "lanes": ["n"], "last": "k_tile"},
    "c": {"beats": ["n_tile", "m"], "lanes": ["n"], "last": "m"},
}


def found(tmp_path: Path, name: str, **changes: str) -> Any:
    text = (HERE / f"{name}.v").read_text()
    for old, new in changes.values():
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "mine.v").write_text(text)
    return verify_kind("gemm", HERE / f"{name}.json", [tmp_path / "mine.v"], only=FEW)


@pytest.mark.parametrize("name", ["mac", "outer"])
def test_a_unit_written_by_hand_passes(name: str) -> None:
    report = verify_kind("gemm", HERE / f"{name}.json", [HERE / f"{name}.v"])
    assert report.passed, report
    assert report.report is not None
    ran = {outcome.scenario for outcome in report.report.outcomes}
    assert {"small_free_flow", "corner_free_flow", "maximum_both", "deep_free_flow", "reset_early"} <= ran
    assert (report.to_dict()["spec"], report.to_dict()["class"]) == (name, "passed")


@pytest.mark.parametrize(
    ("params", "tiles"),
    [({}, OUTPUT_STATIONARY), ({"dataflow": "weight_stationary", "accumulator_rows": 5}, WEIGHT_STATIONARY)],
)
def test_a_design_of_rtloom_passes_by_its_manifest(
    params: dict[str, Any], tiles: dict[str, Any], tmp_path: Path
) -> None:
    shape = {"rows": 2, "cols": 2, "max_reduction": 64}
    design = emit_design(load({"family": "systolic", "name": "tiny", "params": {**shape, **params}}))
    (tmp_path / "tiny.v").write_text(design.verilog)
    raw = design.manifest.to_dict() | {"tiles": tiles | {"max_k": 64}}
    (tmp_path / "tiny.json").write_text(json.dumps(raw))
    report = verify_kind("gemm", tmp_path / "tiny.json", [tmp_path / "tiny.v"], only=[*FEW, "axi_both"])
    assert report.passed, report


NARROW = """wire signed [15:0] product = a * b;
  wire signed [SUM-1:0] next = sum + $signed(product[14:0]);"""
CLEARED = "draining <= 0;\n          for (r = 0; r < N * N; r = r + 1) sums[r] <= 0;"
BROKEN = {
    "swapped": ("outer", ("sums[{row, 2'b00} + j]", "sums[4 * j + row]"), "wrong_from_the_first_beat"),
    "kept": ("outer", (CLEARED, "draining <= 0;"), "wrong_results"),
    "narrow": ("mac", ("wire signed [SUM-1:0] next = sum + a * b;", NARROW), "wrong_on_corner_values"),
    "hasty": ("mac", ("wire room = !c_valid || c_ready;", "wire room = 1;"), "protocol_violated"),
    "half_reset": ("mac", ("      sum <= 0;\n      c_valid", "      c_valid"), "wrong_from_the_first_beat"),
    "narrow_port": ("mac", ("parameter SUM = 24", "parameter SUM = 23"), "port_width"),
    "end": ("outer", ("assign c_end = row == N - 1;", "assign c_end = row == N - 1 && !give;"), "wrong_last"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_units_are_classified(name: str, tmp_path: Path) -> None:
    unit, change, expected = BROKEN[name]
    report = found(tmp_path, unit, change=change)
    assert report.finding.name == expected, report.finding


def test_the_walk_of_a_ragged_product() -> None:
    tiles = GemmTiles.parse(OUTPUT_STATIONARY)
    sizes = {"m": 3, "n": 2, "k": 2}
    a = steps(tiles, "a", sizes)
    assert a.place["m"].tolist() == [[0, 1], [0, 1], [2, 3], [2, 3]]
    assert a.place["k"][:, 0].tolist() == [0, 1, 0, 1]
    assert a.real.tolist() == [[True, True], [True, True], [True, False], [True, False]]
    assert a.last.tolist() == [False, True, False, True]
    assert steps(tiles, "c", sizes).last.tolist() == [False, True, False, True]
    cut = steps(tiles.replace(edges="cut"), "c", sizes)
    assert cut.place["m"][:, 0].tolist() == [0, 1, 2]
    assert cut.last.tolist() == [False, True, True]


def test_loops_may_count_down_and_lanes_hold_two_axes() -> None:
    walk = {"m": 2, "k": 2, "a": {"beats": ["m_tile", "-k_tile"], "lanes": ["m", "k"]}}
    walk |= {"b": {"beats": ["n", "k_tile"], "lanes": ["k"]}, "c": {"beats": ["m_tile", "n"], "lanes": ["m"]}}
    a = steps(GemmTiles.parse(walk), "a", {"m": 2, "n": 1, "k": 4})
    assert a.place["m"].tolist() == [[0, 0, 1, 1], [0, 0, 1, 1]]
    assert a.place["k"].tolist() == [[2, 3, 2, 3], [0, 1, 0, 1]]


def test_repetitions_are_cut_at_edges_too() -> None:
    walk = {"n": 2, "edges": "cut", "a": {"beats": ["m", "n_tile", "n", "k"]}}
    walk |= {"b": {"beats": ["m", "n_tile", "n", "k"]}, "c": {"beats": ["m", "n_tile", "n"]}}
    tiles, sizes = GemmTiles.parse(walk), {"m": 1, "n": 3, "k": 2}
    assert len(steps(tiles, "a", sizes).real) == len(steps(tiles, "b", sizes).real) == 6
    assert steps(tiles, "b", sizes).place["n"][:, 0].tolist() == [0, 0, 1, 1, 2, 2]


def test_partial_sums_are_those_of_each_tile(tmp_path: Path) -> None:
    raw = {**OUTER, "tiles": {
        "m": 4, "n": 4, "k": 3,
        "a": {"beats": ["m_tile", "n_tile", "k_tile", "k"], "lanes": ["m"]},
        "b": {"beats": ["m_tile", "n_tile", "k_tile", "k"], "lanes": ["n"], "last": "k"},
        "c": {"beats": ["m_tile", "n_tile", "k_tile", "m"], "lanes": ["n"], "last": "m"},
    }}  # fmt: skip
    (tmp_path / "m.json").write_text(json.dumps(raw))
    _, spec = read_gemm(tmp_path / "m.json")
    rng = np.random.default_rng(1)
    a, b = rng.integers(-128, 128, (5, 7)), rng.integers(-128, 128, (7, 6))
    result = compute(spec.params, "gemm", a, b)  # type: ignore[arg-type]
    assert np.array_equal(result.sum(axis=0), a @ b)
    assert np.array_equal(result[2], a[:, 6:] @ b[6:])
    vectors = make_vectors(spec.family, spec.params, "gemm", {"a": a, "b": b})
    assert vectors.expected["c"].fields["data"][8].tolist() == result[2, 0, :4].tolist()
    # The same array does it: each tile of k ends with the flag.
    report = verify_kind("gemm", tmp_path / "m.json", [HERE / "outer.v"], only=FREE)
    assert report.passed, report


def test_golden_is_numpy_and_flags_are_known_where_described() -> None:
    _, spec = read_gemm(HERE / "outer.json")
    vectors = make_vectors(spec.family, spec.params, *spec.family.example(spec.params, "ragged", 3))
    assert vectors.result.dtype == np.int64
    assert vectors.expected["c"].last is not None
    assert framing(spec.params, {}) == {}  # type: ignore[arg-type]
    operation, tensors = jobs_of(spec.family).make(spec.params, "tiles", "random", 5)
    made = make_vectors(spec.family, spec.params, operation, tensors)
    assert np.array_equal(made.result, tensors["a"] @ tensors["b"])
    assert tensors["a"].shape == (8, 10)
    deep = jobs_of(spec.family).make(spec.params, "deep", "random", 5)[1]["a"]
    assert deep.shape == (4, (1 << 19) // (128 * 128) - 1)


def changed(raw: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return a copy in which one value, or the whole of a key, is another; None removes it."""
    copy = json.loads(json.dumps(raw))
    *outer, last = path.split(".")
    at = copy
    for key in outer:
        at = at[int(key)] if isinstance(at, list) else at[key]
    if value is None:
        del at[last]
    else:
        at[last] = value
    return copy


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("top", None, r"^Manifest .* must have the key 'top', which is missing$"),
        ("tiles", None, r"^Manifest .* must have an object 'tiles' that says how the matrices are walked$"),
        ("streams", None, r"^Manifest .* must have the key 'streams', which is missing$"),
        ("tiles.a", None, r"^Gemm tiles a must be given: Walk$"),
        ("tiles.a.beats", None, r"^Gemm tiles a must have the key 'beats', which is missing$"),
        ("tiles.a.beats", ["m_tile", "n_tile"], r"^Gemm tiles a must walk k once, in its beats or in its lanes, not "),
        ("tiles.a.beats", ["k"], r"^Gemm tiles a must have the loop m_tile once, as m has tiles, not \['k'\]$"),
        ("tiles.a.beats", ["m_tile", "j"], r"^Gemm tiles a beats must be loops among m, -m, m_tile, .*, not 'j'$"),
        ("tiles.a.beats", ["k", "-k"], r"^Gemm tiles a beats must have each loop once, not \['k', '-k'\]$"),
        (
            "tiles.a.beats",
            ["k_tile", "m_tile", "k"],
            r"^Gemm tiles a must have no loop k_tile, as k has no tile size, ",
        ),
        ("tiles.a.lanes", ["k", "m"], r"^Gemm tiles a must have no lanes over k, which has no tile size, not "),
        ("tiles.a.lanes", ["x"], r"^Gemm tiles a lanes must be a list of m, n and k, not \['x'\]$"),
        ("tiles.a.order", [], r"^Gemm tiles a has no key 'order'; it has beats, lanes, last, stream$"),
        ("tiles.a.stream", "z", r"^Gemm tiles a stream must be one of a, b, c, not 'z'$"),
        ("tiles.a.stream", "c", r"^Stream c of Gemm tiles a must be an input, not 'out'$"),
        ("tiles.a.stream", "b", r"^Gemm tiles a must say with 'last' at the end of which loop the flag of b is set$"),
        ("tiles.a.last", "k", r"^Gemm tiles a last must be left out, as stream a has no such flag, not 'k'$"),
        ("tiles.b.last", None, r"^Gemm tiles b must say with 'last' at the end of which loop the flag of b is set$"),
        ("tiles.b.last", "m", r"^Gemm tiles b last must be one of its loops m_tile, n_tile, k, not 'm'$"),
        (
            "tiles.c.beats",
            ["m_tile", "n_tile", "m", "k"],
            r"^Gemm tiles c must not walk k, which it does not have, not ",
        ),
        ("tiles.m", 0, r"^Gemm tiles m must be an integer from 1 to 65536 or null, not 0$"),
        ("tiles.m", 3, r"^Stream a of Gemm tiles a must have 3 lanes, as it walks, not 4$"),
        ("tiles.max_k", 40, r"^Gemm tiles max_k must be at most 31, as int20 holds no longer sum, not 40$"),
        ("streams.2.fields.0.format", "int15", r"^Stream of C must hold the sum of 1 products of int8 and int8, not "),
        ("tiles.edges", "wrap", r"^Gemm tiles edges must be pad or cut, not 'wrap'$"),
    ],
)
def test_bad_manifests(path: str, value: Any, message: str, tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text(json.dumps(changed(OUTER, path, value)))
    with pytest.raises(InputError, match=message):
        read_gemm(tmp_path / "m.json")


def test_files_that_are_no_manifest(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text("{")
    with pytest.raises(InputError, match=r"^Manifest must be a JSON file that can be read, not '"):
        read_gemm(tmp_path / "m.json")
    (tmp_path / "m.json").write_text("[]")
    with pytest.raises(InputError, match=r"^Manifest .*m\.json must hold a JSON object, not \[\]$"):
        read_gemm(tmp_path / "m.json")
    with pytest.raises(InputError, match=r"^Kind must be gemm, not 'conv'$"):
        verify_kind("conv", HERE / "mac.json", [HERE / "mac.v"])
    with pytest.raises(InputError, match=r"^Verilog file must exist, not '"):
        verify_kind("gemm", HERE / "mac.json", [tmp_path / "none.v"])


def test_a_top_of_another_name_and_streams_that_are_none_of_the_matrices(tmp_path: Path) -> None:
    assert read_gemm(HERE / "mac.json", "other")[0].top == "other"
    spare = {**MAC["streams"][1], "name": "d"}
    (tmp_path / "m.json").write_text(json.dumps({**MAC, "streams": [*MAC["streams"], spare]}))
    with pytest.raises(InputError, match=r"^Manifest streams must be those of a, b and c: a, b, c, not 'd'$"):
        read_gemm(tmp_path / "m.json")
    both = changed(MAC, "tiles.b.stream", "a")
    both["tiles"]["b"]["last"] = "k"
    (tmp_path / "m.json").write_text(json.dumps(both))
    with pytest.raises(
        InputError, match=r"^Gemm tiles must give each matrix a stream of its own, not \['a', 'a', 'c'\]$"
    ):
        read_gemm(tmp_path / "m.json")


def test_no_hardware_and_no_random_units_come_from_a_manifest() -> None:
    _, spec = read_gemm(HERE / "mac.json")
    with pytest.raises(InputError, match=r"^Kind gemm must be given Verilog; rtloom makes none from a manifest$"):
        spec.family.component(spec.params)
    with pytest.raises(InputError, match=r"^Kind gemm must be described by a manifest, not drawn with Generator$"):
        jobs_of(spec.family).draw(np.random.default_rng(0))
    with pytest.raises(InputError, match=r"^Gemm operation must be gemm, not 'conv2d'$"):
        spec.family.lower(spec.params, "conv2d")
    assert spec.family.peak(spec.params) == 1
    assert spec.family.describe_timing(spec.params)["source"] == "none"
