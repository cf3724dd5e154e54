"""The command as a user meets it: help, exit statuses, one line for each mistake, nothing half-written."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import typer

from rtloom import InputError
from rtloom.__main__ import app
from rtloom.arrays import read_tensors
from rtloom.files import whole_file

BIN = Path(sys.executable).parent
COMMANDS = sorted(typer.main.get_command(app).commands)
TINY = "systolic-4x4-int8"


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    """Short relative names: messages show 80 characters of a value."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def operands(tmp_path):
    """Write operands of a ragged GEMM; returns the file and the product."""
    rng = np.random.default_rng(1)
    a, b = rng.integers(-128, 128, (5, 7)), rng.integers(-128, 128, (7, 6))
    path = tmp_path / "in.npz"
    np.savez(path, a=a, b=b)
    return path, a @ b


def refused(rtloom_command, message, *arguments, status=2):
    """Assert that the command ends with the status and prints that one line and nothing else."""
    ran = rtloom_command(*arguments)
    assert (ran.status, ran.out, ran.err) == (status, "", f"rtloom: error: {message}\n")


def test_help_lists_and_teaches(rtloom_command):
    ran = rtloom_command("--help")
    assert ran.status == 0
    for name in COMMANDS:
        assert f"  {name}" in ran.out
    assert "rtloom verilog systolic-8x8-int8 -p rows=16" in ran.out


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help(rtloom_command, name):
    ran = rtloom_command(name, "--help")
    assert ran.status == 0
    assert ran.out.startswith(f"Usage: rtloom {name}")
    assert len(ran.out.splitlines()) > 5


def test_help_imports_nothing_heavy():
    """What makes ``rtloom --help`` quick: no hardware, arrays or simulator before a command runs."""
    code = (
        "import sys, rtloom.__main__ as m\n"
        "heavy = ['amaranth', 'cocotb', 'matplotlib', 'numpy', 'pydantic', 'pyosys', 'sklearn', 'yaml']\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_version(rtloom_command):
    ran = rtloom_command("version")
    assert ran.status == 0
    assert ran.out.splitlines()[0] == "rtloom    0.1.0"
    assert json.loads(rtloom_command("version", "--json").out)["rtloom"] == "0.1.0"


def test_unknown_command_and_option_are_usage_errors(rtloom_command):
    assert rtloom_command("verilgo").status == 2
    ran = rtloom_command("list", "--colour")
    assert ran.status == 2
    assert "Traceback" not in ran.err


def test_run_gives_the_product(rtloom_command, operands, tmp_path):
    source, product = operands
    target = tmp_path / "out.npz"
    ran = rtloom_command("run", TINY, "-i", source, "-o", target, "--check", "--json")
    assert ran.status == 0, ran.err
    report = json.loads(ran.out)
    assert report["output"] == str(target)
    assert report["checked"] is True
    assert report["cycles"]["value"] == report["formula_cycles"]["value"]
    np.testing.assert_array_equal(np.load(target)["c"], product)


def test_run_says_what_it_did_and_writes_a_waveform(rtloom_command, operands, tmp_path):
    source, _ = operands
    trace = tmp_path / "wave.vcd"
    ran = rtloom_command("run", TINY, "-p", "rows=2", "-i", source, "-o", tmp_path / "out.npz", "--trace", trace)
    assert ran.status == 0, ran.err
    assert "210 MACs in " in ran.out
    assert trace.stat().st_size > 0


def test_run_lowers_convolution(rtloom_command, tmp_path):
    rng = np.random.default_rng(2)
    x, w = rng.integers(-128, 128, (1, 5, 5, 2)), rng.integers(-128, 128, (3, 3, 2, 3))
    np.savez(tmp_path / "in.npz", x=x, w=w, padding="same", stride=2)
    ran = rtloom_command(
        "run", TINY, "--operation", "conv2d", "-i", tmp_path / "in.npz", "-o", tmp_path / "out.npz", "--check"
    )
    assert ran.status == 0, ran.err
    assert np.load(tmp_path / "out.npz")["c"].shape == (1, 3, 3, 3)


def test_run_without_its_options_is_a_usage_error(rtloom_command):
    ran = rtloom_command("run", TINY)
    assert ran.status == 2
    assert "'--input'" in ran.err


def test_run_refuses_a_missing_input(rtloom_command, tmp_path):
    message = "Input must be an existing .npz file, not 'no.npz'"
    refused(rtloom_command, message, "run", TINY, "-i", "no.npz", "-o", "out.npz")
    assert list(tmp_path.iterdir()) == []


NOT_NPZ = "Input must be an .npz archive of named arrays, as numpy.savez writes it, not 'in.npz'"


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"PK\x03\x04broken"], ids=["empty", "text", "cut zip"])
def test_run_refuses_what_is_no_archive(rtloom_command, tmp_path, content):
    (tmp_path / "in.npz").write_bytes(content)
    refused(rtloom_command, NOT_NPZ, "run", TINY, "-i", "in.npz", "-o", "out.npz")


