"""What all tests share: patient hypothesis settings and the command run in this process."""

import functools
import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# Builds of simulators make single examples slow on a shared machine; that is no fault of the example.
settings.register_profile("shared", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")


def untraced(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function, during which coverage does not watch: tracing takes as long again as what it watches."""

    @functools.wraps(function)
    def run(*arguments: Any, **options: Any) -> Any:
        trace = sys.gettrace()
        sys.settrace(None)
        try:
            return function(*arguments, **options)
        finally:
            sys.settrace(trace)

    return run


@pytest.fixture(scope="session", autouse=True)
def _untraced_tools() -> Iterator[None]:
    """Let Amaranth and Yosys work without coverage: most of its cost, and nothing of ours runs meanwhile."""
    from amaranth.sim import Simulator

    from rtloom.hdl import rtlil, yosys

    run_tool = yosys.run_tool

    def run_plain(*arguments: Any, **options: Any) -> Any:
        plain = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
        return run_tool(*arguments, env=plain, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rtlil, "build_netlist", untraced(rtlil.build_netlist))
        patch.setattr(rtlil.rtlil.ModuleEmitter, "emit", untraced(rtlil.rtlil.ModuleEmitter.emit))
        patch.setattr(Simulator, "run", untraced(Simulator.run))
        patch.setattr(yosys, "run_tool", run_plain)
        yield


@pytest.fixture
def unwatched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run a test and what it starts without coverage: it repeats at length what others do as well."""
    for name in [name for name in os.environ if name.startswith("COVERAGE_")]:
        monkeypatch.delenv(name)
    trace, threads = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    yield
    threading.settrace(threads)
    sys.settrace(trace)


@dataclass(frozen=True)
class Ran:
    """How a command ended: exit status, standard output and standard error."""

    status: int
    out: str
    err: str


@pytest.fixture
def root() -> Path:
    """Return the folder of the checkout, which is the package itself."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture
def rtloom_command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Return a function that runs ``rtloom`` with some arguments, as a shell would but in this process."""
    from rtloom.__main__ import main

    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["rtloom", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capfd.readouterr()
        return Ran(int(ended.value.code or 0), printed.out, printed.err)

    return run
