"""The commands ``rtloom bitstream`` and ``rtloom boards``."""

import json

import pytest
import typer
from typer.testing import CliRunner

from rtloom.boards.catalogue import BOARDS
from rtloom.boards.cli import register
from rtloom.boards.flow import bitstream as flow
from rtloom.boards.flow.bitstream import Bitstream
from rtloom.boards.flow.report import BitstreamReport
from rtloom.boards.marked import MARKED
from rtloom.errors import CheckError, InputError
from rtloom.figures import Figure
from rtloom.generators.spec import load

pytest.importorskip("amaranth_boards")


def run(*words):
    app = typer.Typer()
    register(app)
    return CliRunner().invoke(app, list(map(str, words)))


def made(spec):
    """Return a bitstream as the flow would; the flow itself is tried elsewhere."""
    source = "pnr nextpnr-ice40 0.11.1, ice40 up5k sg48, seed 2"
    figures = {
        "fmax": Figure(25.1e6, "Hz", source),
        "clock": Figure(24e6, "Hz", "exact"),
        "peak": Figure(0.768, "GOPS", "exact, at the clock"),
        "LUT4": Figure(2640, "LUT4", source),
    }
    report = BitstreamReport(
        name=spec.name,
        board="icebreaker",
        device="ice40 up5k sg48",
        figures=figures,
        available={"LUT4": 5280},
        clock={"primitive": "SB_PLL40_PAD"},
        line={"baud": 1_000_000, "clocks_per_bit": 24},
        seed=2,
        tries=((24e6, 2, 25.1e6),),
        critical_path={"text": "from a through b to c, 39.84 ns"},
        notes=("3 multipliers in LUTs",),
        seconds={"synthesis": 12.0},
    )
    return Bitstream(b"bits", report, {"lut.bin": b"bits", "top.v": b"module top"}, "{}")


@pytest.fixture
def asked(monkeypatch):
    """Collect what the flow is asked for."""
    found = {}

    def pretend(spec, board, **options):
        options["tell"]("synthesis")
        found.update(options, spec=spec, board=board)
        return made(spec)

    monkeypatch.setattr(flow, "bitstream", pretend)
    return found


def test_boards_as_a_table_and_as_json():
    shown = run("boards")
    assert shown.exit_code == 0
    assert "ulx3s-85f" in shown.stdout
    assert "83,640" in shown.stdout
    raw = json.loads(run("boards", "--json").stdout)
    assert raw["icebreaker"]["budget"]["DSP"] == 8
    assert raw["tang-nano-9k"]["clock_hz"] == 27_000_000


def test_marked_pairs():
    done = run("boards", "--marked")
    pairs = [tuple(line.split()) for line in done.stdout.splitlines()]
    assert pairs == list(MARKED)
    assert json.loads(run("boards", "--marked", "--json").stdout) == [list(pair) for pair in MARKED]
    families = {load(preset).family.name for preset, name in MARKED if name == "icebreaker"}
    assert families == {"systolic", "lut", "sparse", "attention", "vector"}
    assert {name for _, name in MARKED} == set(BOARDS)


def test_bitstream_shows_the_report_and_writes_the_files(asked, tmp_path):
    words = ("lut-small-w2a4", "-b", "icebreaker", "-o", str(tmp_path / "out"), "-p", "max_reduction=512")
    shown = run("bitstream", *words, "--seed", "7", "--seed", "8", "--clock-mhz", "24", "--margin", "0.1")
    assert shown.exit_code == 0, shown.output
    assert (asked["seeds"], asked["clock_mhz"], asked["margin"]) == ((7, 8), 24.0, 0.1)
    assert asked["spec"].params.max_reduction == 512
    assert asked["board"].name == "icebreaker"
    assert (tmp_path / "out" / "lut.bin").read_bytes() == b"bits"
    for text in ("25.1 MHz", "24 MHz, made by SB_PLL40_PAD", "0.768 GOPS", "50.0 %", "3 multipliers in LUTs"):
        assert text in shown.output
    assert "--baud 1000000 -i in.npz -o out.npz" in " ".join(shown.output.split())
    assert "from a through b to c, 39.84 ns" in " ".join(shown.output.split())


def test_bitstream_as_json(asked, tmp_path):
    shown = run("bitstream", "lut-small-w2a4", "-b", "icebreaker", "-o", str(tmp_path), "--json")
    content = json.loads(shown.stdout)
    assert asked["seeds"] == (1, 2, 3)
    assert content["figures"]["clock"]["value"] == 24e6
    assert content["files"] == [str(tmp_path / "lut.bin"), str(tmp_path / "top.v")]


def test_a_failure_leaves_no_folder(monkeypatch, tmp_path):
    def fails(*_, **__):
        raise CheckError("too slow")

    monkeypatch.setattr(flow, "bitstream", fails)
    (tmp_path / "there").mkdir()
    for name in ("new", "there"):
        assert isinstance(
            run("bitstream", "lut-small-w2a4", "-b", "icebreaker", "-o", tmp_path / name).exception, CheckError
        )
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_unknown_board(tmp_path):
    shown = run("bitstream", "lut-small-w2a4", "-b", "de10", "-o", str(tmp_path / "out"))
    assert isinstance(shown.exception, InputError)
    assert str(shown.exception).startswith("Board must be one of icebreaker, ulx3s-85f")
    assert not (tmp_path / "out").exists()


def test_output_that_is_a_file(tmp_path):
    (tmp_path / "out").write_text("mine")
    shown = run("bitstream", "lut-small-w2a4", "-b", "icebreaker", "-o", str(tmp_path / "out"))
    assert str(shown.exception).startswith("Output must be a folder that can be written")
    assert (tmp_path / "out").read_text() == "mine"