def test_run_refuses_a_single_array_file(rtloom_command, tmp_path):
    np.save(tmp_path / "in.npy", np.ones(3))
    (tmp_path / "in.npy").rename(tmp_path / "in.npz")
    refused(rtloom_command, NOT_NPZ, "run", TINY, "-i", "in.npz", "-o", "out.npz")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({}, "Input must hold at least one array, not 'in.npz'"),
        ({"a": np.array([object()])}, "Array 'a' of in.npz must hold numbers, not Python objects"),
        ({"a": np.array(["x"])}, "Array 'a' of in.npz must hold numbers, not '<U1'"),
        ({"check": np.ones(2)}, "Array 'check' of in.npz must be an argument of the operation"),
        ({"a": np.ones((2, 2))}, "Systolic gemm must be given a and b; b is missing"),
        (
            {"a": np.full((2, 2), 0.5), "b": np.ones((2, 2))},
            "Systolic a must hold integers, not 0.5",
        ),
        (
            {"a": np.full((2, 2), 128), "b": np.ones((2, 2))},
            "Systolic a must hold int8 values, -128 to 127, not 128",
        ),
        (
            {"a": np.full((2, 2), np.nan), "b": np.ones((2, 2))},
            "Systolic a must hold integers, not nan",
        ),
        ({"a": np.ones((2, 3)), "b": np.ones((2, 2))}, "Systolic b must have 3 rows, as a has columns, not (2, 2)"),
        ({"a": np.ones((0, 3)), "b": np.ones((3, 2))}, "Systolic a must not be empty, not (0, 3)"),
    ],
    ids=["none", "objects", "text", "reserved", "missing", "fraction", "range", "nan", "shape", "empty"],
)
def test_run_refuses_tensors(rtloom_command, tmp_path, arrays, message):
    np.savez(tmp_path / "in.npz", allow_pickle=True, **arrays)
    refused(rtloom_command, message, "run", TINY, "-i", "in.npz", "-o", "out.npz")
    assert [file.name for file in tmp_path.iterdir()] == ["in.npz"]


def test_run_keeps_an_old_output_when_it_fails(rtloom_command, operands, tmp_path):
    target = tmp_path / "out.npz"
    target.write_text("precious")
    np.savez(tmp_path / "in.npz", a=np.ones((2, 2)))
    assert rtloom_command("run", TINY, "-i", tmp_path / "in.npz", "-o", target).status == 2
    assert target.read_text() == "precious"


def test_run_refuses_an_output_that_cannot_be_written(rtloom_command, operands, tmp_path):
    message = "Output must be a file that can be written (no such file or directory), not 'nowhere/out.npz'"
    refused(rtloom_command, message, "run", TINY, "-i", operands[0], "-o", "nowhere/out.npz")


def test_run_refuses_a_folder_as_output(rtloom_command, operands, tmp_path):
    (tmp_path / "results").mkdir()
    message = "Output must be a file, and a folder has its name, not 'results'"
    refused(rtloom_command, message, "run", TINY, "-i", operands[0], "-o", "results")


def test_run_refuses_an_unknown_operation(rtloom_command, operands, tmp_path):
    message = "Systolic operation must be gemm or conv2d, not 'gem'"
    refused(rtloom_command, message, "run", TINY, "-i", operands[0], "-o", tmp_path / "out.npz", "--operation", "gem")


def test_run_refuses_bad_parameters(rtloom_command, operands, tmp_path):
    message = "Systolic rows must be an integer from 1 to 256, not 0"
    refused(rtloom_command, message, "run", TINY, "-p", "rows=0", "-i", operands[0], "-o", tmp_path / "out.npz")


def test_read_tensors_turns_arrays_without_axes_into_plain_values(tmp_path):
    np.savez(tmp_path / "in.npz", shift=np.int64(3), padding="same", b=np.ones(2))
    tensors = read_tensors(tmp_path / "in.npz")
    assert tensors["shift"] == 3
    assert type(tensors["shift"]) is int
    assert tensors["padding"] == "same"
    assert tensors["b"].shape == (2,)


