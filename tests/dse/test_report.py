"""The report of an exploration: its files, what the page says, the tables; of a result written by hand."""

import csv
import json
import re
import shutil
import subprocess
from dataclasses import replace
from html import unescape

import pytest

from rtloom.dse.report import tools
from rtloom.dse.report.gather import Gathered
from rtloom.dse.report.tables import columns_of
from rtloom.dse.report.write import check_tools, write_report
from rtloom.errors import ToolError
from rtloom.figures import Figure
from rtloom.generators.spec import load

from .report_toys import ENERGY_MODEL, GATES, MODEL, ROWS, SYNTH, toy

pytest.importorskip("plotly", reason="plotly is not installed")
pytest.importorskip("matplotlib", reason="matplotlib is not installed")
COMMAND = "rtloom explore 'my space.yaml'"
FILES = ("results.json", "points.csv", "front.png", "front.svg", "report.html")


@pytest.fixture(scope="module")
def found():
    return toy()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("the report")


@pytest.fixture(scope="module")
def document(found, folder):
    return write_report(found, folder, COMMAND, folder / "explore.db")


@pytest.fixture(scope="module")
def page(document, folder):
    return read(folder)


def read(folder):
    """Return the page of a folder without plotly.js."""
    return own((folder / "report.html").read_text())


def own(page):
    """Return the page without plotly.js, which is one long script."""
    return re.sub(r"<script>.{100000,}?</script>", "", page, flags=re.DOTALL)


def words(page):
    """Return what can be read on the page."""
    text = re.sub(r"<(script|style)>.*?</\1>", "", page, flags=re.DOTALL)
    return unescape(re.sub(r"<[^>]*>", " ", text))


