"""What all tests share: patient hypothesis settings and the command run in this process."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Builds of simulators make single examples slow on a shared machine; that is no fault of the example.
settings.register_profile("shared", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")


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
