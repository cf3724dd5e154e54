"""What a comparison of engines found."""

from dataclasses import dataclass
from typing import Any

from ...errors import CheckError
from ...figures import Figure
from .differences import Difference
from .trace import EngineResult

__all__ = ["DifferentialReport"]


@dataclass(frozen=True)
class DifferentialReport:
    """One stimulus on several engines.

    Parameters
    ----------
    design
        Its name.
    seed
        Of data and stalls.
    engines
        What ran.
    skipped
        Engine -> why it did not run.
    runs, of
        Runs of the stimulus, and how many the bench has.
    beats, cycles
        Output beats that were compared, and cycles that Verilator took, over all runs.
    differences
        None where all agree.
    seconds
        Wall-clock time, building included.
    """

    design: str
    seed: int
    engines: tuple[EngineResult, ...]
    skipped: dict[str, str]
    runs: int
    of: int
    beats: int
    cycles: int
    differences: tuple[Difference, ...]
    seconds: float

    @property
    def agree(self) -> bool:
        """Whether all engines that ran and the golden model say the same."""
        return not self.differences

    def require(self) -> "DifferentialReport":
        """Return the report, or raise `CheckError` with the first difference."""
        if not self.agree:
            raise CheckError(f"{self.design} must be the same on every engine, but {self.differences[0]}")
        return self

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as ``--json`` prints them."""
        return {
            "report": "differential",
            "design": self.design,
            "seed": self.seed,
            "agree": self.agree,
            "engines": [_engine(result) for result in self.engines],
            "skipped": self.skipped,
            "runs": Figure(self.runs, "runs", "rtl-sim").to_dict(),
            "runs_of_the_bench": Figure(self.of, "runs", "exact").to_dict(),
            "beats": Figure(self.beats, "beats", "rtl-sim").to_dict(),
            "cycles": Figure(self.cycles, "cycles", "rtl-sim").to_dict(),
            "differences": [difference.to_dict() | {"text": str(difference)} for difference in self.differences],
            "seconds": Figure(self.seconds, "s", "measured").to_dict(),
        }

    def __str__(self) -> str:
        names = ", ".join(result.name for result in self.engines)
        verdict = "all agree with the golden model" if self.agree else f"{len(self.differences)} differences"
        left = "".join(f"; {name} not run: {reason}" for name, reason in self.skipped.items())
        return (
            f"{self.design} on {names}: {verdict} in {self.runs} of {self.of} runs, {self.beats} beats, "
            f"{self.cycles} cycles; {self.seconds:.1f} s (measured){left}"
        )


def _engine(result: EngineResult) -> dict[str, Any]:
    """Return an engine as plain values."""
    return {
        "name": result.name,
        "title": result.title,
        "build": Figure(result.build_seconds, "s", "measured").to_dict(),
        "run": Figure(result.run_seconds, "s", "measured").to_dict(),
        "notes": list(result.notes),
    }