def test_all_files_are_there_and_nothing_else(document, folder, found):
    designs = {f"front/{variant.point}.yaml" for variant in found.best}
    parquet = {"points.parquet"} if tools.has_parquet() else set()
    wanted = {*FILES, *designs, *parquet}
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == wanted
    assert sorted(document["files"]) == sorted(str(folder / name) for name in wanted)
    assert (folder / "front.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (folder / "front.svg").read_text()


def test_results_are_what_was_found(document, folder, found):
    stored = json.loads((folder / "results.json").read_text())
    assert stored == json.loads(json.dumps(found.to_dict()))
    assert stored == {key: value for key, value in document.items() if key != "files"}


def test_designs_of_the_front_load(document, folder, found):
    for variant in found.best:
        spec = load(folder / "front" / f"{variant.point}.yaml")
        assert spec.params.to_dict() == variant.params


def test_page_names_every_point_of_the_front(page, found):
    text = words(page)
    for at, variant in enumerate(found.best, 1):
        assert re.search(rf"F{at}\s+{variant.point}", text)


def test_page_has_commands(page, folder, found):
    text = words(page)
    assert COMMAND in text
    for variant in found.best:
        kept = f"--store '{folder / 'explore.db'}'"
        assert f"rtloom reproduce {variant.point} {kept}" in text
        assert f"rtloom explain {variant.point} {kept}" in text
        file = folder / "front" / variant.point
        assert f"rtloom verilog '{file}.yaml' -o '{file}'" in text


def test_page_writes_out_sources(page):
    listed = unescape(re.search(r'<ol class="sources">(.*?)</ol>', page, re.DOTALL)[1])
    for source in (SYNTH, GATES, "exact"):
        assert f">{source}<" in listed
    numbers = set(re.findall(r'href="#source-(\d+)"', page))
    assert numbers == set(re.findall(r'id="source-(\d+)"', page))


def test_page_says_what_was_asked_and_is_left_out(page):
    text = words(page)
    for part in (
        "100 MHz",
        "256 KiB scratchpad, lpddr4 at 6.4 GB/s",
        "sky130_fd_sc_hd",
        "at most 250000",
        "Yosys 0.70",
    ):
        assert part in text
    assert "pool<1>: Systolic has no operation for layers of type pool" in text
    assert "2.0 % of the MACs, in 1 layer that" in text
    assert "1 \u00d7 area 2.62e+05 is not at most 250000" in text


def test_page_compares_estimates_with_measurements(page):
    text = words(page)
    # 1020 GE a multiplier and 40 a row: -0.1, -8.0, 12.7, -0.1, -7.3 and -0.1 % off
    assert f"area: median 3.7 %, p95 11.5 % off here (n = 6); the model says of itself: {MODEL}" in text
    assert re.search(r"energy: median [\d.]+ %, p95 [\d.]+ % off here \(n = 4\)", text)
    assert "area \u00b18.0 %, energy \u00b112.0 % in tier 0" in text


def test_page_needs_no_network(page, folder):
    rest, whole = page, (folder / "report.html").read_text()
    assert len(whole) - len(rest) > 1_000_000
    assert not re.search(r"""(src|href|url)\s*[=(]\s*["']?(https?:)?//""", rest)
    assert "http" not in rest
    assert rest.count("<html") == rest.count("</html>") == 1


def test_pictures_are_described(page):
    names = re.findall(
        r'<div id="([a-z]+)" class="plot" role="img" aria-label="[^"]{20,}"></div><figcaption>[^<]{20,}', page
    )
    assert names == ["front", "energy", "utilisation", "roofline", "estimates"]


def points_of(page):
    """Return what the plot of the front is given."""
    return json.loads(re.search(r"frontPlot\('front',(\{.*?\})\)</script>", page)[1])


def test_plot_has_all_points_and_errors_of_estimates_alone(page, found):
    data = points_of(page)
    axes = [axis["label"] for axis in data["axes"]]
    assert axes == ["latency", "area", "energy", "utilisation"]
    kinds = {kind["key"]: kind["points"] for kind in data["kinds"]}
    assert {key: len(points) for key, points in kinds.items()} == {
        "cloud": 48,
        "out": 1,
        "netlist": 1,
        "simulated": 1,
        "front": 3,
    }
    assert all(point["e"] == [None] * 4 for point in kinds["front"])
    assert kinds["netlist"][0]["e"] == [None, None, 0.12, None]
    assert kinds["cloud"][0]["e"] == [None, 0.08, 0.12, None]
    areas = {point["t"].split()[0]: point["v"][1] for point in kinds["front"]}
    assert areas == {"F1": 131, "F2": 58.2, "F3": 16.5}
    assert ENERGY_MODEL[:40] in unescape(kinds["netlist"][0]["h"])


def test_axes_are_logarithmic_where_values_span_much(found):
    from rtloom.dse.report.units import axis_of

    assert not axis_of("area", "GE", [1000, 29_000]).log
    wide = axis_of("energy", "J", [1e-5, 4e-3])
    assert (wide.log, wide.unit, wide.scale) == (True, "mJ", 1e-3)
    assert axis_of("area", "GE", [5e3, 2e4, 2e6]).unit == "kGE"
    assert axis_of("latency", "s", [2000.0]).unit == "s"
    assert not axis_of("accuracy", "dB", [-1.0, 60.0]).log


def test_csv_has_a_row_for_each_variant(document, folder, found):
    with (folder / "points.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == [variant.id for variant in found.variants]
    for row, variant in zip(rows, found.variants, strict=True):
        assert row["on_front"] == str(variant.id in found.front)
        assert {name: row[name] for name in variant.axes} == {name: str(v) for name, v in variant.axes.items()}
        for name, figure in variant.figures.items():
            assert float(row[f"{name} [{figure.unit}]"]) == figure.value
            assert row[f"{name} source"] == figure.source
    assert rows[-1]["energy_logic [J]"] == rows[-1]["energy_logic source"] == ""
    assert rows[-1]["reason"] == ROWS[-1][-1]


def test_parquet_holds_what_csv_holds(document, folder):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    table = parquet.read_table(folder / "points.parquet")
    with (folder / "points.csv").open(newline="") as file:
        head, *rows = list(csv.reader(file))
    assert table.column_names == head
    texts = [["" if value is None else str(value) for value in record.values()] for record in table.to_pylist()]
    assert texts == rows
    kinds = dict(zip(table.column_names, map(str, table.schema.types), strict=True))
    assert (kinds["tier"], kinds["on_front"], kinds["area [GE]"], kinds["rows"]) == ("int64", "bool", "double", "int64")


def test_a_figure_of_two_units_has_two_columns():
    found = toy(rows=ROWS[:2] + ROWS[:1])
    found.variants[1].figures["energy_per_mac"] = Figure(3.0, "pJ/cycle", "another")
    columns = columns_of(found)
    assert columns["energy_per_mac [pJ/cycle]"] == [None, 3.0, None]
    assert columns["energy_per_mac [pJ/MAC]"][1] is None
    assert columns["energy_per_mac source"] == [GATES, "another", GATES]


def test_values_of_several_types_become_texts():
    found = toy(rows=ROWS[:2])
    found.variants[0].axes["pipeline"], found.variants[1].axes["pipeline"] = 2, "deep"
    assert columns_of(found)["pipeline"] == ["2", "deep"]


def test_without_estimates_there_is_nothing_to_compare(tmp_path):
    bare = toy(rows=ROWS[:1])
    bare.variants[0].estimates.clear()
    write_report(bare, tmp_path, COMMAND, tmp_path / "explore.db")
    assert "Nothing to compare: no figure that tier 0 estimated" in words(read(tmp_path))


def test_an_empty_front_is_said_and_counted(tmp_path):
    document = write_report(toy(empty=True), tmp_path, COMMAND, tmp_path / "explore.db")
    text = words(read(tmp_path))
    assert "No point is on the front: every one is out, or none was simulated." in text
    assert "6 of 6 are out" in text
    assert "6 \u00d7 misses the clock: 12.0 ns is more than 10.0 ns" in text
    assert "Figures of the front" not in text
    assert document["front"] == []
    assert not (tmp_path / "front").exists()


def test_no_variant_at_all_gives_a_page_without_pictures(tmp_path):
    bare = replace(toy(rows=()), front=(), cloud={})
    write_report(bare, tmp_path, COMMAND, tmp_path / "explore.db")
    assert not (tmp_path / "front.png").exists()
    assert "No point is on the front" in words(read(tmp_path))


def test_names_are_no_markup(tmp_path):
    nasty = "</script><script>alert('x')</script>"
    found = toy(name=nasty, rows=ROWS[:3])
    found = replace(found, front=(found.variants[0].id,), workload={**found.workload, "name": nasty})
    found.variants[1].reason = nasty
    found.variants[0].figures["area"] = Figure(16_500, "GE", nasty)
    write_report(found, tmp_path, f"rtloom explore {nasty}", tmp_path / "explore.db")
    page = read(tmp_path)
    assert "alert('x')" not in page
    assert nasty in words(page)


def test_without_pyarrow_the_page_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(tools, "find_spec", lambda name: None if name == "pyarrow" else object())
    document = write_report(toy(rows=()), tmp_path, COMMAND, tmp_path / "explore.db")
    assert not any("parquet" in file for file in document["files"])
    assert "points.parquet was not written: it takes pyarrow, pip install 'rtloom[dse]'." in words(read(tmp_path))


@pytest.mark.parametrize(("name", "what"), [("plotly", "the report's page"), ("matplotlib", "the report's pictures")])
def test_what_is_missing_is_said_at_once(name, what, monkeypatch, tmp_path):
    monkeypatch.setattr(tools, "find_spec", lambda asked: None if asked == name else object())
    message = re.escape(f"{name} must be installed for {what}: pip install 'rtloom[dse]'")
    with pytest.raises(ToolError, match=f"^{message}$"):
        check_tools()
    with pytest.raises(ToolError, match=f"^{message}$"):
        write_report(toy(rows=()), tmp_path / "new", COMMAND, tmp_path / "explore.db")
    assert not (tmp_path / "new").exists()


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_scripts_of_the_page_parse(page, tmp_path):
    for at, script in enumerate(re.findall(r"<script>(.*?)</script>", page, re.DOTALL)):
        file = tmp_path / f"{at}.js"
        file.write_text(script)
        subprocess.run(["node", "--check", str(file)], check=True)


def test_rooflines_are_those_of_the_schedule():
    memory = {"buffer_kib": 512, "bandwidth_gb_s": 6.4, "schedule": "belady"}
    gathered = Gathered(toy(rows=ROWS[:1], memory=memory))
    alone = Gathered(toy(rows=ROWS[:1], memory=memory | {"schedule": "none"}))
    variant = gathered.found.variants[0]
    scheduled, apart = gathered.places(variant), alone.places(variant)
    assert {place.order for place in scheduled} == {"schedule by belady"}
    moved = [sum(place.run.work / place.intensity for place in places) for places in (scheduled, apart)]
    assert moved[0] < moved[1]
