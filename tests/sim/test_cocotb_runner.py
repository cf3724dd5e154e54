"""Running cocotb test modules: results, what is kept after a failure, and modules that cannot be run."""

import re
from pathlib import Path

import pytest

from rtloom.errors import InputError, ToolError
from rtloom.sim.cocotb_runner import run_cocotb

from .designs import scale

BENCH = Path(__file__).with_name("scale_bench.py")
HELLO = {"GREETING": "hello"}


def test_a_module_that_passes_keeps_no_waves(tmp_path):
    results, waves = tmp_path / "new" / "results.xml", tmp_path / "waves.vcd"
    result = run_cocotb(scale(), "scale", BENCH, env=HELLO, results=results, waves=waves)
    assert result.passed
    assert [(test.name, test.failure, test.skipped) for test in result.tests] == [
        ("triples", "", False),
        ("never", "", True),
    ]
    assert result.failures == ()
    assert (result.results, result.waves, result.log_file) == (results, None, None)
    assert "<testsuites" in results.read_text()
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["new", "results.xml"]


def test_a_failure_keeps_log_and_waves(tmp_path):
    results, waves = tmp_path / "results.xml", tmp_path / "waves.vcd"
    env = HELLO | {"FACTOR": "4"}
    result = run_cocotb(scale(), "scale", "scale_bench", env=env, results=results, waves=waves, search=[BENCH.parent])
    assert not result.passed
    assert [(test.name, test.failure) for test in result.failures] == [("triples", "wrong product")]
    assert "wrong product" in result.log
    assert result.log_file.read_text() == result.log
    assert "m_axis_c_tvalid" in result.waves.read_text()


def test_no_test_run_is_no_pass():
    result = run_cocotb(scale(), "scale", BENCH, env={"COCOTB_TEST_FILTER": "nothing"})
    assert not result.passed
    assert result.tests == result.failures == ()


def test_a_module_that_cannot_be_run(tmp_path):
    with pytest.raises(InputError, match=r"^Test module must be a file that exists, not 'none\.py'$"):
        run_cocotb(scale(), "scale", Path("none.py"))
    with pytest.raises(ToolError, match=r"^cocotb must run no_such_bench, but .*no_such_bench"):
        run_cocotb(scale(), "scale", "no_such_bench")
    broken = tmp_path / "broken_bench.py"
    broken.write_text("import cocotb\nraise ValueError('not today')\n")
    with pytest.raises(ToolError, match=r"^cocotb must run broken_bench, but ValueError: not today$"):
        run_cocotb(scale(), "scale", broken)


def test_a_bench_that_hangs(tmp_path):
    endless = tmp_path / "endless_bench.py"
    endless.write_text("import cocotb\n@cocotb.test()\nasync def run(dut):\n    while True:\n        pass\n")
    message = "cocotb simulation must finish within 3 seconds, but was still running"
    with pytest.raises(ToolError, match=f"^{re.escape(message)}$"):
        run_cocotb(scale(), "scale", endless, limit=3.0)


def test_bad_waves_are_refused_before_anything_runs():
    with pytest.raises(InputError, match=r"^Trace file must end in \.fst, \.vcd or \.saif, not 'x\.bin'$"):
        run_cocotb("nothing", "scale", BENCH, waves=Path("x.bin"))
