"""Waveforms: each format holds what happened, also where compression libraries are missing."""

from pathlib import Path

import pytest

from rtloom.errors import CheckError, InputError
from rtloom.sim import waves
from rtloom.sim.native import NativeModel
from rtloom.sim.verilator import find_compiler
from rtloom.sim.waves import fst_support, wave_format

from .designs import MANIFEST, beats, scale


def test_vcd_holds_signals_and_changes(tmp_path):
    file = tmp_path / "run.vcd"
    result = NativeModel(scale(), MANIFEST).run({"a": beats(3)}, {"c": 3}, trace=file, quiet=0)
    text = file.read_text()
    assert "m_axis_c_tvalid" in text
    # Four cycles of reset, the run, and the settling of the last edge, 10 units each.
    times = [int(line[1:]) for line in text.splitlines() if line.startswith("#")]
    assert times[-1] == 10 * (4 + result.cycles) + 5


def test_a_trace_is_complete_after_a_failure(tmp_path):
    file = tmp_path / "run.vcd"
    with pytest.raises(CheckError):
        NativeModel(scale("too_many"), MANIFEST).run({"a": beats(4)}, {"c": 4}, trace=file)
    assert file.read_text().rstrip().splitlines()[-1]


def test_saif_counts_toggles(tmp_path):
    file = tmp_path / "run.saif"
    NativeModel(scale(), MANIFEST).run({"a": beats(3)}, {"c": 3}, trace=file)
    assert "(SAIFILE" in file.read_text()


def test_fst_is_written(tmp_path):
    file = tmp_path / "run.fst"
    NativeModel(scale(), MANIFEST).run({"a": beats(30)}, {"c": 30}, trace=file)
    blocks = dict(fst_blocks(file.read_bytes()))
    # Header, geometry and value changes; the hierarchy, whose first 8 bytes are its length.
    assert {0, 3, 6} <= set(blocks)
    assert {1, 5, 8} & set(blocks)
    names = lz4_block(blocks[6][8:])
    assert len(names) == int.from_bytes(blocks[6][:8], "big")
    assert b"m_axis_c_tvalid" in names


def fst_blocks(raw):
    """Walk the blocks of an FST file by their lengths to its very end."""
    at = 0
    while at < len(raw):
        length = int.from_bytes(raw[at + 1 : at + 9], "big")
        yield raw[at], raw[at + 9 : at + 1 + length]
        at += 1 + length
    assert at == len(raw)


def lz4_block(raw):
    """Decompress an LZ4 block as its specification says."""
    out, at = bytearray(), 0

    def length(nibble):
        nonlocal at
        if nibble == 15:
            while raw[at] == 255:
                nibble, at = nibble + 255, at + 1
            nibble, at = nibble + raw[at], at + 1
        return nibble

    while at < len(raw):
        token, at = raw[at], at + 1
        count = length(token >> 4)
        out += raw[at : at + count]
        at += count
        if at < len(raw):
            distance, at = int.from_bytes(raw[at : at + 2], "little"), at + 2
            for _ in range(length(token & 15) + 4):
                out.append(out[-distance])
    return bytes(out)


def test_fst_without_libraries_uses_stand_ins(monkeypatch):
    monkeypatch.setattr(waves, "_links", lambda *_: False)
    support = fst_support.__wrapped__(find_compiler())
    assert support.libraries == ()
    assert len(support.flags) == 2
    monkeypatch.setattr(waves, "_links", lambda *_: True)
    assert fst_support.__wrapped__(find_compiler()).libraries == ("-llz4", "-lz")


def test_bad_trace_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert wave_format(tmp_path / "x.saif") == "saif"
    model = NativeModel(scale(), MANIFEST)
    with pytest.raises(InputError, match=r"^Trace file must end in \.fst, \.vcd or \.saif, not 'x\.txt'$"):
        model.run({}, {}, trace=Path("x.txt"))
    with pytest.raises(InputError, match=r"^Trace file must lie in an existing folder, not 'none/x\.vcd'$"):
        model.run({}, {}, trace=Path("none/x.vcd"))
    (tmp_path / "d.vcd").mkdir()
    with pytest.raises(InputError, match=r"^Trace file must be a file that can be written, not 'd\.vcd'$"):
        model.run({}, {}, trace=Path("d.vcd"))
