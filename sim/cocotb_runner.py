"""Run a cocotb test module on a design in Verilator: build, run, read the results, keep what explains a failure."""

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree as ET

import cocotb_tools.config as cocotb
import find_libpython

from ..errors import ToolError, must
from ..processes import Finished, run_tool
from .build import BuildOptions, Verilog, build_cocotb
from .waves import wave_format

__all__ = ["CocotbResult", "CocotbTest", "run_cocotb"]

RUN_LIMIT = 1800.0
"""Seconds that the simulation may take, if the caller does not say."""


@dataclass(frozen=True)
class CocotbTest:
    """How one test function ended: `failure` is empty where it passed or was skipped, else its first line of error."""

    name: str
    failure: str
    skipped: bool
    seconds: float


@dataclass(frozen=True)
class CocotbResult:
    """How a test module ended.

    Parameters
    ----------
    passed
        Whether tests were run and none failed.
    tests
        All of them in the order of their run.
    failures
        Those that failed.
    log
        All that simulator and tests printed.
    results, waves, log_file
        Files that were kept, if asked for: JUnit XML, and after a failure the waveform and the log.
    """

    passed: bool
    tests: tuple[CocotbTest, ...]
    failures: tuple[CocotbTest, ...]
    log: str
    results: Path | None = None
    waves: Path | None = None
    log_file: Path | None = None


def run_cocotb(
    verilog: Verilog,
    top: str,
    test_module: str | Path,
    *,
    env: Mapping[str, str] | None = None,
    results: Path | None = None,
    waves: Path | None = None,
    options: BuildOptions | None = None,
    search: Sequence[Path] = (),
    seed: int = 1,
    limit: float = RUN_LIMIT,
) -> CocotbResult:
    """Build a design if need be and run a test module on it.

    Parameters
    ----------
    verilog, top
        The design, and its top module.
    test_module
        Name of a module that can be imported, or its file.
    env
        Variables added to the environment of the tests; ``COCOTB_TEST_FILTER`` for example.
    results
        File for the JUnit XML; after a failure the log is put beside it with the suffix ``.log``.
    waves
        File for the waveform of a failed run, ``.fst``, ``.vcd`` or ``.saif``. The run is then repeated with tracing,
        so that runs without a failure are quick; same seed, same run. The file is not written if all is well.
    options
        What is built into the simulator.
    search
        Folders to be searched for modules before those of this process.
    seed
        Of cocotb's random numbers and of registers without initial value.
    limit
        Seconds that the simulation may take.

    Raises
    ------
    InputError
        Where the module's file is missing or the waveform's suffix unknown.
    CheckError
        Where Verilator rejects the design.
    ToolError
        Where a tool is missing, crashes or hangs, or the module cannot be run at all.
    """
    form = None if waves is None else wave_format(waves)
    name, folders = _locate(test_module, search)
    options = options or BuildOptions()
    settings = _environment(top, name, folders, seed) | dict(env or {})
    with TemporaryDirectory(prefix="rtloom-cocotb-") as folder:
        program = build_cocotb(verilog, top, options)
        result = _run(program, Path(folder), settings, seed, limit, ())
        if results is not None:
            result = _keep(result, Path(folder), results)
        if waves is not None and not result.passed:
            tracing = build_cocotb(verilog, top, replace(options, trace=form))
            file = Path(folder) / f"waves.{form}"
            _run(tracing, Path(folder), settings, seed, limit, ("--trace", "--trace-file", str(file)))
            waves.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(file, waves)
            result = replace(result, waves=waves)
    return result


def _locate(test_module: str | Path, search: Sequence[Path]) -> tuple[str, list[Path]]:
    """Return the module's name and the folders in which it is looked for."""
    folders = [path.resolve() for path in search]
    if not isinstance(test_module, Path):
        return test_module, folders
    if not test_module.is_file():
        raise must("Test module", "be a file that exists", str(test_module))
    return test_module.stem, [test_module.resolve().parent, *folders]


def _environment(top: str, module: str, folders: Sequence[Path], seed: int) -> dict[str, str]:
    """Return the environment in which the executable finds Python, cocotb and the tests."""
    library = find_libpython.find_libpython()
    if library is None:
        raise ToolError("Python must have a shared library to run inside a simulator: apt install libpython3-dev")
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([*map(str, folders), *(path or str(Path.cwd()) for path in sys.path)]),
        "PYGPI_PYTHON_BIN": sys.executable,
        "GPI_USERS": f"{library};{cocotb.pygpi_entry_point()}",
        "COCOTB_TOPLEVEL": top,
        "COCOTB_TEST_MODULES": module,
        "COCOTB_RANDOM_SEED": str(seed),
        "COCOTB_ANSI_OUTPUT": "0",
        "COCOTB_TRUST_INERTIAL_WRITES": "1",
        "TOPLEVEL_LANG": "verilog",
    }


def _run(
    program: Path, folder: Path, settings: Mapping[str, str], seed: int, limit: float, arguments: Sequence[str]
) -> CocotbResult:
    """Run the executable once and read its results."""
    file = folder / "results.xml"
    file.unlink(missing_ok=True)
    # Seeds of Verilator are 31 bits and not 0.
    random = ["+verilator+rand+reset+2", f"+verilator+seed+{seed % (2**31 - 1) + 1}"]
    finished = run_tool(
        "cocotb simulation",
        [program, *arguments, *random],
        limit=limit,
        env={**settings, "COCOTB_RESULTS_FILE": str(file)},
        directory=folder,
    )
    if not file.is_file():
        raise ToolError(f"cocotb must run {settings['COCOTB_TEST_MODULES']}, but {_last_words(finished)}")
    tests = _tests(file)
    failures = tuple(test for test in tests if test.failure)
    ran = any(not test.skipped for test in tests)
    return CocotbResult(ran and not failures and finished.status == 0, tests, failures, finished.output)


def _tests(file: Path) -> tuple[CocotbTest, ...]:
    """Read the tests of the JUnit file."""
    return tuple(_test(case) for case in ET.ElementTree(file=str(file)).iter("testcase"))


def _test(case: ET.Element) -> CocotbTest:
    """Read one test of the JUnit file."""
    failure = case.find("failure")
    if failure is None:
        failure = case.find("error")
    text = ""
    if failure is not None:
        words = failure.get("error_msg") or failure.get("message") or failure.text or "failed without a message"
        text = words.strip().splitlines()[0]
    return CocotbTest(case.get("name", ""), text, case.find("skipped") is not None, float(case.get("time") or 0))


def _last_words(finished: Finished) -> str:
    """Say why there are no results: the exception, or how the process ended."""
    lines = [line.strip() for line in finished.output.splitlines() if line.strip()]
    errors = [line for line in lines if "Error" in line]
    return (errors or lines or [f"it ended with status {finished.status} and no word"])[-1][:300]


def _keep(result: CocotbResult, folder: Path, results: Path) -> CocotbResult:
    """Move the JUnit file where the user wants it, and after a failure write the log beside it."""
    results.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(folder / "results.xml", results)
    log_file = None
    if not result.passed:
        log_file = results.with_suffix(".log")
        log_file.write_text(result.log)
    return replace(result, results=results, log_file=log_file)