def test_whole_file_takes_its_name_only_when_complete(tmp_path):
    path = tmp_path / "result"
    with whole_file(path) as file:
        file.write(b"all")
        assert not path.exists()
    assert path.read_bytes() == b"all"
    with pytest.raises(ValueError, match="closed file"), whole_file(path) as file:
        file.writelines([b"part", file.close()])
    assert path.read_bytes() == b"all"
    assert [entry.name for entry in tmp_path.iterdir()] == ["result"]


def test_whole_file_names_the_thing(tmp_path):
    message = r"^Picture must be a file, and a folder has its name, not '.*'$"
    with pytest.raises(InputError, match=message), whole_file(tmp_path, "Picture") as file:
        file.write(b"never")


@pytest.mark.parametrize("command", [[str(BIN / "rtloom")], [sys.executable, "-m", "rtloom"]], ids=["script", "module"])
def test_real_process_ends_with_one_line(command, tmp_path):
    done = subprocess.run(
        [*command, "run", "systolic-9", "-i", "x", "-o", "y"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("rtloom: error: ")
    assert done.stderr.count("\n") == 1


def test_closed_pipe_is_silent():
    done = subprocess.run(
        ["sh", "-c", f"'{BIN / 'rtloom'}' describe systolic | true"], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""


def test_interrupt_ends_with_130(operands, tmp_path):
    """Ctrl-C while a command works: no traceback."""
    code = (
        "import os, signal, sys, rtloom.verif.simulate as s, rtloom.__main__ as m\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a job in the background ignores it
        "def simulate(*_, **__): os.kill(os.getpid(), signal.SIGINT)\n"
        "s.simulate = simulate\n"
        "sys.argv = ['rtloom', 'run', 'systolic-4x4-int8', '-i', sys.argv[1], '-o', sys.argv[2]]\n"
        "m.main()"
    )
    target = tmp_path / "out.npz"
    done = subprocess.run(
        [sys.executable, "-c", code, operands[0], target], capture_output=True, text=True, check=False
    )
    assert done.returncode == 128 + signal.SIGINT
    assert "Traceback" not in done.stderr
    assert not target.exists()


# Says which process runs and asks this one to end: as soon as it runs, and before anybody has seen it.
RUNNING = "words = ['sh', '-c', 'echo $$ > pid; kill -TERM $PPID; exec sleep 1000']"
STARTING = """
words = ["sleep", "1000"]
class Hasty(subprocess.Popen):
    def __init__(self, *words, **options):
        super().__init__(*words, **options)
        pathlib.Path("pid").write_text(str(self.pid))
        signal.raise_signal(signal.SIGTERM)
subprocess.Popen = Hasty
"""


@pytest.mark.parametrize("when", [RUNNING, STARTING], ids=["running", "starting"])
@pytest.mark.parametrize(
    "tool",
    [
        "p.run_tool('Sleeper', words, limit=1000)",
        "p.watch_tool('Sleeper', words, lambda _: False, limit=1000, directory='.')",
    ],
    ids=["run", "watch"],
)
def test_termination_ends_tools_too(tool, when, operands, tmp_path):
    """A request to end reaches what runs in a session of its own, which would go on for an hour otherwise."""
    code = (
        "import pathlib, signal, subprocess, rtloom.verif.simulate as s, rtloom.__main__ as m, rtloom.processes as p\n"
        f"{when}\ns.simulate = lambda *_, **__: {tool}\nm.main()"
    )
    words = [sys.executable, "-c", code, "run", TINY, "-i", operands[0], "-o", "out.npz"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (128 + signal.SIGTERM, "")
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("verilog", TINY), "Missing option '--output' / '-o' (rtloom verilog --help explains)"),
        (("verilogg", TINY), "No such command 'verilogg'. Did you mean 'verilog', 'version'? (rtloom --help explains)"),
        (("run", TINY, "--nope"), "No such option: --nope (Possible options: --input) (rtloom run --help explains)"),
        (("describe",), "Missing argument 'FAMILY' (rtloom describe --help explains)"),
    ],
)
def test_words_that_the_command_does_not_know_are_one_line(rtloom_command, arguments, message):
    refused(rtloom_command, message, *arguments)


def test_no_words_at_all_get_help(rtloom_command):
    assert rtloom_command().out == rtloom_command("--help").out
