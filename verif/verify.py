"""Run the bench on a design and report every scenario in words."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import CheckError

__all__ = ["Outcome", "VerifyReport", "verify", "verify_design"]


@dataclass(frozen=True)
class Outcome:
    """How one scenario ended: `message` is empty where it passed, else it says in words what was wrong."""

    scenario: str
    message: str

    @property
    def passed(self) -> bool:
        """Whether nothing was wrong."""
        return not self.message


@dataclass(frozen=True)
class VerifyReport:
    """What the bench found.

    Parameters
    ----------
    design
        Name of the design.
    interface
        ``axi`` or ``stream``.
    seed
        Of data and stalls.
    outcomes
        One for each scenario, in order.
    seconds
        Wall-clock seconds, building included.
    junit, waves
        Files that were kept: the test report, and the waveform of the first failure.
    """

    design: str
    interface: str
    seed: int
    outcomes: tuple[Outcome, ...]
    seconds: float
    junit: Path | None = None
    waves: Path | None = None

    @property
    def passed(self) -> bool:
        """Whether every scenario passed."""
        return all(outcome.passed for outcome in self.outcomes)

    @property
    def failures(self) -> tuple[Outcome, ...]:
        """Return the scenarios that failed."""
        return tuple(outcome for outcome in self.outcomes if not outcome.passed)

    def require(self) -> "VerifyReport":
        """Return the report, or raise `CheckError` with the first failure."""
        if not self.passed:
            first = self.failures[0]
            raise CheckError(f"{self.design}, scenario {first.scenario}: {first.message}")
        return self

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as ``--json`` prints them."""
        return {
            "design": self.design,
            "interface": self.interface,
            "seed": self.seed,
            "passed": self.passed,
            "scenarios": {outcome.scenario: outcome.message or "passed" for outcome in self.outcomes},
            "seconds": {"value": self.seconds, "unit": "s", "source": "measured"},
            "junit": None if self.junit is None else str(self.junit),
            "waves": None if self.waves is None else str(self.waves),
        }

    def __str__(self) -> str:
        good = sum(outcome.passed for outcome in self.outcomes)
        return (
            f"{self.design} ({self.interface}, seed {self.seed}): {good} of {len(self.outcomes)} scenarios passed "
            f"in Verilator; {self.seconds:.1f} s (measured)"
        )
