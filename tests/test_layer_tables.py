"""The tables of docs/attention.md about a transformer's layer: each figure at its place, none lost."""

import json
from pathlib import Path

import pytest

from rtloom.docs import layer_tables

DOCS = Path(__file__).resolve().parent.parent / "docs"


@pytest.fixture(scope="module")
def measured():
    """Return the figures that the page shows."""
    return json.loads((DOCS / "demo-attention.json").read_text())


def cells(text):
    """Return the rows of all tables in a text, heads and lines below them left out."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    return rows[2:]


def test_every_stage_has_a_row(measured):
    text = layer_tables.stage_tables(measured)
    rows = cells(text)
    assert [row[0] for row in rows] == [stage["name"].replace("_", " ") for stage in measured["layer"]["stages"]]
    assert sum(int(row[3].replace(",", "")) for row in rows) == measured["layer"]["cycles"]["value"]
    for row, stage in zip(rows, measured["layer"]["stages"], strict=True):
        assert row[1] == f"`{stage['design']}`"
        assert float(row[5]) == pytest.approx(stage["cosine"]["value"], abs=1e-5)
    assert f"All {len(measured['heads']['heads'])} heads" in text


def test_every_pair_has_a_row(measured):
    rows = cells(layer_tables.similarity_table(measured))
    pairs = measured["similarity"]["pairs"]
    assert [row[:2] for row in rows] == [[pair["first"], pair["second"]] for pair in pairs]
    for row, pair in zip(rows, pairs, strict=True):
        assert [float(cell) for cell in row[2:]] == pytest.approx(
            [pair[key]["value"] for key in ("float", "integers")], abs=1e-3
        )


def test_where_digits_stood_in_there_are_no_similarities(measured):
    other = {key: value for key, value in measured.items() if key != "similarity"} | {"accuracy": {}}
    assert layer_tables.similarity_table(other) == ""
    assert len(cells(layer_tables.stage_tables(other))) == 12


def test_the_page_says_what_the_issue_asks_for(measured):
    """Bit-equal, and the layer's output near float on the demo's sentences."""
    for part in ("heads", "layer"):
        assert measured[part]["equal"]["value"] == measured[part]["outputs"]["value"]
    assert measured["layer"]["least_cosine"]["value"] >= 0.99
    assert measured["layer"]["sequences"] == measured["sequences"] == 12
