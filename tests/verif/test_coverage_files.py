"""Coverage as files: merged, refused where they do not fit, lines for lcov, pages that need nothing else."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

import rtloom
from rtloom.errors import InputError
from rtloom.verif.coverage.collect import collect
from rtloom.verif.coverage.lcov import lcov_text
from rtloom.verif.coverage.outputs import write
from rtloom.verif.coverage.page import points_page
from rtloom.verif.coverage.report import CoverageReport, read_report
from rtloom.verif.coverage.structural import Place, Structure

PARAMS = {"rows": 2, "cols": 2, "a_format": "int4", "b_format": "int4", "max_reduction": 31}
TINY = {"family": "systolic", "name": "tiny", "params": PARAMS}
OPTIONS = ("-p", "rows=2", "-p", "cols=2", "-p", "a_format=int4", "-p", "b_format=int4", "-p", "max_reduction=31")


@pytest.fixture(scope="module")
def spec():
    return rtloom.load(TINY)


@pytest.fixture(scope="module")
def report(spec) -> CoverageReport:
    return collect(spec, goal=None)


class Page(HTMLParser):
    """Collects what a page refers to and checks that its elements are closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.links += [value for name, value in attrs if name in ("href", "src")]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_lines_branches_and_bits_are_counted(report) -> None:
    structure = report.structure
    assert structure is not None
    figures = {name: figure.value for name, figure in structure.figures.items()}
    assert figures["lines"] == figures["branches"] == 100
    assert 95 < figures["toggles"] <= 100
    assert figures["bits at rest"] == len(structure.at_rest)
    assert len(structure.lines) > 10 < len(structure.branches)
    assert all(re.fullmatch(r"[\w.$*]+(\[\d+\])?", place.bit) for place in structure.toggles)
    assert re.search(
        r"Verilog: (\d+) of \1 lines, (\d+) of \2 branches, \d+ of \d+ toggles, bits at rest: \d+", str(report)
    )


def test_a_counter_of_verilator_is_understood() -> None:
    fields = {"f": "/x/d.v", "l": "105", "n": "15", "t": "toggle", "page": "v_toggle/m", "o": "q[3]:0->1"}
    text = "".join(f"\x01{key}\x02{value}" for key, value in (fields | {"h": "TOP.t.core"}).items())
    place = Place.parse(text)
    assert place == Place("toggle", "m", "TOP.t.core", 105, "q[3]:0->1", "105")
    assert place.bit == "t.core.q[3]"
    block = Place("line", "m", "TOP.t", 12, "block", "12-14,17")
    assert list(block.lines) == [12, 13, 14, 17]


def test_a_bit_at_rest_and_a_line_that_never_ran_are_said() -> None:
    still = [Place("toggle", "m", "TOP.t", 3, f"q[{bit}]:{way}", "3") for bit in (0, 1) for way in ("0->1", "1->0")]
    counts = {place: int(place.what == "q[0]:0->1") for place in still}
    counts |= {Place("line", "m", f"TOP.t.u{u}", 9, "block", "9-10"): u for u in (0, 2)}
    counts |= {Place("line", "m", "TOP.t", 12, "else", "12"): 0}
    counts |= {Place("branch", "m", "TOP.t", 9, way, "9"): n for way, n in (("if", 5), ("else", 0))}
    counts |= {Place("branch", "m", "TOP.t", 12, way, "12"): 0 for way in ("if", "else")}
    structure = Structure(counts)
    assert structure.at_rest == ["t.q[1]"]
    assert structure.lines == {9: 5, 10: 2, 12: 0}
    assert structure.figures["toggles"].value == 25
    assert structure.merged(structure).lines == {9: 10, 10: 4, 12: 0}
    assert Structure.from_dict(json.loads(json.dumps(structure.to_dict()))).counts == counts
    text = lcov_text(structure, "d.v", "t")
    assert text.splitlines()[:6] == ["TN:t", "SF:d.v", "BRDA:9,0,0,0", "BRDA:9,0,1,5", "BRDA:12,0,0,-", "BRDA:12,0,1,-"]
    assert text.splitlines()[6:] == ["BRF:4", "BRH:1", "DA:9,5", "DA:10,2", "DA:12,0", "LF:3", "LH:2", "end_of_record"]


def test_the_lcov_file_fits_the_verilog_beside_it(report, spec, tmp_path) -> None:
    write(report, spec, tmp_path)
    records = (tmp_path / "coverage.info").read_text().splitlines()
    source = next(record[3:] for record in records if record.startswith("SF:"))
    verilog = Path(source).read_text().splitlines()
    lines = dict(map(int, record[3:].split(",")) for record in records if record.startswith("DA:"))
    assert lines == report.structure.lines
    assert all(0 < line <= len(verilog) and verilog[line - 1].strip() for line in lines)
    assert {f"LF:{len(lines)}", f"LH:{len(lines)}"} <= set(records)


