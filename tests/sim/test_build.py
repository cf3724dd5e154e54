"""Building simulators: each once, whole or not at all, and a clear line where a design or tool is broken."""

import os
import re
import threading
import time
from pathlib import Path

import pytest

from rtloom.errors import CheckError, InputError, ToolError
from rtloom.processes import Finished, run_tool
from rtloom.sim import build, runtime, store, verilate
from rtloom.sim.build import BuildOptions, build_cocotb, build_native
from rtloom.sim.quicken import quicken
from rtloom.sim.store import clean, digest, once, prune

from .designs import scale


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Give an empty cache."""
    monkeypatch.setenv("RTLOOM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "sim"


def new_design():
    return f"{scale()}// {time.time_ns()}\n"


def test_a_design_is_built_once():
    text = new_design()
    first = build_native(text, "scale")
    changed = first.stat().st_mtime_ns
    assert build_native(text, "scale") == first
    assert first.stat().st_mtime_ns == changed
    assert [path.name for path in first.parent.iterdir()] == ["model.so"]


def test_what_is_built_in_makes_another_model():
    text = new_design()
    options = [None, BuildOptions(trace="vcd"), BuildOptions(optimise=0)]
    assert len({build_native(text, "scale", option) for option in options}) == 3


def test_a_large_design_is_compiled_in_pieces(monkeypatch):
    from rtloom.sim.native import NativeModel

    from .designs import MANIFEST, beats

    units = []
    compile_unit = build._compile_unit
    monkeypatch.setattr(build, "_compile_unit", lambda *job: units.append(job[-1].name) or compile_unit(*job))
    NativeModel(new_design(), MANIFEST)
    assert len(units) == 1
    monkeypatch.setattr(build, "UNIT_BYTES", 1000)
    monkeypatch.setattr(build, "TOGETHER_BYTES", 1000)
    sent = beats(9)
    result = NativeModel(new_design(), MANIFEST).run({"a": sent}, {"c": 9})
    assert len(units) > 4
    assert (result.outputs["c"]["data"] == 3 * sent["data"]).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trace": "lxt"}, "Simulator trace must be vcd, fst or saif, not 'lxt'"),
        ({"coverage": ("lines",)}, "Simulator coverage must be among line, toggle, expr, user, not 'lines'"),
        ({"optimise": 4}, "Simulator optimise must be an integer from 0 to 3, not 4"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        BuildOptions(**options)


def test_bad_files():
    with pytest.raises(InputError, match=r"^Verilog file must exist, not 'none\.v'$"):
        build_native(Path("none.v"), "scale")
    with pytest.raises(InputError, match=r"^Verilog must be given: text or at least one file$"):
        build_native([], "scale")


def test_a_broken_design_is_refused_with_its_first_error():
    message = "Verilog of scale must be accepted by Verilator, but: scale.v:25:1: syntax error, unexpected"
    with pytest.raises(CheckError, match=f"^{message}"):
        build_native(scale("syntax"), "scale")


def test_a_wrong_top_is_refused():
    with pytest.raises(CheckError, match=r"^Verilog of nothing must be accepted by Verilator, but: .*nothing"):
        build_cocotb(scale(), "nothing")


def fake_compiler(tmp_path, monkeypatch, script):
    program = tmp_path / "fake++"
    program.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo fake {time.time_ns()} && exit 0\n{script}\n')
    program.chmod(0o755)
    monkeypatch.setenv("CXX", str(program))


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (
            "echo 'x.h:1: error: no such luck'; exit 1",
            "must succeed, but ended with status 1: x.h:1: error: no such luck",
        ),
        ("kill -KILL $$", "must succeed, but was ended by SIGKILL"),
        ("while :; do :; done", "must finish within 0.3 seconds, but was still running"),
    ],
)
def test_a_compiler_that_fails_leaves_nothing_behind(cache, tmp_path, monkeypatch, script, message):
    fake_compiler(tmp_path, monkeypatch, script)
    monkeypatch.setattr(runtime, "COMPILE_LIMIT", 0.3)
    with pytest.raises(ToolError, match=rf"^C\+\+ compiler {re.escape(message)}$"):
        build_native(scale(), "scale")
    assert not [path for path in cache.rglob("*") if path.is_file()]


def test_verilator_that_hangs_or_crashes(monkeypatch):
    monkeypatch.setattr(verilate, "VERILATE_LIMIT", 0.0)
    with pytest.raises(ToolError, match=r"^Verilator must finish within 0 seconds, but was still running$"):
        build_native(new_design(), "scale")
    crash = Finished(-11, "")
    assert str(verilate._rejected("scale", crash)) == "Verilator must succeed, but was ended by SIGSEGV"


def test_a_library_that_cannot_be_loaded(tmp_path):
    from rtloom.sim.shim_types import load_library

    (tmp_path / "model.so").write_text("no library")
    with pytest.raises(ToolError, match=r"^Model must be a library that can be loaded: "):
        load_library(tmp_path / "model.so")


def test_once_builds_in_one_thread_and_leaves_no_half(cache):
    calls = []

    def make(folder):
        calls.append(threading.get_ident())
        time.sleep(0.05)
        (folder / "x").write_text("done")

    threads = [threading.Thread(target=once, args=("model", "abc", make)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    assert (cache / "model" / "abc" / "x").read_text() == "done"

    def fail(folder):
        (folder / "x").write_text("half")
        raise ToolError("no")

    with pytest.raises(ToolError):
        once("model", "def", fail)
    assert [path.name for path in (cache / "model").iterdir()] == ["abc"]
    assert not list((cache / "lock").iterdir())


def test_someone_elses_result_is_as_good(cache):
    def make(folder):
        (folder / "x").write_text("ours")
        (cache / "model" / "abc").mkdir()
        (cache / "model" / "abc" / "x").write_text("theirs")

    assert (once("model", "abc", make) / "x").read_text() == "theirs"


def test_prune_deletes_what_was_unused_longest(cache):
    for age, name in enumerate("abcd"):
        folder = once("model", name, lambda folder: (folder / "x").write_bytes(bytes(100)))
        os.utime(folder, (1000 - age, 1000 - age))
    half = cache / "model" / ".work-1"
    half.mkdir()
    os.utime(half, (1000, 1000))
    once("model", "d", lambda folder: None)
    assert prune(200) == 200
    assert sorted(path.name for path in (cache / "model").iterdir()) == ["a", "d"]
    assert prune() == 0
    assert clean() == 200
    assert not cache.exists()


def test_digest_tells_parts_apart():
    assert digest("ab", "c") != digest("a", "bc")
    assert digest(b"x") == digest(b"x")
    assert store.LIMIT_BYTES > 1 << 30


EXTENSION = """x = ((((- (IData)((1U
       & ((IData)(vlSelfRef.__PVT__p) >> 0x0000000fU))))
      << 0x00000010U)
     | (IData)(vlSelfRef.__PVT__p)) + y);"""


def test_sign_extension_is_recognised():
    assert quicken(EXTENSION) == "x = ((VL_EXTENDS_II(32,16, (IData)(vlSelfRef.__PVT__p))) + y);"


@pytest.mark.parametrize(
    "changed",
    [
        EXTENSION.replace("0x0000000fU", "0x0000000eU"),
        EXTENSION.replace("| (IData)(vlSelfRef.__PVT__p))", "| (IData)(vlSelfRef.__PVT__q))"),
        EXTENSION.replace("| (IData)(vlSelfRef.__PVT__p))", "| vlSelfRef.__PVT__p[1])"),
        EXTENSION.replace("0fU", "1fU").replace("10U", "20U"),
    ],
)
def test_what_is_no_sign_extension_stays(changed):
    assert changed != EXTENSION
    assert quicken(changed) == changed


def test_signed_arithmetic_is_verilogs(tmp_path):
    """Exhaustive over 6 bits: the quick forms against Verilator's own, in a program."""
    from rtloom.sim.verilator import find_compiler, find_verilator

    source = tmp_path / "check.cpp"
    source.write_text(
        """#include "verilated.h"
static IData extend(int bits, IData x) { return VL_EXTENDS_II(32, bits, x); }
static IData multiply(int bits, IData x, IData y) { return VL_MULS_III(bits, x, y); }
#include "signed.h"
int main() {
    for (int bits = 1; bits <= 32; ++bits)
        for (IData x = 0; x < 64; ++x)
            for (IData y = 0; y < 64; ++y) {
                const IData top = bits < 32 ? (1u << bits) - 1 : ~0u;
                const IData u = (x * 0x0f0f0f1bu) & top, v = (y * 0x9e3779b1u) & top;
                if (extend(bits, u) != VL_EXTENDS_II(32, bits, u)) return 1;
                if (multiply(bits, u, v) != VL_MULS_III(bits, u, v)) return 2;
            }
}
"""
    )
    include = [f"-I{find_verilator().include}", f"-I{Path(build.__file__).parent}"]
    command = [*find_compiler().command, "-std=gnu++20", "-O1", *include, "-o", tmp_path / "check", source]
    assert run_tool("C++ compiler", command, limit=120).status == 0
    assert run_tool("check", [tmp_path / "check"], limit=60).status == 0
