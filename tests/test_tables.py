"""The pages' tables from figures: every figure at its place, the smallest set off, nothing where there are none."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from zlib import crc32

import pytest

from rtloom.figures import Figure

from .benchmarks import bench_lut, bench_lut_area

DOCS = Path(__file__).resolve().parent.parent / "docs"
LIBRARIES = ("gate equivalents", "ASAP7")


class Report(dict):
    """What synthesis would have found for a tile: areas that tell tiles and libraries apart."""

    groups = ()

    def __init__(self, tile, library):
        area = Figure(100 + crc32(f"{tile.params.digest} {library}".encode()) % 10**9, "GE", f"synth {library}")
        super().__init__(area=area, flip_flop_area=Figure(25, "%", "synth"))


@pytest.fixture(scope="module")
def figures():
    """Return what the benchmarks of the LUT family would write, under their labels."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench_lut_area, "available", lambda: dict.fromkeys(LIBRARIES, ()))
        patch.setattr(bench_lut_area, "reports", lambda tiles, library: {t: Report(t, library) for t in tiles})
        areas = bench_lut_area.figures()
    cycles = {
        f"{product} on {name}, {what}": Figure(number, unit, "rtl-sim")
        for product, (name, _) in bench_lut.LARGE.items()
        for what, number, unit in (("cycles", 12345, "cycles"), ("utilisation", 99.5, "%"), ("wall time", 9, "s"))
    }
    cycles["random LUT designs equal to golden, cycles equal to the formula"] = Figure(300, "triples", "rtl-sim")
    found = {"lut": cycles, "lut_area": areas}
    return {name: {label: f.to_dict() for label, f in part.items()} for name, part in found.items()}


@pytest.fixture
def pages(tmp_path):
    """Return a function that puts figures beside copies of the scripts and pages, writes the tables and reads them."""
    shutil.copytree(DOCS, tmp_path / "docs", ignore=shutil.ignore_patterns("__pycache__", "*.png"))
    shutil.copy(DOCS.parent / "README.md", tmp_path)
    script = [sys.executable, tmp_path / "docs" / "figures.py"]

    def write(**files):
        for path in (tmp_path / "docs").glob("*.json"):
            path.unlink()
        for name, content in files.items():
            (tmp_path / "docs" / f"{name.replace('_', '-')}.json").write_text(json.dumps(content))
        subprocess.run(script, check=True)
        assert subprocess.run([*script, "--check"], check=False).returncode == 0
        return {path.name: path.read_text() for path in (tmp_path / "README.md", tmp_path / "docs" / "lut.md")}

    return write


def rows(page, mark):
    """Return the rows of cells between two marks."""
    text = re.search(rf"<!-- {mark} -->\n(.*?)<!-- end of {mark} -->", page, re.DOTALL)[1]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]


def test_without_figures_there_are_no_tables(pages):
    for page in pages().values():
        marks = re.findall(r"<!-- end of ([a-z-]+) -->", page)
        assert marks
        for mark in marks:
            assert f"<!-- {mark} -->\n<!-- end of {mark} -->" in page


def test_every_area_and_ratio_stands_in_its_column(pages, figures):
    found = rows(pages(bench={"figures": figures})["lut.md"], "lut-area")
    second = next(at for at, row in enumerate(found) if row[0] == "area ratio")
    areas, ratios = found[:second], found[second:]
    assert areas[0] == ["area = logic + flip-flops", *LIBRARIES]
    assert ratios[0] == ["area ratio", *LIBRARIES]
    pairs = sum(len(others) for others in bench_lut_area.EQUAL_WORK.values())
    assert len(ratios) == 2 + pairs
    for name, *cells in areas[2:]:
        for library, cell in zip(LIBRARIES, cells, strict=True):
            parts = [figures["lut_area"][f"{name}, {library}, {part}"] for part in ("area", "logic", "flip-flops")]
            area, logic, flops = (Figure(**part).short for part in parts)
            assert cell == f"{area} = {logic} + {flops}"
    for name, *cells in ratios[2:]:
        assert cells == [Figure(**figures["lut_area"][f"{name}, {at}, area ratio"]).short for at in LIBRARIES]


