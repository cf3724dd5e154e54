"""The tables of docs/sparse.md: each figure at its place, none lost, and what is computed is what the code computes."""

import json
from pathlib import Path

import pytest

from rtloom.docs import sparse_tables
from rtloom.figures import Figure

from .benchmarks import llama_bytes

DOCS = Path(__file__).resolve().parent.parent / "docs"


@pytest.fixture(scope="module")
def measured():
    """Return the figures that the pages show."""
    return json.loads((DOCS / "bench.json").read_text())["figures"]


def cells(text):
    """Return the rows of all tables in a text, heads included, lines below heads left out."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    return [row for row in rows if row[0] != "---"]


def test_without_figures_there_are_no_tables():
    tables = ("speed", "unit", "bit")
    for make in (*(getattr(sparse_tables, f"{name}_table") for name in tables), sparse_tables.block_tables):
        assert make({"figures": {}}) == ""
    assert sparse_tables.byte_tables({"figures": {}}) == ""
    assert sparse_tables.matrix_table({"feed_forward": {"skipped": "why"}}) == ""


def test_bytes_of_the_model_are_those_that_the_formats_give(measured):
    computed = {label: figure.to_dict() for label, figure in llama_bytes.figures().items()}
    assert {label: plain for label, plain in measured["sparse"].items() if label in computed} == computed


def test_every_case_of_the_model_adds_up():
    figures = llama_bytes.figures()
    rows = cells(sparse_tables.byte_tables({"figures": {"sparse": {k: f.to_dict() for k, f in figures.items()}}}))
    schemes, cases = rows[1:5], rows[6:]
    assert [row[0] for row in schemes] == list(llama_bytes.SCHEMES)
    assert [row[0] for row in cases] == [f"{name}, KV{bits}" for name in llama_bytes.SCHEMES for bits in (8, 4)]
    for name, *parts, whole in schemes:
        found = [figures[f"{name}, {part}"].value for part in (*sparse_tables.PARTS, "bits a weight")]
        assert sum(found[:-1]) == pytest.approx(found[-1])
        assert [*parts, whole] == [Figure(value, "bit/weight", "").short for value in found]
    for case, *parts, _, rate in cases:
        start = f"LLaMA-2-7B {case}, context 1024, "
        moved = [figures[start + part].value for part in sparse_tables.MOVED]
        assert parts == [Figure(value, "MB/token", "").short for value in moved]
        assert rate == Figure(460e9 / (1e6 * sum(moved)), "tokens/s", "").short


def test_speed_of_each_density():
    start = "SpMV 8x8 on some-chains in GEMV mode, "
    plain = {f"{start}dense chains, dense matrix, {what}": n for what, n in {"cycles": 80, "utilisation": 99}.items()}
    run = {"cycles": 20, "utilisation": 98.765, "speed-up": 4, "speed-up over M/N": 100}
    labels = plain | {f"{start}1:4, {what}": value for what, value in run.items()} | {"3 equal to golden": 3}
    figures = {label: {"value": value, "unit": "u", "source": "s"} for label, value in labels.items()}
    text = sparse_tables.speed_table({"figures": {"sparse": figures}})
    assert text.startswith("SpMV 8x8 on `some-chains` in GEMV mode:")
    assert cells(text)[1:] == [
        ["dense chains, dense matrix", "80 u", "99.00 %", "", ""],
        ["1:4", "20 u", "98.77 %", "4 u", "100.00 %"],
        ["what", "count", "source"],
        ["3 equal to golden", "3 u", "s"],
    ]


def test_no_unit_and_no_array_is_lost(measured):
    units = [label for label in measured["sparse_area"] if label.endswith("over plain dense")]
    head, whole, *rows = cells(sparse_tables.unit_table({"figures": measured}))
    assert whole[0] == "plain dense"
    assert len(rows) * (len(head) - 1) == len(units) > 10
    for label in units:
        percent = f"{measured['sparse_area'][label]['value']:.2f} %"
        assert any(cell.endswith(f", {percent}") for row in rows for cell in row[1:])
    tables = cells(sparse_tables.block_tables({"figures": measured}))
    second = next(at for at, row in enumerate(tables) if row[0].startswith("systolic array"))
    found = [cell for row in tables[1:second] for cell in row[1:] if cell]
    assert len(found) == sum("for an INT8 MAC" in label for label in measured["sparse_area"]) > 5
    assert ["16x16 int8 on xilinx", "256 DSP → 128 DSP"] in [row[:2] for row in tables[second:]]
    assert len(tables[second + 1 :]) == sum(label.endswith("packed, DSP") for label in measured["packed"])


def test_forms_of_a_network_stand_once():
    results = json.loads((DOCS / "demo-sparse.json").read_text())
    rows = [row for row in cells(sparse_tables.demo_tables(results)) if row[0] != "weights"]
    forms = [f"{bits} {pattern}" for bits in ("int8", "int4") for pattern in ("dense", "2:4", "1:4", "4:16")]
    assert [row[0] for row in rows] == 2 * forms
    runs = results["networks"]["mlp"]["runs"]
    two = next(run for run in runs if run["pattern"] == "2:4")
    assert rows[1][2:4] == [f"{plain['value']:.2f} %" for plain in (two["accuracy"]["rtl"], two["validation"])]
    assert len(cells(sparse_tables.matrix_table(results))) == 1 + 4
