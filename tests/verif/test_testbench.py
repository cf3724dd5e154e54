"""The testbench that is taken away: runs with cocotb alone, in Icarus and Verilator, and finds faults."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rtloom.errors import InputError
from rtloom.generators.design import emit_design
from rtloom.generators.spec import load
from rtloom.verif.mutants import broken
from rtloom.verif.testbench import write_testbench

SPEC = load(
    {
        "family": "systolic",
        "name": "taken-away",
        "params": {"rows": 2, "cols": 3, "bias": True, "requantize": True, "activation": "relu", "max_reduction": 64},
    }
)
ICARUS = pytest.mark.skipif(shutil.which("iverilog") is None, reason="Icarus Verilog is not installed")
LIMIT = 600


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run in the folder with a PATH and Python of its own; rtloom must not be needed, so it is hidden."""
    (folder / "hide").mkdir()
    (folder / "hide" / "rtloom.py").write_text("raise ImportError('the testbench must not need rtloom')\n")
    env = {**os.environ, "PYTHONPATH": str(folder / "hide"), "PYTHON": sys.executable}
    env.pop("MAKEFLAGS", None)
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=LIMIT, check=False)


def test_everything_is_written_and_stays_the_same(tmp_path) -> None:
    design = emit_design(SPEC)
    first, second = (write_testbench(design, SPEC, tmp_path / name) for name in "ab")
    names = ["taken_away.v", "test_taken_away.py", "test_taken_away.json", "run.py", "Makefile"]
    assert [path.name for path in first] == names
    assert [path.read_text() for path in first] == [path.read_text() for path in second]
    assert "rtloom" not in (tmp_path / "a" / "test_taken_away.py").read_text()


@ICARUS
@pytest.mark.parametrize("interface", ["axi", "stream"])
def test_it_passes_in_icarus(interface: str, tmp_path) -> None:
    write_testbench(emit_design(SPEC, interface), SPEC, tmp_path)
    done = run(tmp_path, "make", "SIM=icarus")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "taken_away: 12 of 12 tests passed in icarus; report " in done.stdout


def test_it_passes_in_verilator(tmp_path) -> None:
    write_testbench(emit_design(SPEC), SPEC, tmp_path)
    done = run(tmp_path, "make")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "taken_away: 12 of 12 tests passed in verilator; report " in done.stdout


FOUND = {
    "valid_dropped": r"c, beat \d+, cycle \d+, seed 1: valid must stay high until ready, not drop",
    "data_changed": r"c, beat \d+, cycle \d+, seed 1: data and last must hold until ready, not change",
    "beat_extra": r"c, beat \d+, cycle \d+, seed 1: must be silent after its \d+ beats, not give one more",
    "edge_wrong": r"c, beat 5, cycle \d+, seed 1: lane 0 must be 0x[0-9a-f]+, not 0x[0-9a-f]+",
    "last_lost": r"c, beat 1, cycle \d+, seed 1: last must be 1, not 0",
    "never_valid": r"c: must give \d+ beats, not hang after 2",
    "valid_in_reset": r"c: valid must be low in reset, not high",
    "bubble": r"job must take \d+ cycles, not \d+",
}


@ICARUS
@pytest.mark.parametrize("fault", FOUND)
def test_it_finds_faults(fault: str, tmp_path) -> None:
    write_testbench(broken(emit_design(SPEC), fault), SPEC, tmp_path)
    done = run(tmp_path, sys.executable, "run.py", "icarus")
    assert done.returncode == 1
    assert re.search(rf"AssertionError: {FOUND[fault]}$", done.stdout, re.MULTILINE), done.stdout


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"^Output must be a folder that can be written \(not a directory\), not .*$"):
        write_testbench(emit_design(SPEC), SPEC, tmp_path / "file" / "below")