def test_pages_stand_alone_and_name_holes_first(report, spec, tmp_path) -> None:
    files = write(report, spec, tmp_path)
    assert {path.name for path in files} == {"coverage.html", "lines.html", "coverage.info", "coverage.json", "tiny.v"}
    for name, link in (("coverage.html", "lines.html"), ("lines.html", "coverage.html")):
        assert Page((tmp_path / name).read_text()).links == [link]
    holed = replace(report, points=(*report.points[:-1], replace(report.points[-1], hits=0)), structure=None)
    text = points_page(holed)
    assert Page(text).links == []
    assert text.index(report.points[-1].meaning) < text.index(report.points[0].meaning)
    assert "<b>1</b><span>holes</span>" in text
    assert "None: every point was hit." in points_page(report)
    shown = (tmp_path / "lines.html").read_text()
    assert shown.count('class="no"') == len((tmp_path / "tiny.v").read_text().splitlines())
    assert 'class="ran"' in shown


def test_a_report_is_read_again_and_merged(report, spec, tmp_path) -> None:
    report.save(tmp_path / "a.json")
    again = read_report(tmp_path / "a.json")
    assert again == report
    assert again.structure.counts == report.structure.counts
    both = CoverageReport.empty(spec).merged(report).merged(again)
    assert [point.hits for point in both.points] == [2 * point.hits for point in report.points]
    assert (both.runs, both.seeds, both.cycles) == (2 * report.runs, (1,), 2 * report.cycles)
    assert both.structure.lines == {line: 2 * count for line, count in report.structure.lines.items()}
    assert [point.first for point in both.points] == [point.first for point in report.points]


def test_the_json_has_figures_with_units_and_sources(report) -> None:
    raw = json.loads(json.dumps(report.to_dict()))
    assert (raw["report"], raw["design"], raw["family"]) == ("coverage", "tiny", "systolic")
    assert raw["figures"]["functional"]["unit"] == "%"
    assert raw["figures"]["functional"]["value"] == report.score
    assert all({"value", "unit", "source"} == set(figure) for figure in raw["figures"].values())
    assert raw["groups"]["resets"] == {"hit": 4, "points": 4}
    assert raw["holes"] == [hole.key for hole in report.holes]
    assert set(raw["structure"]["figures"]) == {"lines", "branches", "toggles", "bits at rest"}


def test_files_of_other_designs_and_other_things_are_refused(report, tmp_path, monkeypatch) -> None:
    # Long paths are shortened in messages.
    monkeypatch.chdir(tmp_path)
    other = CoverageReport.empty(rtloom.load(TINY, rows=3))
    with pytest.raises(
        InputError, match=r"^Coverage of tiny-rows-3 must be of the same parameters, '?\w{16}, not '\w{16}'$"
    ):
        other.merged(report)
    older = replace(report, points=report.points[1:])
    with pytest.raises(
        InputError, match=r"^Coverage of tiny must have the same points; run it again with this version$"
    ):
        report.merged(older)
    for name, text, message in (
        ("none.json", None, r"Coverage file must be a file that can be read \(no such file or directory\), not '.*'"),
        ("text.json", "hits", r"Coverage file must be one that rtloom coverage wrote, not '.*text\.json'"),
        ("list.json", "[]", r"Coverage file must be one that rtloom coverage wrote, not '.*list\.json'"),
        ("part.json", '{"report": "coverage"}', r"Coverage file must be one that rtloom coverage wrote, not '.*'"),
        ("proof.json", '{"report": "proof"}', r"Coverage file must hold a report of kind coverage, not 'proof'"),
    ):
        if text is not None:
            (tmp_path / name).write_text(text)
        with pytest.raises(InputError, match=f"^{message}$"):
            read_report(Path(name))


def test_the_command_covers_writes_merges_and_judges(rtloom_command, tmp_path) -> None:
    first = rtloom_command(
        "coverage", "systolic-4x4-int8", *OPTIONS, "--until-covered", "--no-structural", "-o", tmp_path
    )
    assert first.status == 0
    assert "resets" in first.out
    assert re.search(r"(\d+) of \1 cover points hit, 100.0 %", first.out)
    assert f"wrote {tmp_path / 'coverage.html'}" in first.out.replace("\n", "")
    raw = json.loads((tmp_path / "coverage.json").read_text())
    assert raw["structure"] is None
    merged = rtloom_command(
        "coverage", "systolic-4x4-int8", *OPTIONS, "--seeds", 0, "--merge", tmp_path / "coverage.json", "--json"
    )
    assert {**json.loads(merged.out), "figures": None} == {**raw, "figures": None}
    nothing = rtloom_command("coverage", "systolic-4x4-int8", *OPTIONS, "--seeds", 0, "--least", 1)
    assert nothing.status == 1
    assert "hole: operations/gemm: operation gemm" in nothing.out


def test_the_command_refuses_what_does_not_go_together(rtloom_command, tmp_path) -> None:
    ran = rtloom_command("coverage", "systolic-4x4-int8", "--goal", 90)
    assert (ran.status, ran.err) == (2, "rtloom: error: Option --goal must come with --until-covered, not 90.0\n")
    (tmp_path / "file").write_text("")
    ran = rtloom_command("coverage", "systolic-4x4-int8", "--seeds", 0, "-o", tmp_path / "file")
    assert ran.status == 2
    assert ran.err.startswith("rtloom: error: Coverage output must be a folder that can be made (file exists), not ")