def test_the_smallest_of_each_format_is_set_off(pages, figures):
    head, _, *found = rows(pages(bench={"figures": figures})["lut.md"], "lut-formats")
    assert [row[0] for row in found] == [f"W{w}A{a}" for w in bench_lut_area.WEIGHTS for a in (8, 16)]
    for formats, *cells in found:
        areas = {}
        for unit, cell in zip(head[1:], cells, strict=True):
            plain = figures["lut_area"].get(f"{formats} on {unit}, ASAP7, area of a MAC a cycle")
            assert cell.strip("*") == (Figure(**plain).short if plain else "")
            areas |= {cell: plain["value"]} if plain else {}
        assert [cell for cell in areas if cell.startswith("**")] == [min(areas, key=areas.get)]


def test_ladders_show_each_step_and_its_share(pages, figures):
    found = rows(pages(bench={"figures": figures})["lut.md"], "lut-ablation")
    heads = [row for row in found if row[0].startswith("ablation")]
    assert heads == [
        [title, "LUT tile W2A8 M2N16K16, ASAP7", "LUT tile W2A8 M2N64K4, ASAP7"]
        for title in ("ablation", "ablation of shared tables")
    ]
    assert [row[0] for row in found[2 : 2 + len(bench_lut_area.LADDER)]] == list(bench_lut_area.LADDER)
    label = "LUT tile W2A8 M2N64K4, ASAP7, ablation 4 streamed"
    area = Figure(**figures["lut_area"][f"{label}, area"]).short
    ratio = figures["lut_area"][f"{label}, UNPU-style over it, area ratio"]["value"]
    assert found[6] == ["streamed", found[6][1], f"{area}, {ratio:.2f} x"]
    assert " x" not in found[2][2]


def test_cycles_and_headlines(pages, figures):
    found = pages(bench={"figures": figures})
    cycles = rows(found["lut.md"], "lut-cycles")
    assert len(cycles) == 2 + 2 * len(bench_lut.LARGE) + 1
    assert ["GEMV 4096x4096 on lut-m1n64k8-w2a8, utilisation", "99.5 %", "rtl-sim"] in cycles
    headlines = [row[0] for row in rows(found["README.md"], "bench")[2:]]
    assert headlines == [
        "GEMV 4096x4096 on lut-m1n64k8-w2a8, utilisation",
        "MAC tile W8A8 M8N4K16 over LUT tile W1A8 M2N64K4, ASAP7, area ratio",
        "MAC tile W8A8 M8N4K16 over LUT tile W1A8 M1N16K33, ASAP7, area ratio",
        "LUT tile W2A8 M2N16K16, ASAP7, ablation 4 streamed, UNPU-style over it, area ratio",
        "random LUT designs equal to golden, cycles equal to the formula",
    ]


def matrix(role):
    names = ("cycles", "utilisation", "error", "cosine")
    percent = {"value": 12.5, "unit": "%", "source": "s"}
    values = ({"value": 1234}, percent, {"weights": percent, "tile": percent}, {"tile": {"value": 0.98765}})
    return {"role": role, "shape": [8, 16], **dict(zip(names, values, strict=True))}


def test_the_demo_shows_projections_where_there_were_any(pages):
    demo = json.loads((DOCS / "demo-lut.json").read_text())
    demo["transformer"] = {"missing": "a line"}
    found = pages(demo_lut=demo)["lut.md"]
    assert rows(found, "lut-gemv") == []
    assert len(rows(found, "lut-demo")) == 2 + 6
    assert len(rows(found, "lut-tiles")) == 2 + len(demo["tiles"])
    figure = {"value": 50, "unit": "%", "source": "s"}
    totals = dict.fromkeys(("cycles", "utilisation", "equal", "outputs", "stored"), figure)
    design = {"spec": "d", "params": {"weight_format": "uint2"}, "matrices": [matrix("feed_forward_in")], **totals}
    subject = {"model": "m", "layer": 0, "token": 1, "tokens": 2, "sentence": "s", "group": 64}
    demo["transformer"] = {**subject, "designs": [design]}
    (row,) = rows(pages(demo_lut=demo)["lut.md"], "lut-gemv")[2:]
    assert row == ["uint2", "feed forward in", "8x16", "1,234", "12.50 %", "12.50 %", "12.50 %", "0.9877"]
